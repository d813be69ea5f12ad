"""What a dialect is: how the documents that one kind of client asks for are rendered.

A dialect has two parts, and may leave out either.  What hangs on one board alone is rendered
by ``per_board``, and again only when that board changes.  What names all boards is made in
two steps: ``summarise`` says, of one board, what ``combine`` needs to know, and ``combine``
makes the lists of all summaries, in the order of the board ids, each when it is asked for the
next.  So one changed board costs one board, and no step has all documents in memory.

Rules that hold for all of them:

- Pure: no clock, no disk, no chance.  What is not in the board document or the `Site` can not
  be in a rendering, nor can anything of the moment.
- What clients fetch by themselves names held files only (`BoardDocument.releases`, never
  ``on_demand``), and never a hidden one: see `mirror.publication.hiding`.  So a dialect is
  shown no more of a board, and no board is rendered again for what is on demand; only a
  ``summarise`` that ``counts_offers`` is.
- URLs are relative, or under ``Site.public_url``; a document that needs absolute ones is left
  out while that is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Final, TypeAlias

from mirror.errors import MalformedValueError
from mirror.frozen import dataclass
from mirror.publication.documents import BoardDocument
from mirror.publication.photographs import PhotographsDocument, Shown

JSON: Final = "application/json"
HTML: Final = "text/html; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"
#: A document that is the name of an artifact: whoever asks for it gets that artifact's bytes.
ARTIFACT: Final = "application/vnd.mpmirror.artifact"


@dataclass(frozen=True, slots=True)
class Rendered:
    """The bytes of a document, and their media type as in ``Content-Type``."""

    body: bytes
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Site:
    """What a rendering may say of this mirror.

    ``public_url`` is its own address without a final slash, None while it has none that all
    clients could use; ``upstream`` is the site that the content was first read from;
    ``photographs`` are those that are held.
    """

    public_url: str | None
    upstream: str
    photographs: PhotographsDocument = field(default_factory=PhotographsDocument)

    def url(self, path: str) -> str:
        """Return the absolute URL of *path*; raise `MalformedValueError` without an address."""
        if self.public_url is None:
            raise MalformedValueError("this mirror has no address of its own: set public_url")
        return self.public_url + path

    def photographs_of(self, board: BoardDocument) -> tuple[Shown, ...]:
        """Return the photographs of *board* that are held, in upstream's order."""
        return self.photographs.of_board(board.board, board.photographs)


#: Documents by the path that they are served at.
Documents: TypeAlias = Mapping[str, Rendered]
#: The same, one after the other: all of them can be more than shall be in memory at once.
Lists: TypeAlias = Iterable[tuple[str, Rendered]]


def _no_documents(_board: BoardDocument, _site: Site) -> Documents:
    return {}


def _no_summary(_board: BoardDocument, _site: Site) -> bytes:
    return b""


def _no_lists(_summaries: Iterable[bytes], _site: Site) -> Lists:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One kind of client's documents; *name* is unique.

    A ``version`` is raised when the same board is rendered otherwise and the specimen of
    `mirror.publication.local.rendering` does not show it.  Summaries are kept with the board:
    keep them small; `combine` can go through them once.  A path that it makes outranks the same
    path of a board.
    """

    name: str
    version: int = 1
    per_board: Callable[[BoardDocument, Site], Documents] = _no_documents
    summarise: Callable[[BoardDocument, Site], bytes] = _no_summary
    counts_offers: bool = False
    combine: Callable[[Iterable[bytes], Site], Lists] = _no_lists
