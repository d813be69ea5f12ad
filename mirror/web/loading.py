"""Load a publication into memory, whole: what is loaded never changes.

The board documents are kept once, inside the feed that is made of them; each artifact is
found by its name.  Every document was hashed when it was read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.errors import MalformedValueError
from mirror.frozen import dataclass
from mirror.publication.documents import (
    ContentRoot,
    PublicationRoot,
    decode_content,
    decode_publication,
)
from mirror.publication.feeds import FeedHead, compose_feed, head_of
from mirror.web.artifacts import Artifact, BoardNames, read_names

if TYPE_CHECKING:
    from mirror.web.bench import Bench
    from mirror.web.holdings import Blobs

# The largest real board document stays under 1 MB; what is larger is not one of ours.
MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LoadedBoard:
    """One board: its document is ``feed[start:stop]``."""

    digest: Digest
    start: int
    stop: int
    names: BoardNames


@dataclass(frozen=True, slots=True)
class Loaded:
    """A publication in memory; *root* is its name, and ``feed_digest`` is in hex."""

    root: Digest
    publication: PublicationRoot
    publication_bytes: bytes
    content: ContentRoot
    content_bytes: bytes
    feed: bytes
    feed_digest: str
    boards: Mapping[str, LoadedBoard]
    artifacts: Mapping[str, Artifact]
    on_demand: frozenset[str]
    recalled: frozenset[Digest]
    recalled_names: frozenset[str]

    @property
    def head(self) -> FeedHead:
        """What stands before the boards in every feed of this publication."""
        return head_of(self.publication, self.content.upstream, self.content.recalls)


async def load(blobs: Blobs, root: Digest, bench: Bench, known: Loaded | None = None) -> Loaded:
    """Load the publication *root*; boards that *known* has too are not read through again.

    Raises `ArtifactNotFoundError` or `DamagedError` when a document is not held or not what
    was written, and `MalformedValueError` or `ForeignDataError` when it can not be served.
    """
    publication = await blobs.read(root, max_bytes=MOST_BYTES)
    content = await blobs.read(decode_publication(publication).content, max_bytes=MOST_BYTES)
    named = decode_content(content).boards
    documents = await blobs.read_all(named.values(), max_bytes=MOST_BYTES)
    boards = dict(zip(named, documents, strict=True))
    return await bench.run(_assemble, root, publication, content, boards, _names_of(known))


def _names_of(known: Loaded | None) -> dict[Digest, BoardNames]:
    return {board.digest: board.names for board in known.boards.values()} if known else {}


def _assemble(
    root: Digest,
    publication_bytes: bytes,
    content_bytes: bytes,
    documents: Mapping[str, bytes],
    known: Mapping[Digest, BoardNames],
) -> Loaded:
    publication, content = decode_publication(publication_bytes), decode_content(content_bytes)
    head = head_of(publication, content.upstream, content.recalls)
    pieces = list(compose_feed(head, documents.values()))
    feed = b"".join(pieces)
    boards = _boards(content, documents, pieces, known)
    return Loaded(
        root=root,
        publication=publication,
        publication_bytes=publication_bytes,
        content=content,
        content_bytes=content_bytes,
        feed=feed,
        feed_digest=hashlib.sha256(feed).hexdigest(),
        boards=boards,
        artifacts={
            artifact.name: artifact
            for board in boards.values()
            for artifact in board.names.artifacts
        },
        on_demand=frozenset(name for board in boards.values() for name in board.names.on_demand),
        recalled=frozenset(content.recalled),
        recalled_names=frozenset(name for recall in content.recalls for name in recall.names),
    )


def _boards(
    content: ContentRoot,
    documents: Mapping[str, bytes],
    pieces: list[bytes],
    known: Mapping[Digest, BoardNames],
) -> dict[str, LoadedBoard]:
    boards: dict[str, LoadedBoard] = {}
    stop = len(pieces[0])
    for (board, digest), parting in zip(content.boards.items(), pieces[1::2], strict=False):
        document = documents[board]
        start = stop + len(parting)
        stop = start + len(document)
        names = known.get(digest) or read_names(document)
        if names.board != board:
            raise MalformedValueError(f"the document of board {board} is that of {names.board}")
        boards[board] = LoadedBoard(digest, start, stop, names)
    return boards
