"""What a channel shall show: a content that exists, whole, and without what is recalled.

A content that names nothing recalled, and says what is, stays the bytes that it is, and keeps its
maker's signature.  From any other one is made here, which says that it is ours.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.errors import GoneError, NotFoundError, PublicationNotFoundError
from mirror.frozen import dataclass
from mirror.publication.documents import ContentRoot, Origin, decode_board, encode
from mirror.publication.feeds import all_files
from mirror.publication.recalled import without_recalled
from mirror.publication.subtrees import tops_of
from mirror.storage.channels import Published, earlier, find_published, published
from mirror.storage.publications import CURRENT
from mirror.storage.subtrees import SubtreeWalk
from mirror.sync.standing import standing_judgements

if TYPE_CHECKING:
    from collections.abc import Collection

    from mirror.channels.orders import Source
    from mirror.publication.documents import Recall
    from mirror.storage.store import Store, StoreReader

_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Allowed:
    """A content that may be shown, its bytes' *digest*, and names that were left out of it."""

    digest: Digest
    content: ContentRoot
    without: tuple[str, ...] = ()


async def find_source(store: StoreReader, source: Source) -> Published:
    """Return the publication that *source* means; raise `PublicationNotFoundError` for none."""
    if source.channel == CURRENT and source.sequence is not None:
        return await published(store, await store.publications.root(source.sequence))
    newest = await find_published(store, source.channel)
    if newest is None:
        raise PublicationNotFoundError(f"channel {source.channel} shows nothing yet")
    if source.sequence in {None, newest.root.sequence}:
        return newest
    async for digest, root in earlier(store.blobs, newest.root):
        if root.sequence == source.sequence:
            return await published(store, digest)
    raise PublicationNotFoundError(
        f"channel {source.channel} had no {source.sequence} that is kept"
    )


async def allow(store: Store, one: Published, sequence: int) -> Allowed:
    """Return the content of *one* as it may be shown now, where it is *sequence* of a channel.

    The same facts give the same bytes, whenever they are asked for; all of them are held then.
    Raises `DamagedError` or `ArtifactNotFoundError` for a board that can not be read.
    """
    standing = await standing_judgements(store.index)
    if not _tells_otherwise(store, one.content, standing.digests):
        return Allowed(one.root.content, one.content)
    boards: dict[str, Digest] = {}
    without: list[str] = []
    for board, digest in one.content.boards.items():
        document, left_out = await _stripped(store, digest, standing.digests)
        boards[board] = await store.blobs.put(document) if left_out else digest
        without += left_out
    content = _ours(store, one, boards, standing.recalls, Origin(store.node.lineage, sequence))
    digest = await store.blobs.put(encode(content))
    return Allowed(digest, content, tuple(sorted(without)))


async def refuse_let_go(store: Store, content: ContentRoot) -> None:
    """Raise `GoneError` when files that *content* names are held no longer, for no recall."""
    recalled = (await standing_judgements(store.index)).digests
    for digest in content.boards.values():
        files = await _files_of(store, digest)
        missing = sorted(files[one] for one in await store.blobs.missing(files.keys() - recalled))
        if missing:
            more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
            raise GoneError(
                f"it names {', '.join(missing[:_MOST_NAMED])}{more}, whose bytes are held no"
                " longer: pin what a channel shall go back to"
            )
    walk = SubtreeWalk(lambda digest: store.blobs.read(digest, max_bytes=_MOST_BYTES))
    try:
        reached = await walk.reached(tops_of(content))
    except NotFoundError as error:
        raise GoneError(f"its packages or photographs are held no longer: {error}") from error
    if await store.blobs.missing(reached.files):
        raise GoneError("its packages or photographs are held no longer")


async def names_forbidden(store: Store, one: Published) -> bool:
    """Whether the recalls that *one* tells of are not those in force."""
    standing = await standing_judgements(store.index)
    return _tells_otherwise(store, one.content, standing.digests)


def _tells_otherwise(store: Store, content: ContentRoot, recalled: Collection[Digest]) -> bool:
    told = set(content.recalled)
    if content.origin.lineage == store.node.lineage:
        return told != set(recalled)
    # What the maker of a content forbids stays forbidden with it.
    return not told.issuperset(recalled)


def _ours(
    store: Store,
    one: Published,
    boards: dict[str, Digest],
    recalls: tuple[Recall, ...],
    origin: Origin,
) -> ContentRoot:
    theirs = one.content
    foreign = theirs.origin.lineage != store.node.lineage
    signer = store.signatures.signer
    return replace(
        theirs,
        origin=replace(origin, key=signer.key_id if signer else None),
        previous=one.root.content,
        boards=boards,
        recalled=tuple(recall.digest for recall in recalls),
        recalls=recalls,
        through=(theirs.origin.lineage,) * foreign + theirs.through,
    )


async def _stripped(
    store: Store, digest: Digest, recalled: Collection[Digest]
) -> tuple[bytes, list[str]]:
    data = await store.blobs.read(digest, max_bytes=_MOST_BYTES)
    return await asyncio.to_thread(_without, data, recalled)


def _without(data: bytes, recalled: Collection[Digest]) -> tuple[bytes, list[str]]:
    """Return a board document without *recalled* bytes, and the names that are left out."""
    board = decode_board(data)
    names = [file.name for file in all_files(board) if file.digest in recalled]
    return (encode(without_recalled(board, recalled)) if names else data), names


async def _files_of(store: Store, digest: Digest) -> dict[Digest, str]:
    try:
        return await store.blobs.read_as(digest, _names, max_bytes=_MOST_BYTES)
    except NotFoundError as error:
        raise GoneError(f"a board of it is held no longer: {error}") from error


def _names(data: bytes) -> dict[Digest, str]:
    return {file.digest: file.name for file in all_files(decode_board(data))}
