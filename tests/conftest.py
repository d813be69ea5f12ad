"""What holds for all tests: a busy machine makes no property false, and figures are shown.

Tests of storage and of promises, and whatever runs as a program, have their folders on the
machine's disk; all others in memory.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _pytest.terminal import TerminalReporter

_TESTS: Final = Path(__file__).parent
_TOLD = "told"

# A file system in memory, where the machine has one; a mirror leaves 2 GB of it free.
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folders in it have unforeseeable names
_ENOUGH: Final = 3 << 30
# Which test a process began with, and by how much one is nicer that lets another pass.
_BEGUN: Final = pytest.StashKey[str]()
_NICER: Final = 5
# The rooms that are about the disk itself.
_ON_DISK: Final = frozenset({"storage", "proofs"})

# On top of what Hypothesis chose by itself: under CI=true, the same examples every time.
settings.register_profile(
    "project", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")

# Until all tests are collected nothing that is made is rubbish: looking for it is a seventh.
gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the proofs of whole nodes out among all others: they take a third of the time.

    The processes that share the work begin with equal parts of the list, one after the other.
    One of them begins with the longest, which the others let pass.
    """
    proofs = [item for item in items if "proofs" in item.path.parts]
    proofs.sort(key=lambda item: not _is_longest(item))
    others = [item for item in items if "proofs" not in item.path.parts]
    if proofs:
        share = len(others) // len(proofs) + 1
        rest = iter(others)
        dealt = [part for proof in proofs for part in (proof, *islice(rest, share))]
        items[:] = [*dealt, *rest]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let the longest proof pass: who shares the work and began otherwise is nicer than it.

    It does one thing after the other, and would take twice its time beside three others.
    """
    if _BEGUN not in item.config.stash:
        item.config.stash[_BEGUN] = item.nodeid
        shares = "PYTEST_XDIST_WORKER" in os.environ
        if shares and not _is_longest(item) and any(map(_is_longest, item.session.items)):
            os.nice(_NICER)


def _is_longest(item: pytest.Item) -> bool:
    return item.path.name == "test_history.py"


def pytest_collection_finish() -> None:
    """Look for rubbish no more among the thousands of tests, which stay to the end."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture
def tmp_path(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Give a folder of the test's own, in memory where the test is about what stands on a store.

    A store has 267 folders, and thousands of stores come and go: on a disk they took a third of
    the processor time of such tests, and most of the time by the clock.
    """
    node = request.node
    if _stays_on_disk(node):
        place = tmp_path_factory.getbasetemp()
        yield Path(tempfile.mkdtemp(prefix=f"{request.function.__name__[:20]}-", dir=place))
        return
    folder = tempfile.mkdtemp(prefix="mpmirror-", dir=_MEMORY)
    yield Path(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _stays_on_disk(node: pytest.Item) -> bool:
    apart = any(node.get_closest_marker(name) for name in ("programs", "long", "clients"))
    room = node.path.relative_to(_TESTS).parts[0]
    return apart or room in _ON_DISK or _is_scarce()


@cache
def _is_scarce() -> bool:
    return not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ENOUGH


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """What to call with a figure that everybody shall see, whether the test passes or not."""

    def told(figure: str) -> None:
        record_property(_TOLD, figure)

    return told


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Show the figures at the end; also those of other processes (xdist)."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    told = [str(text) for one in reports for key, text in one.user_properties if key == _TOLD]
    if told:
        terminalreporter.section("measured")
        for figure in told:
            terminalreporter.write_line(figure)
