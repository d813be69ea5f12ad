"""Publish what is held: render changed boards, then move one pointer.

A board that was published once stays, whatever a crawl says.  Nothing is published when
nothing changed; the same holdings give the same bytes.  Every document is a durable blob
before the root that names it, and the root before the pointer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirror.catalog.keeping import still_held
from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError, DamagedError
from mirror.publication.documents import (
    ContentRoot,
    PublicationRoot,
    decode_board,
    decode_content,
    decode_publication,
    encode,
)
from mirror.publication.tree import render_board
from mirror.sync.local_layer import MOST_BYTES, Earlier, LocalLayer, render_local
from mirror.sync.marking import Before, before_of, find_renames, marked, parted, sightings_on
from mirror.sync.signing import next_origin, sign
from mirror.sync.standing import Standing, remembered_in, stamp, standing_judgements

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mirror.catalog.model import CatalogBoard
    from mirror.catalog.policy import Policy
    from mirror.publication.documents import BoardDocument
    from mirror.storage.store import Store

__all__ = ["CHANNEL", "Publisher", "stamp"]

CHANNEL = "current"
# So many changed documents are in memory, for one wait for the disk.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Previous:
    root: PublicationRoot
    digest: Digest
    content: ContentRoot

    @property
    def local(self) -> LocalLayer:
        return LocalLayer.of(self.root)

    @property
    def rendered(self) -> Earlier:
        return Earlier(self.content, self.local)


class _Everything(Container[str]):
    def __contains__(self, _name: object) -> bool:
        return True


class Publisher:
    """Makes the publications of one node's ``current`` channel; one caller at a time.

    What *policy* no longer keeps is not held any more; without one all that was held stays.
    Their content was first read from *upstream*, and came *through* the mirrors of these
    lineages, the nearest first; None for who has crawled nothing: then both stay as they were.
    """

    def __init__(
        self,
        store: Store,
        upstream: str,
        policy: Policy | None = None,
        through: tuple[str, ...] | None = None,
    ) -> None:
        self._store = store
        self._policy = policy
        self._upstream = upstream
        self._through = through
        self._subtrees: dict[str, Digest | None] = {}
        #: The names on demand of each board that was rendered, one a line.
        self.offered: dict[str, str] = {}

    async def sequence(self) -> int | None:
        """Return the sequence of the current publication, None before the first."""
        previous = await self._previous()
        return previous.root.sequence if previous else None

    async def publish(
        self, boards: Iterable[CatalogBoard], now: datetime, wanted: Container[str]
    ) -> int | None:
        """Publish *boards* with all that is held of them; return the sequence, if it is new.

        Boards published before and not among *boards* stay as they are.  What is listed and
        not *wanted* by name is on demand, and stays so, fetched or not, unless it was held
        when it was published before and is kept: neither a fetch nor an eviction changes a
        publication.
        """
        async with self._store.publications.making:
            previous = await self._previous()
            return await self._publish(previous, boards, now, wanted)

    def take_subtree(self, name: str, top: Digest | None) -> None:
        """Have *top* be the subtree called *name* in whatever is published from now on.

        Everything that it names is held already.  A subtree of which nothing is said stays.
        """
        self._subtrees[name] = top

    async def publish_again(
        self, now: datetime, boards: Container[str], wanted: Container[str] = frozenset()
    ) -> int | None:
        """Publish what is held and judged now of *boards*, by id, without a crawl.

        What their documents say of upstream stays; *wanted* names are held from now on.
        Returns the sequence, if it is new; None also before the first publication.
        """
        async with self._store.publications.making:
            previous = await self._previous()
            if previous is None:
                return None
            remembered = [
                remembered_in(await self._read(document))
                for board, document in previous.content.boards.items()
                if board in boards
            ]
            return await self._publish(previous, remembered, now, wanted)

    async def _publish(
        self,
        previous: _Previous | None,
        boards: Iterable[CatalogBoard],
        now: datetime,
        wanted: Container[str],
    ) -> int | None:
        standing = await standing_judgements(self._store.index)
        digests = dict(previous.content.boards) if previous else {}
        renames = await find_renames(self._store.index)
        fresh: list[bytes] = []
        for board in boards:
            published = digests.get(board.facts.board)
            before = await self._before(published)
            document = renames.mark(await self._render(board, before, wanted, standing))
            encoded = await asyncio.to_thread(encode, document)
            digests[board.facts.board] = digest = Digest.of(encoded)
            if digest == published:
                # What a publication names was durable before it: most boards are as they were.
                await self._store.blobs.put_again(encoded)
            else:
                fresh.append(encoded)
            if len(fresh) == _AT_ONCE:
                await self._store.blobs.put_many(fresh)
                fresh.clear()
        await self._store.blobs.put_many(fresh)
        sequence = await self._store.publications.next_sequence()
        content = self._content(previous, dict(sorted(digests.items())), sequence, now, standing)
        local = await render_local(self._store, content, previous.rendered if previous else None)
        if previous and (previous.content, previous.local) == (content, local):
            return None
        return await self._point(previous, content, local, now)

    async def render_again(self) -> None:
        """Render the local documents of the current publication again: what is damaged is mended.

        Raises `DamagedError` when a document that they are made of is itself damaged.
        """
        previous = await self._previous()
        if previous is not None:
            await render_local(self._store, previous.content, None)

    async def _previous(self) -> _Previous | None:
        digest = await self._store.publications.current(CHANNEL)
        if digest is None:
            return None
        root = decode_publication(await self._read(digest))
        return _Previous(root, digest, decode_content(await self._read(root.content)))

    async def _read(self, digest: Digest) -> bytes:
        return await self._store.blobs.read(digest, max_bytes=MOST_BYTES)

    async def _before(self, document: Digest | None) -> Before:
        """Return what a board document says that its next one goes on from."""
        if document is None:
            return Before()
        try:
            return before_of(await asyncio.to_thread(decode_board, await self._read(document)))
        except (DamagedError, ArtifactNotFoundError):
            # What is held is rendered as held then: that mends the document in most cases.
            return Before(_Everything())

    async def _render(
        self, board: CatalogBoard, before: Before, wanted: Container[str], standing: Standing
    ) -> BoardDocument:
        index, board_id = self._store.index, board.facts.board
        listed = {str(listing.name): listing for listing in board.listings}
        allowed = [
            sighting
            for sighting in await sightings_on(index, board_id, listed)
            if not standing.recalls_digest(sighting.digest)
        ]
        own, sightings = parted(allowed, standing.hidden)
        # What upstream no longer lists could not be fetched again: held as long as it is kept.
        held = {
            sighting.name: sighting
            for sighting in sightings
            if sighting.name in wanted
            or sighting.name in before.held
            or sighting.name not in listed
        }
        for name in self._let_go(board, held, wanted):
            del held[name]
        # What is wanted and not held is missing, and the next run's business.
        offered = [
            listing
            for name, listing in listed.items()
            if name not in held and name not in wanted and not standing.recalls_name(name)
        ]
        self.offered[board_id] = "\n".join(str(listing.name) for listing in offered)
        artifacts = await marked(index, board_id, list(held.values()), standing.hidden)
        notes = dict(before.notes) | dict(board.notes) | _notes(board)
        return await asyncio.to_thread(render_board, board.facts, artifacts, notes, offered, own)

    def _let_go(
        self, board: CatalogBoard, held: Iterable[str], wanted: Container[str]
    ) -> frozenset[str]:
        """Return what of *held* is neither wanted nor kept."""
        if self._policy is None:
            return frozenset()
        names = frozenset(held)
        return names - still_held(names, self._policy, board.facts.port, wanted)

    def _content(
        self,
        previous: _Previous | None,
        boards: dict[str, Digest],
        publication: int,
        now: datetime,
        standing: Standing,
    ) -> ContentRoot:
        before = previous.content if previous else None
        upstream, through = self._origin(before)
        packages, photographs = (
            self._subtree(before, "packages"),
            self._subtree(before, "photographs"),
        )
        if (
            before
            and (before.boards, before.recalls) == (boards, standing.recalls)
            # What another node made, and nobody here has changed, stays that node's.
            and (self._through is None or (before.upstream, before.through) == (upstream, through))
            and (before.packages, before.photographs) == (packages, photographs)
        ):
            return before
        return ContentRoot(
            origin=next_origin(self._store, before, publication),
            previous=previous.root.content if previous else None,
            published=stamp(now),
            upstream=upstream,
            boards=boards,
            through=through,
            recalled=tuple(recall.digest for recall in standing.recalls),
            recalls=standing.recalls,
            packages=packages,
            photographs=photographs,
        )

    def _subtree(self, before: ContentRoot | None, name: str) -> Digest | None:
        if name in self._subtrees:
            return self._subtrees[name]
        found: Digest | None = getattr(before, name, None)
        return found

    def _origin(self, before: ContentRoot | None) -> tuple[str, tuple[str, ...]]:
        if self._through is None and before is not None:
            foreign = before.origin.lineage != self._store.node.lineage
            return before.upstream, (before.origin.lineage,) * foreign + before.through
        return self._upstream, self._through or ()

    async def _point(
        self,
        previous: _Previous | None,
        content: ContentRoot,
        local: LocalLayer,
        now: datetime,
    ) -> int:
        sequence = await self._store.publications.next_sequence()
        root = PublicationRoot(
            lineage=self._store.node.lineage,
            channel=CHANNEL,
            sequence=sequence,
            previous=previous.digest if previous else None,
            published=stamp(now),
            content=await self._store.blobs.put(encode(content)),
            documents=local.documents,
            layers=local.layers,
            rendering=local.rendering,
        )
        await sign(self._store, root, content)
        digest = await self._store.blobs.put(encode(root))
        await self._store.publications.publish(sequence, digest)
        return sequence


def _notes(board: CatalogBoard) -> dict[str, str]:
    return {str(listing.name.version): listing.notes for listing in board.listings if listing.notes}
