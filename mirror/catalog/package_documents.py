"""Read upstream's package index and package documents: foreign JSON, within bounds.

What is whole and has one odd entry is taken without that entry, which is named; a document
that is cut, of another format, or asks clients to fetch from somewhere else is refused.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from mirror.catalog.model import Problem
from mirror.catalog.packages import (
    LATEST,
    PackageEntry,
    PackageFile,
    check_name,
    check_version,
)
from mirror.catalog.texts import one_line
from mirror.errors import DocumentRefusedError, MalformedValueError
from mirror.frozen import dataclass

MOST_PACKAGES: Final = 5000
MOST_VERSIONS: Final = 1000
MOST_ABIS: Final = 16
MOST_FILES: Final = 2000

_INDEX_FORMAT: Final = 2
_PACKAGE_FORMAT: Final = 1
_LONGEST_TEXT: Final = 2000
_MOST_PROBLEMS: Final = 200
_LATEST_TIME: Final = 1 << 40


@dataclass(frozen=True, slots=True)
class PackageIndex:
    """The packages that upstream lists, by name once each; ``updated`` is its Unix time."""

    updated: int
    packages: tuple[PackageEntry, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class PackageContent:
    """What one package document says: its version (it may be empty) and its files."""

    version: str
    files: tuple[PackageFile, ...]
    deps: tuple[tuple[str, str], ...] = ()


def read_package_index(data: bytes, url: str) -> PackageIndex:
    """Read the index found at *url*; raise `DocumentRefusedError`."""
    index = _object(data, url)
    if index.get("v") != _INDEX_FORMAT:
        raise DocumentRefusedError(f"{url}: not an index of format {_INDEX_FORMAT}")
    listed, updated = index.get("packages"), index.get("updated", 0)
    if not isinstance(listed, list) or len(listed) > MOST_PACKAGES:
        raise DocumentRefusedError(f"{url}: no list of up to {MOST_PACKAGES} packages")
    if not _is_number(updated) or not 0 <= updated < _LATEST_TIME:
        raise DocumentRefusedError(f"{url}: a time of {str(updated)[:80]!r}")
    packages: dict[str, PackageEntry] = {}
    problems: list[Problem] = []
    for one in listed:
        try:
            entry = _entry(one)
        except MalformedValueError as error:
            problems.append(Problem("odd-package", one_line(str(error), 200), url))
            continue
        if entry.name in packages:
            raise DocumentRefusedError(f"{url}: lists the package {entry.name} twice")
        packages[entry.name] = entry
    return PackageIndex(updated, tuple(packages.values()), tuple(problems[:_MOST_PROBLEMS]))


def read_package(data: bytes, url: str) -> PackageContent:
    """Read the package document found at *url*; raise `DocumentRefusedError`."""
    document = _object(data, url)
    try:
        return _content(document)
    except MalformedValueError as error:
        raise DocumentRefusedError(f"{url}: {one_line(str(error), 500)}") from error


def _content(document: dict[str, Any]) -> PackageContent:
    if document.get("v") != _PACKAGE_FORMAT:
        raise MalformedValueError(f"not a package document of format {_PACKAGE_FORMAT}")
    if document.get("urls"):
        # A client would follow them, to hosts that a room without Internet has not got.
        raise MalformedValueError("it has files fetched from other places (urls)")
    version = _text(document, "version")
    if version:
        check_version(version)
    return PackageContent(
        version=version,
        files=tuple(PackageFile(path, hash8) for path, hash8 in _pairs(document, "hashes")),
        deps=tuple(_dependency(name, version) for name, version in _pairs(document, "deps")),
    )


def _dependency(name: str, version: str) -> tuple[str, str]:
    # "github:…" and the like are no names: a client would leave the mirror for them.
    check_name(name)
    check_version(version or LATEST)
    return name, version


def _pairs(document: dict[str, Any], key: str) -> list[tuple[str, str]]:
    pairs = document.get(key, [])
    if not isinstance(pairs, list) or len(pairs) > MOST_FILES:
        raise MalformedValueError(f"{key} is no list of up to {MOST_FILES} pairs")
    for pair in pairs:
        if not isinstance(pair, list) or [type(part) for part in pair] != [str, str]:
            raise MalformedValueError(f"{key} has something other than pairs of text")
    return [(first, second) for first, second in pairs]


def _entry(one: object) -> PackageEntry:
    if not isinstance(one, dict):
        raise MalformedValueError("an entry that is no object")
    versions = one.get("versions", {})
    if not isinstance(versions, dict) or len(versions) > MOST_ABIS:
        raise MalformedValueError(f"{str(one.get('name'))[:80]!r}: no versions by ABI")
    entry = PackageEntry(
        name=_text(one, "name"),
        version=_text(one, "version"),
        author=_line(one, "author"),
        description=_line(one, "description"),
        license=_line(one, "license"),
        path=_line(one, "path"),
        versions={abi: _versions(abi, listed) for abi, listed in versions.items()},
    )
    if entry.version:
        check_version(entry.version)
    return entry


def _versions(abi: str, listed: object) -> tuple[str, ...]:
    if not isinstance(listed, list) or len(listed) > MOST_VERSIONS:
        raise MalformedValueError(f"no list of up to {MOST_VERSIONS} versions for {abi[:80]!r}")
    if any(not isinstance(version, str) for version in listed):
        raise MalformedValueError(f"a version for {abi[:80]!r} that is no text")
    # A list that names one twice, or names what is always there, says nothing new.
    return tuple(dict.fromkeys(version for version in listed if version != LATEST))


def _text(document: dict[str, Any], key: str) -> str:
    text = document.get(key, "")
    if not isinstance(text, str):
        raise MalformedValueError(f"{key} is no text")
    return text


def _line(document: dict[str, Any], key: str) -> str:
    return one_line(_text(document, key), _LONGEST_TEXT)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _object(data: bytes, url: str) -> dict[str, Any]:
    try:
        document = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_refuse_repeated,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError, MalformedValueError) as error:
        raise DocumentRefusedError(f"{url}: no JSON: {one_line(str(error), 200)}") from error
    if not isinstance(document, dict):
        raise DocumentRefusedError(f"{url}: no JSON object")
    return document


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object with a key twice: two readers would see two documents in it."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedValueError("a key stands twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedValueError(f"{name} is no JSON")
