"""What the documents of a subtree name, whichever subtree it is.

Whoever walks a publication to the last of its bytes (check, prune, export) asks here, so that
a new kind of subtree is one more line here and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.catalog.values import Digest
from mirror.errors import ForeignDataError, MalformedValueError
from mirror.frozen import dataclass
from mirror.publication.packages import PACKAGE, PACKAGES, decode_package, decode_packages
from mirror.publication.photographs import PHOTOGRAPHS, decode_photographs
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.publication.documents import ContentRoot


@dataclass(frozen=True, slots=True)
class Named:
    """What one document names: further documents of the subtree, and bytes that are served."""

    documents: frozenset[Digest] = frozenset()
    files: frozenset[Digest] = frozenset()


@dataclass(frozen=True, slots=True)
class _Typed:
    type: str


_TYPED = Shape(_Typed)
NAMED = Shape(Named)


def tops_of(content: ContentRoot) -> tuple[Digest, ...]:
    """Return the documents at the top of each subtree of *content*."""
    return tuple(filter(None, (content.packages, content.photographs)))


def names_in(document: bytes) -> Named:
    """Return what a document of a subtree names.

    Raises `MalformedValueError` for what is none, `ForeignDataError` for a newer one.
    """
    kind = type_of(document)
    if kind not in _READERS:
        raise ForeignDataError(f"a subtree with {kind[:80]!r}, made by a newer mpmirror")
    return _READERS[kind](document)


def type_of(document: bytes) -> str:
    """Return the type that a document says it has; raise `MalformedValueError` for what is none."""
    try:
        return _TYPED.validate_json(document).type
    except ValidationError as error:
        raise MalformedValueError("not a document of a subtree") from error


def _in_packages(document: bytes) -> Named:
    top = decode_packages(document)
    return Named(frozenset(top.packages.values()), frozenset({top.index}))


def _in_package(document: bytes) -> Named:
    return Named(files=decode_package(document).blobs)


def _in_photographs(document: bytes) -> Named:
    return Named(files=decode_photographs(document).blobs)


_READERS: Final[dict[str, Callable[[bytes], Named]]] = {
    PACKAGES: _in_packages,
    PACKAGE: _in_package,
    PHOTOGRAPHS: _in_photographs,
}
