"""The locked requirements, as far as they hold for one interpreter: no I/O here.

pip takes the markers of a file of requirements by the interpreter that it runs on, whatever it is
asked to download for; so they are decided here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Locked:
    """One requirement with the SHA-256 of each file that may come for it."""

    requirement: str
    hashes: tuple[str, ...]

    @property
    def parsed(self) -> Requirement:
        """The requirement."""
        return Requirement(self.requirement)

    @property
    def text(self) -> str:
        """The lines as pip takes them."""
        return _lines(self.requirement, self.hashes)

    def holds(self, platform: str, python: str) -> bool:
        """Whether it is one for Linux on *platform* with *python*, a version of three numbers."""
        marker = self.parsed.marker
        return marker is None or marker.evaluate(
            {
                "sys_platform": "linux",
                "platform_system": "Linux",
                "os_name": "posix",
                "platform_machine": platform,
                "implementation_name": "cpython",
                "platform_python_implementation": "CPython",
                "python_version": python.rpartition(".")[0],
                "python_full_version": python,
                "implementation_version": python,
            }
        )

    def without_marker(self) -> str:
        """Return its lines for one interpreter, for which it is known to hold."""
        one = self.parsed
        return _lines(f"{one.name}{one.specifier}", self.hashes)

    def only(self, held: Container[str]) -> Locked:
        """Return it with those of its hashes that are *held*."""
        return Locked(self.requirement, tuple(one for one in self.hashes if one in held))


def read_locked(text: str) -> tuple[Locked, ...]:
    """Read a file of requirements with hashes, as `make lock` writes it."""
    joined = text.replace("\\\n", " ")
    return tuple(
        Locked(line.split("--hash=")[0].strip(), tuple(_HASH.findall(line)))
        for line in joined.splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    )


def of(locked: Iterable[Locked], platform: str, python: str) -> str:
    """Return the requirements of one interpreter, as pip takes them."""
    return "".join(one.without_marker() for one in locked if one.holds(platform, python))


def _lines(requirement: str, hashes: Iterable[str]) -> str:
    return " \\\n    ".join([requirement, *(f"--hash=sha256:{one}" for one in hashes)]) + "\n"
