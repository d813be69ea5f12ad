"""The release feed, the index and the sums: what clients read, composed from board documents.

The whole feed is the board documents themselves, joined: it needs no parsing and is not
stored.  A filtered feed parses only the boards that it shows.  ``schema`` describes the
feed; within ``/v1`` nothing is removed from it and nothing changes its meaning.
"""

from __future__ import annotations

import heapq
import io
import itertools
import zlib
from functools import cache
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import ConfigDict, Field

from mirror.errors import ArtifactNotFoundError
from mirror.frozen import dataclass
from mirror.publication.canonical import canonical
from mirror.publication.documents import (
    BoardDocument,
    FileEntry,
    PublicationRoot,
    Recall,
    ReleaseEntry,
)
from mirror.publication.hiding import without_hidden
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirror.publication.query import FeedQuery

SCHEMA_PATH: Final = "/v1/schemas/feed.json"

_SHA256_HEX: Final = 64


@dataclass(frozen=True, slots=True)
class FeedHead:
    """What stands before the boards: of which publication, of whom, when."""

    lineage: str
    sequence: int
    published: str
    upstream: str
    recalled: tuple[Recall, ...] = ()
    schema: str = SCHEMA_PATH
    type: str = "mpmirror.feed"
    format: int = 1


@dataclass(frozen=True, slots=True)
class Feed:
    """The release feed as a whole; the keys keep name and type, new ones may come."""

    __pydantic_config__ = ConfigDict(defer_build=True)  # only who serves writes one

    lineage: str
    sequence: Annotated[int, Field(description="Rises with every publication of this lineage.")]
    published: Annotated[str, Field(description="When, in UTC (RFC 3339).")]
    upstream: Annotated[str, Field(description="Where the mirror watches.")]
    boards: Annotated[tuple[BoardDocument, ...], Field(description="By board id.")]
    recalled: Annotated[
        tuple[Recall, ...], Field(description="Bytes that are never served again.")
    ] = ()
    schema: str = SCHEMA_PATH
    type: str = "mpmirror.feed"
    format: int = 1


@dataclass(frozen=True, slots=True)
class BoardSummary:
    """One line of the index: who the board is and what is newest.

    ``files`` and ``size`` count what is held, ``on_demand`` what can be fetched besides.
    """

    board: str
    port: str | None
    mcu: str | None
    vendor: str
    product: str
    features: tuple[str, ...]
    variants: tuple[str | None, ...]
    release: str | None
    preview: str | None
    files: int
    size: int
    path: str
    on_demand: int = 0


@dataclass(frozen=True, slots=True)
class Index:
    """All boards of a publication, by id."""

    boards: tuple[BoardSummary, ...]
    type: str = "mpmirror.index"
    format: int = 1


@dataclass(frozen=True, slots=True)
class Latest:
    """What to flash now: one release of one board, narrowed to the files asked for."""

    __pydantic_config__ = ConfigDict(defer_build=True)  # only who serves writes one

    board: str
    release: ReleaseEntry
    type: str = "mpmirror.latest"
    format: int = 1


_HEAD = Shape(FeedHead)
_FEED = Shape(Feed)
_SUMMARY = Shape(BoardSummary)
_INDEX = Shape(Index)
_LATEST = Shape(Latest)


def head_of(root: PublicationRoot, upstream: str, recalled: tuple[Recall, ...] = ()) -> FeedHead:
    """Return the head of the feed of the publication *root*."""
    return FeedHead(root.lineage, root.sequence, root.published, upstream, recalled)


