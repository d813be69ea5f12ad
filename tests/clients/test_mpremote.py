"""mpremote installs packages from the mirror's index onto a board, and the board imports them."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from tests.clients.lab import URL, environment, run
from tests.clients.prepare import HERE, modules, python_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.clients.lab import Lab

pytestmark = pytest.mark.clients
_LISTEN: Final = "9999"
_INDEX: Final = f"{URL}/pi/v2"


@contextmanager
def board(home: Path) -> Iterator[tuple[str, ...]]:
    """Have a board until the block ends; give how mpremote is told to talk to it."""
    program = HERE / "programs" / "wasm_board.mjs"
    process = subprocess.Popen(  # noqa: S603 - a program of the tests
        ["node", str(program), str(modules().parent), _LISTEN],  # noqa: S607 - as installed
        env=environment(home),
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        mpremote = str(python_of("mpremote").with_name("mpremote"))
        yield mpremote, "connect", f"socket://127.0.0.1:{_LISTEN}"
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.parametrize("words", [(), ("--no-mpy",)], ids=["bytecode", "source"])
def test_packages_come_and_can_be_imported(lab: Lab, home: Path, words: tuple[str, ...]) -> None:
    """Three packages from the mirror's index, and the board imports each of them."""
    names = lab.packages()
    assert len(names) == 3
    env = environment(home)
    with board(home) as mpremote:
        installed = run(*mpremote, "mip", "install", *words, "--index", _INDEX, *names, env=env)
        assert installed.returncode == 0, installed.stdout + installed.stderr
        kept = run(*mpremote, "resume", "fs", "ls", ":/lib", env=env)
        for name in names:
            module = name.partition("-")[0]
            imported = run(*mpremote, "resume", "exec", f"import {module}; print('here')", env=env)
            assert "here" in imported.stdout, (kept.stdout, imported.stdout + imported.stderr)


def test_a_package_that_is_not_there_is_a_clean_failure(lab: Lab, home: Path) -> None:
    """Status 1 and a sentence."""
    del lab
    with board(home) as mpremote:
        failed = run(
            *mpremote, "mip", "install", "--index", _INDEX, "no-such-package", env=environment(home)
        )

    assert failed.returncode == 1
    assert "not found" in (failed.stdout + failed.stderr).lower()
