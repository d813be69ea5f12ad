"""The subtree of mip packages: one document at its top, one for each package, and blobs.

`PackagesDocument` → `PackageDocument` → the package documents of upstream and the files, as
they came, byte for byte.  Upstream writes versions and files once: what is in the tree once
stays there as long as the package is wanted, whatever ``latest`` says later.
"""

from __future__ import annotations

import json
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, ValidationError

from mirror.catalog.packages import DocumentName, PackageEntry
from mirror.catalog.values import Digest
from mirror.errors import DigestMismatchError, ForeignDataError, MalformedValueError
from mirror.frozen import dataclass
from mirror.publication.canonical import canonical
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKAGES: Final = "mpmirror.packages"
PACKAGE: Final = "mpmirror.package"
FORMAT: Final = 1

_Hash8 = Annotated[str, Field(pattern=r"^[0-9a-f]{8}\z")]


@dataclass(frozen=True, slots=True)
class PackageDocument:
    """One package: what the index says of it, and its bytes by digest.

    ``documents`` are by ABI and version (``latest`` among them), ``files`` by the first eight
    hex digits of their SHA-256.  One that upstream lists no longer is not *listed*, and served.
    """

    entry: PackageEntry
    documents: dict[str, dict[str, Digest]]
    files: dict[_Hash8, Digest]
    listed: bool = True
    type: str = PACKAGE
    format: int = FORMAT
    critical: tuple[str, ...] = ()

    def find(self, name: DocumentName) -> Digest | None:
        """Return the digest of the package document *name*, if there is one."""
        return self.documents.get(name.abi, {}).get(name.version)

    def names(self) -> dict[DocumentName, Digest]:
        """Return every document by its name."""
        return {
            DocumentName(self.entry.name, abi, version): digest
            for abi, versions in self.documents.items()
            for version, digest in versions.items()
        }

    @property
    def blobs(self) -> frozenset[Digest]:
        """Everything that came from upstream."""
        documents = (digest for one in self.documents.values() for digest in one.values())
        return frozenset((*documents, *self.files.values()))


@dataclass(frozen=True, slots=True)
class PackagesDocument:
    """The top of the subtree: what ``/pi/v2/index.json`` answers, and each package by name."""

    index: Digest
    packages: dict[str, Digest] = field(default_factory=dict)
    type: str = PACKAGES
    format: int = FORMAT
    critical: tuple[str, ...] = ()


_PACKAGE = Shape(PackageDocument)
_PACKAGES = Shape(PackagesDocument)


def encode_packages(document: PackagesDocument) -> bytes:
    """Return the canonical JSON (RFC 8785) of *document*."""
    return canonical(_PACKAGES.dump_python(document, mode="json"))


def encode_package(document: PackageDocument) -> bytes:
    """Return the canonical JSON (RFC 8785) of *document*."""
    return canonical(_PACKAGE.dump_python(document, mode="json"))


def decode_packages(data: bytes) -> PackagesDocument:
    """Read the top of the subtree; raise `MalformedValueError` or `ForeignDataError`."""
    try:
        document = _PACKAGES.validate_json(data)
    except ValidationError as error:
        raise MalformedValueError(f"no {PACKAGES}: {error.error_count()} faults") from error
    _refuse_newer(document, PACKAGES)
    return document


def decode_package(data: bytes) -> PackageDocument:
    """Read the document of one package; raise `MalformedValueError` or `ForeignDataError`."""
    try:
        document = _PACKAGE.validate_json(data)
        document.names()
    except ValidationError as error:
        raise MalformedValueError(f"no {PACKAGE}: {error.error_count()} faults") from error
    _refuse_newer(document, PACKAGE)
    for hash8, digest in document.files.items():
        if not digest.hex.startswith(hash8):
            raise MalformedValueError(f"{digest} does not begin with {hash8}")
    return document


def all_files(packages: Iterable[PackageDocument]) -> dict[str, Digest]:
    """Return the files of *packages* by their eight digits.

    Raises `DigestMismatchError` where two have other bytes under the same digits: a client
    that asks for one would get the other.
    """
    found: dict[str, Digest] = {}
    for package in packages:
        for hash8, digest in package.files.items():
            if found.setdefault(hash8, digest) != digest:
                raise DigestMismatchError(
                    f"{package.entry.name}: two files are called {hash8}, "
                    f"{found[hash8]} and {digest}"
                )
    return found


def render_package_index(packages: Iterable[PackageDocument], updated: int) -> bytes:
    """Return an index, spelled as upstream's, of those of *packages* that are listed."""
    listed = [_render(package) for package in packages if package.listed]
    document = {"packages": listed, "v": 2, "updated": updated}
    return json.dumps(document, indent=2).encode()


def is_upstreams(packages: Iterable[PackageDocument], listed: Iterable[PackageEntry]) -> bool:
    """Whether an index of *packages* says just what upstream's says, which has *listed*."""
    held = {package.entry.name: package for package in packages if package.listed}
    entries = {entry.name: entry for entry in listed}
    return held.keys() == entries.keys() and all(
        held[name].entry == entry and _holds(held[name], entry) for name, entry in entries.items()
    )


def _holds(package: PackageDocument, entry: PackageEntry) -> bool:
    return all(package.find(name) is not None for name in entry.documents())


def _render(package: PackageDocument) -> dict[str, object]:
    entry = package.entry
    versions = {
        abi: [version for version in listed if version in package.documents.get(abi, {})]
        for abi, listed in entry.versions.items()
    }
    return {
        "name": entry.name,
        "version": entry.version,
        "author": entry.author,
        "description": entry.description,
        "license": entry.license,
        "versions": versions,
        "path": entry.path,
    }


def _refuse_newer(document: PackagesDocument | PackageDocument, expected: str) -> None:
    if document.type != expected:
        raise MalformedValueError(f"expected a {expected}, not {document.type[:80]!r}")
    if document.format != FORMAT or document.critical:
        raise ForeignDataError(f"a {expected} of a newer mpmirror, which is needed to read it")
