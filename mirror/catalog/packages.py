"""mip packages as upstream spells them: names, versions, and the paths of ``/pi/v2``.

A package has documents, one for each ABI and version and one called ``latest`` for each ABI,
and files, which stand under the first eight hex digits of their SHA-256.  Everything here is
checked when it is made, so that nothing foreign becomes part of a path or a URL unseen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from mirror.errors import MalformedValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

LATEST: Final = "latest"
ABIS: Final = ("6", "py")
"""Bytecode and source: the ABIs of a package whose entry names none."""

PACKAGES_FOLDER: Final = "pi/v2/"
INDEX_PATH: Final = "/pi/v2/index.json"

_LONGEST_NAME: Final = 100
_LONGEST_VERSION: Final = 64
_LONGEST_PATH: Final = 200
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*(?:[.+-][A-Za-z0-9_]+)*")
_ABI: Final = re.compile(r"[a-z0-9]{1,8}")
_HASH8: Final = re.compile(r"[0-9a-f]{8}")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_.+@-]+")


@dataclass(frozen=True, slots=True, order=True)
class DocumentName:
    """The name of one package document: which package, for which *abi*, in which *version*.

    The version is `LATEST` for the document that upstream replaces.
    """

    package: str
    abi: str
    version: str

    def __post_init__(self) -> None:
        """Refuse what could lead a path or a URL astray."""
        check_name(self.package)
        check_abi(self.abi)
        check_version(self.version)

    @property
    def path(self) -> str:
        """The path under which upstream and every mirror serve it."""
        return f"/pi/v2/package/{self.abi}/{self.package}/{self.version}.json"


@dataclass(frozen=True, slots=True)
class PackageEntry:
    """What the index says of one package; texts are foreign, and on one line each.

    ``version`` is empty for a package that has none; ``versions`` are those of each ABI.
    """

    name: str
    version: str
    author: str
    description: str
    license: str
    path: str
    versions: dict[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        """Refuse names that could lead a path astray."""
        check_name(self.name)
        for abi, versions in self.versions.items():
            check_abi(abi)
            for version in versions:
                check_version(version)

    def documents(self) -> tuple[DocumentName, ...]:
        """Return every document that this entry names, ``latest`` after the versions."""
        return tuple(
            DocumentName(self.name, abi, version)
            for abi in self.versions or dict.fromkeys(ABIS, ())
            for version in (*self.versions.get(abi, ()), LATEST)
        )


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One file of a package: where it goes on a board, and how its SHA-256 begins."""

    path: str
    hash8: str

    def __post_init__(self) -> None:
        """Refuse a path that leaves the folder of libraries, and what is no hash."""
        check_path(self.path)
        check_hash8(self.hash8)


def file_path(hash8: str) -> str:
    """Return the path under which upstream and every mirror serve the file of this hash."""
    return f"/pi/v2/file/{hash8[:2]}/{hash8}"


def is_wanted(name: str, globs: Iterable[str]) -> bool:
    """Whether one of *globs* fits the package called *name*."""
    return any(fnmatchcase(name, glob) for glob in globs)


def check_name(name: str) -> None:
    """Raise `MalformedValueError` for what is no name of a package."""
    if len(name) > _LONGEST_NAME or _NAME.fullmatch(name) is None:
        raise MalformedValueError(f"not the name of a package: {name[:80]!r}")


def check_version(version: str) -> None:
    """Raise `MalformedValueError` for what is no version of a package."""
    if len(version) > _LONGEST_VERSION or _VERSION.fullmatch(version) is None:
        raise MalformedValueError(f"not the version of a package: {version[:80]!r}")


def check_abi(abi: str) -> None:
    """Raise `MalformedValueError` for what is no ABI."""
    if _ABI.fullmatch(abi) is None:
        raise MalformedValueError(f"not the ABI of a package: {abi[:80]!r}")


def check_hash8(hash8: str) -> None:
    """Raise `MalformedValueError` for what is not eight hex digits."""
    if _HASH8.fullmatch(hash8) is None:
        raise MalformedValueError(f"not the beginning of a SHA-256: {hash8[:80]!r}")


def check_path(path: str) -> None:
    """Raise `MalformedValueError` for a path that is absolute, leads upwards, or is odd."""
    segments = path.split("/")
    if path.startswith("/") or ".." in segments:
        raise MalformedValueError(f"a path that leaves the folder of libraries: {path[:80]!r}")
    odd = any(_SEGMENT.fullmatch(segment) is None or segment == "." for segment in segments)
    if odd or len(path) > _LONGEST_PATH:
        raise MalformedValueError(f"not the path of a package's file: {path[:80]!r}")