def compose_feed(head: FeedHead, boards: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the feed in pieces: *boards* are encoded board documents, by board id.

    Each is a piece as it is, behind one that parts it from the one before.
    """
    opened = canonical(_HEAD.dump_python(head, mode="json"))
    yield opened.removesuffix(b"}") + b',"boards":['
    separator = b"\n"
    for board in boards:
        yield separator
        yield board
        separator = b",\n"
    yield b"\n]}\n"


def filter_feed(head: FeedHead, boards: Iterable[BoardDocument], query: FeedQuery) -> bytes:
    """Return the feed of those releases and files of *boards* that *query* asks for."""
    kept = (query.narrow(board) for board in boards)
    feed = Feed(
        lineage=head.lineage,
        sequence=head.sequence,
        published=head.published,
        upstream=head.upstream,
        boards=tuple(board for board in kept if board is not None),
        recalled=head.recalled,
    )
    return canonical(_FEED.dump_python(feed, mode="json")) + b"\n"


def summarise(board: BoardDocument) -> BoardSummary:
    """Return the line of the index for *board*: its newest release and preview, its bytes."""
    files = list(all_files(board))
    return BoardSummary(
        board=board.board,
        port=board.port,
        mcu=board.mcu,
        vendor=board.vendor,
        product=board.product,
        features=board.features,
        variants=tuple(sorted({file.variant for file in files}, key=lambda text: text or "")),
        release=_newest(board, "release"),
        preview=_newest(board, "preview"),
        files=len(files),
        size=sum(file.size for file in files),
        path=f"/v1/boards/{board.board}.json",
        on_demand=len(board.on_demand),
    )


def encode_summary(board: BoardSummary) -> bytes:
    """Return *board* as `join_index` takes it."""
    return canonical(_SUMMARY.dump_python(board, mode="json"))


def join_index(boards: Iterable[bytes]) -> bytes:
    """Return the index of *boards*, which `encode_summary` made."""
    empty = canonical(_INDEX.dump_python(Index(()), mode="json"))
    before, opened, after = empty.partition(b'"boards":[')
    return before + opened + b",".join(boards) + after + b"\n"


def render_index(boards: Iterable[BoardSummary]) -> bytes:
    """Return the index of *boards*."""
    return join_index(map(encode_summary, boards))


def render_latest(board: BoardDocument, query: FeedQuery) -> bytes:
    """Return what to flash now; raise `ArtifactNotFoundError` when nothing fits *query*.

    An own build is that only where nothing of upstream's fits.
    """
    narrowed = query.narrow(without_hidden(board))
    releases = (*narrowed.releases, *narrowed.local) if narrowed else ()
    if not releases:
        raise ArtifactNotFoundError(f"{board.board}: nothing held fits the question")
    latest = Latest(board.board, releases[0])
    return canonical(_LATEST.dump_python(latest, mode="json")) + b"\n"


def render_sums(digests: Iterable[tuple[str, str]]) -> bytes:
    """Return GNU ``SHA256SUMS`` text for pairs of a bare name and its SHA-256 in hex."""
    return join_sums(b"%s  %s\n" % (digest.encode(), name.encode()) for name, digest in digests)


def join_sums(sums: Iterable[bytes]) -> bytes:
    """Return all lines of several such texts, each in the order of the names, as one."""
    joined = io.BytesIO()
    # Line by line: a list of the lines of all boards takes twice the bytes of the text.
    merged = heapq.merge(*map(_waiting_lines, sums), key=_by_name)
    # A name that stands on the pages of two boards is one file.
    for line, _ in itertools.groupby(merged):
        joined.write(line)
    return joined.getvalue()


def _waiting_lines(sums: bytes) -> Iterator[bytes]:
    """Return the lines of *sums*, which are packed until the turn of the second one comes."""
    first, end, others = sums.partition(b"\n")
    if not others:
        return iter([sums] if sums else [])
    return itertools.chain([first + end], _unpacked(zlib.compress(others, 1)))


def _unpacked(packed: bytes) -> Iterator[bytes]:
    yield from io.BytesIO(zlib.decompress(packed))


def _by_name(line: bytes) -> tuple[bytes, bytes]:
    return line[_SHA256_HEX:], line


@cache
def feed_schema() -> bytes:
    """Return the JSON Schema (2020-12) that every feed of this version fits.

    It is always the same, and working it out takes as long as serving hundreds of feeds.
    """
    schema = _FEED.json_schema(mode="serialization")
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_PATH,
        "title": "mpmirror release feed",
        **{key: value for key, value in schema.items() if key != "title"},
    }
    return canonical(described) + b"\n"


def all_files(board: BoardDocument) -> Iterator[FileEntry]:
    """Yield every file of *board*, upstream's and own builds, in the document's order."""
    for release in (*board.releases, *board.local):
        yield from release.files


def _newest(board: BoardDocument, maturity: str) -> str | None:
    shown = without_hidden(board).releases
    fitting = (release.version for release in shown if release.maturity == maturity)
    return next(fitting, None)
