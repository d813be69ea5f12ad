"""MicroPython itself, with sockets of its own, installs from the mirror: `mip` on the board.

It is the unix port, unmodified, with the `mip` and the `requests` that are frozen into it.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

import pytest

from tests.clients.lab import URL, environment, run
from tests.clients.prepare import is_for_this_machine, python_of

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.clients.lab import Lab

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(
        not is_for_this_machine("micropython"), reason="no package of it for this processor"
    ),
]
_INDEX: Final = f"{URL}/pi/v2"


def micropython(home: Path, *lines: str) -> CompletedProcess[str]:
    """Run *lines* on a board whose flash is *home*."""
    program = python_of("micropython").with_name("micropython")
    return run(program, "-c", "\n".join(lines), env=environment(home), folder=home)


@pytest.mark.parametrize(("abi", "mpy"), [("6", "True"), ("py", "False")])
def test_three_packages_are_installed_and_imported_by_the_board(
    lab: Lab, home: Path, abi: str, mpy: str
) -> None:
    """Each file on the board is the one that the package names, and each module comes from it."""
    names = lab.packages()
    installed = micropython(
        home, "import mip", *(f"mip.install({name!r}, {_INDEX!r}, mpy={mpy})" for name in names)
    )
    imported = micropython(
        home, *(f"import {name}; print({name}.__file__)" for name in names), "print('all')"
    )

    assert (installed.returncode, installed.stdout.count("Done")) == (0, 3), installed.stdout
    flash = home / ".micropython" / "lib"
    assert imported.stdout.splitlines()[-1:] == ["all"], imported.stdout + imported.stderr
    assert all(line.startswith(str(flash)) for line in imported.stdout.splitlines()[:-1])
    for name in names:
        package = json.loads(lab.get(f"/pi/v2/package/{abi}/{name}/latest.json"))
        for path, prefix in package["hashes"]:
            content = (flash / path).read_bytes()
            assert hashlib.sha256(content).hexdigest().startswith(prefix), path


def test_a_package_that_is_not_there_is_said_and_leaves_nothing(lab: Lab, home: Path) -> None:
    """No page of an error ends up as a module."""
    del lab
    failed = micropython(home, "import mip", f"mip.install('no-such-package', {_INDEX!r})")

    assert "not found" in failed.stdout.lower()
    assert [path for path in home.rglob("*") if path.is_file()] == []
