"""All documents that this node rendered of one board, as one blob.

A layer is a line of canonical JSON, which says where each document stands, and behind it
their bytes.  A site has thousands of documents: so a changed board writes one blob, and the
root of a publication has one digest for each board.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Final, Protocol

from pydantic import Field, ValidationError

from mirror.catalog.values import Digest
from mirror.errors import ForeignDataError, MalformedValueError
from mirror.frozen import dataclass
from mirror.publication.canonical import canonical
from mirror.publication.local.dialect import Rendered
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mirror.publication.documents import LocalDocument
    from mirror.publication.local.dialect import Documents

FORMAT: Final = 1
#: The name, in place of a board's, of the layer of what names all boards.
ALL_BOARDS: Final = ""
_TYPE: Final = "mpmirror.layer"

_Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document stands behind the head: ``size`` bytes from ``start`` on."""

    start: _Count
    size: _Count
    media_type: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class Span:
    """Where a summary stands behind the head."""

    start: _Count
    size: _Count


@dataclass(frozen=True, slots=True)
class LayerHead:
    """What a layer has: documents of *board* by path, and a summary for each dialect's name."""

    board: str
    documents: dict[str, Place] = field(default_factory=dict)
    summaries: dict[str, Span] = field(default_factory=dict)
    type: str = _TYPE
    format: int = FORMAT
    critical: tuple[str, ...] = ()


_HEAD = Shape(LayerHead)


class Named(Protocol):
    """What names a local layer: the root of a publication, or a part of it."""

    @property
    def documents(self) -> Mapping[str, LocalDocument]:
        """Documents of their own, by path."""

    @property
    def layers(self) -> Mapping[str, Digest]:
        """Layers by board id."""


def local_digests(named: Named) -> set[Digest]:
    """Return the names of all that was rendered for a publication."""
    documents = {document.digest for document in named.documents.values()}
    return documents | set(named.layers.values())


def encode_layer(board: str, documents: Documents, summaries: Mapping[str, bytes]) -> bytes:
    """Return the layer of *board*: equal documents and summaries give equal bytes."""
    bodies = [*(rendered.body for _, rendered in sorted(documents.items())), *_bodies(summaries)]
    start = 0
    places: dict[str, Place] = {}
    for path, rendered in sorted(documents.items()):
        size = len(rendered.body)
        places[path] = Place(start, size, rendered.media_type, Digest.of(rendered.body))
        start += size
    spans: dict[str, Span] = {}
    for name, summary in sorted(summaries.items()):
        spans[name] = Span(start, len(summary))
        start += len(summary)
    head = LayerHead(board, places, spans)
    # Joined once: the layer of what names all boards has tens of megabytes.
    return b"".join([canonical(_HEAD.dump_python(head, mode="json")), b"\n", *bodies])


def _bodies(summaries: Mapping[str, bytes]) -> Iterable[bytes]:
    return (summary for _, summary in sorted(summaries.items()))


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that was read: its head, and the bytes behind it."""

    head: LayerHead
    bodies: memoryview

    @classmethod
    def decode(cls, data: bytes) -> Layer:
        """Read a layer; raise `MalformedValueError` or `ForeignDataError`."""
        line, _, _ = data.partition(b"\n")
        try:
            head = _HEAD.validate_json(line)
        except ValidationError as error:
            raise MalformedValueError(
                f"not a layer: {error.error_count()} fields of its head do not fit, "
                f"first {error.errors()[0]['loc']}"
            ) from error
        if head.type != _TYPE:
            raise MalformedValueError(f"expected a document of type {_TYPE}, not {head.type!r}")
        if head.format != FORMAT or head.critical:
            raise ForeignDataError(
                f"{_TYPE} of format {head.format} with critical fields {list(head.critical)}: "
                "made by a newer mpmirror, which is needed to read it"
            )
        layer = cls(head, memoryview(data)[len(line) + 1 :])
        layer.refuse_outside()
        return layer

    def refuse_outside(self) -> None:
        """Raise `MalformedValueError` when something should stand where nothing is."""
        head = self.head
        spans: tuple[Place | Span, ...] = (*head.documents.values(), *head.summaries.values())
        if any(span.start + span.size > len(self.bodies) for span in spans):
            raise MalformedValueError(f"the layer of {head.board} is cut short")

    def documents(self) -> dict[str, Rendered]:
        """Return all documents by path."""
        places = self.head.documents.items()
        return {path: Rendered(self.body(place), place.media_type) for path, place in places}

    def body(self, span: Place | Span) -> bytes:
        """Return the bytes that stand at *span*."""
        return bytes(self.bodies[span.start : span.start + span.size])

    def summary(self, dialect: str) -> bytes:
        """Return the summary that *dialect* made of the board, empty when it made none."""
        span = self.head.summaries.get(dialect)
        return b"" if span is None else self.body(span)
