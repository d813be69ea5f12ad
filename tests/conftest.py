"""What holds for all tests: a busy machine makes no property false, and figures are shown."""

from __future__ import annotations

import gc
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.terminal import TerminalReporter

_TOLD = "told"

# On top of what Hypothesis chose by itself: under CI=true, the same examples every time.
settings.register_profile(
    "project", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the proofs of whole nodes out among all others: they take a third of the time.

    The processes that share the work begin with equal parts of the list, one after the other.
    """
    proofs = [item for item in items if "proofs" in item.path.parts]
    others = [item for item in items if "proofs" not in item.path.parts]
    if proofs:
        share = len(others) // len(proofs) + 1
        rest = iter(others)
        dealt = [part for proof in proofs for part in (proof, *islice(rest, share))]
        items[:] = [*dealt, *rest]


def pytest_collection_finish() -> None:
    """Look for rubbish no more among the thousands of tests, which stay to the end."""
    gc.collect()
    gc.freeze()


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
