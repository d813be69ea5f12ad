"""What the current publication says of a digest or a name, as a judgement needs to know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.errors import (
    ArtifactNotFoundError,
    ConfigurationError,
    DamagedError,
    ForeignDataError,
    MalformedValueError,
)
from mirror.publication.documents import (
    ContentRoot,
    PublicationRoot,
    decode_board,
    decode_content,
    decode_publication,
)
from mirror.publication.local.layer import Layer, local_digests
from mirror.publication.packages import decode_package, decode_packages
from mirror.publication.photographs import decode_photographs
from mirror.storage.threads import to_end
from mirror.sync.standing import remembered_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirror.catalog.model import BoardFacts
    from mirror.catalog.values import Digest
    from mirror.storage.judgements import Recalled
    from mirror.storage.store import Store

_MOST_BYTES: Final = 64 * 1024 * 1024


async def boards_naming(store: Store, needles: Iterable[str]) -> frozenset[str]:
    """Return the boards of the current publication in whose document one of *needles* stands.

    A board too many is harmless: it is rendered again, and is as it was.
    """
    words = [needle.encode() for needle in needles]
    current = await _current(store)
    if current is None or not words:
        return frozenset()
    found = set()
    for board, digest in current[1].boards.items():
        document = await store.blobs.read(digest, max_bytes=_MOST_BYTES)
        if await to_end(_names_any, document, words):
            found.add(board)
    return frozenset(found)


async def facts_of(store: Store, board: str) -> BoardFacts:
    """Return what the current publication says of *board*; raise `ArtifactNotFoundError`."""
    current = await _current(store)
    if current is None or board not in current[1].boards:
        raise ArtifactNotFoundError(f"nothing is published of board {board}")
    document = await store.blobs.read(current[1].boards[board], max_bytes=_MOST_BYTES)
    return remembered_in(document).facts


async def is_current(store: Store, recalls: Sequence[Recalled]) -> bool:
    """Whether the current publication knows of exactly *recalls*; there may be none yet."""
    current = await _current(store)
    if current is None:
        return True
    published = {(recall.digest, recall.names) for recall in current[1].recalls}
    return published == {(recall.digest, recall.names) for recall in recalls}


async def refuse_document(store: Store, digest: Digest) -> None:
    """Raise `ConfigurationError` when *digest* is a document of this mirror, not firmware."""
    current = await _current(store)
    if current is not None:
        root, content = current
        if digest in local_digests(root) | set(content.boards.values()) | {root.content}:
            raise _document(digest)
    if await store.index.sightings_with(digest) or not await store.blobs.has(digest):
        return
    try:
        data = await store.blobs.read(digest, max_bytes=_MOST_BYTES)
    except DamagedError:
        return
    if await to_end(_is_document, data):
        raise _document(digest)


def _document(digest: Digest) -> ConfigurationError:
    return ConfigurationError(f"{digest} is a document of this mirror, no firmware")


def _is_document(data: bytes) -> bool:
    for decode in (
        decode_board,
        decode_content,
        decode_publication,
        decode_packages,
        decode_package,
        decode_photographs,
        Layer.decode,
    ):
        try:
            decode(data)
        except MalformedValueError:
            continue
        except ForeignDataError:
            return True
        return True
    return False


def _names_any(document: bytes, words: Sequence[bytes]) -> bool:
    return any(word in document for word in words)


async def _current(store: Store) -> tuple[PublicationRoot, ContentRoot] | None:
    digest = await store.publications.current()
    if digest is None:
        return None
    root = decode_publication(await store.blobs.read(digest, max_bytes=_MOST_BYTES))
    content = await store.blobs.read(root.content, max_bytes=_MOST_BYTES)
    return root, decode_content(content)
