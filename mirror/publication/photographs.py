"""The subtree of photographs: one document, and the pictures that it names.

What is served is never upstream's bytes: each picture was decoded and drawn anew.  Pages ask
`PhotographsDocument.of_board` which of them a board has.
"""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from mirror.catalog.values import Digest
from mirror.errors import ForeignDataError, MalformedValueError
from mirror.frozen import dataclass
from mirror.publication.canonical import canonical
from mirror.shapes import Shape

PHOTOGRAPHS: Final = "mpmirror.photographs"
FOLDER: Final = "/resources/micropython-media/boards"
FORMAT: Final = 1

_Board = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}\z")]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}\z")]
_Pixels = Annotated[int, Field(ge=1, le=100_000)]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is served: its bytes, and its size in pixels."""

    digest: Digest
    width: _Pixels
    height: _Pixels


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph and its thumbnail; *source* are upstream's bytes, which are not held."""

    source: Digest
    media_type: Literal["image/png", "image/jpeg"]
    whole: Picture
    thumbnail: Picture


@dataclass(frozen=True, slots=True)
class Shown:
    """A photograph for a page: where it and its thumbnail are, and their sizes in pixels."""

    path: str
    width: int
    height: int
    thumbnail_path: str
    thumbnail_width: int
    thumbnail_height: int


@dataclass(frozen=True, slots=True)
class PhotographsDocument:
    """All photographs that are held, by board and by upstream's file name."""

    boards: dict[_Board, dict[_Name, Photograph]] = field(default_factory=dict)
    type: str = PHOTOGRAPHS
    format: int = FORMAT
    critical: tuple[str, ...] = ()

    def of_board(self, board: str, names: tuple[str, ...]) -> tuple[Shown, ...]:
        """Return those of *names* that are held of *board*, in that order."""
        held = self.boards.get(board, {})
        return tuple(_shown(board, name, held[name]) for name in names if name in held)

    def find(self, board: str, name: str) -> tuple[Photograph, Picture] | None:
        """Return the photograph behind a file *name*, and whether it is whole or a thumbnail."""
        held = self.boards.get(board, {})
        if name in held:
            return held[name], held[name].whole
        for whole, photograph in held.items():
            if thumbnail_name(whole) == name:
                return photograph, photograph.thumbnail
        return None

    @property
    def blobs(self) -> frozenset[Digest]:
        """Every picture that is served."""
        pictures = [one for board in self.boards.values() for one in board.values()]
        digests = [(one.whole.digest, one.thumbnail.digest) for one in pictures]
        return frozenset(digest for pair in digests for digest in pair)


_DOCUMENT = Shape(PhotographsDocument)


def thumbnail_name(name: str) -> str:
    """Return upstream's name for the thumbnail of *name*."""
    stem, dot, ending = name.rpartition(".")
    return f"{stem}.thumb{dot}{ending}"


def photograph_path(board: str, name: str) -> str:
    """Return the path under which upstream and every mirror serve a photograph."""
    return f"{FOLDER}/{board}/{name}"


def encode_photographs(document: PhotographsDocument) -> bytes:
    """Return the canonical JSON (RFC 8785) of *document*."""
    return canonical(_DOCUMENT.dump_python(document, mode="json"))


def decode_photographs(data: bytes) -> PhotographsDocument:
    """Read the document; raise `MalformedValueError` or `ForeignDataError`."""
    try:
        document = _DOCUMENT.validate_json(data)
    except ValidationError as error:
        raise MalformedValueError(f"no {PHOTOGRAPHS}: {error.error_count()} faults") from error
    if document.type != PHOTOGRAPHS:
        raise MalformedValueError(f"expected a {PHOTOGRAPHS}, not {document.type[:80]!r}")
    if document.format != FORMAT or document.critical:
        raise ForeignDataError(f"a {PHOTOGRAPHS} of a newer mpmirror, which is needed to read it")
    return document


def _shown(board: str, name: str, photograph: Photograph) -> Shown:
    return Shown(
        path=photograph_path(board, name),
        width=photograph.whole.width,
        height=photograph.whole.height,
        thumbnail_path=photograph_path(board, thumbnail_name(name)),
        thumbnail_width=photograph.thumbnail.width,
        thumbnail_height=photograph.thumbnail.height,
    )
