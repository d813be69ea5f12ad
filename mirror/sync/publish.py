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

from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError, DamagedError
from mirror.publication import feeds
from mirror.publication.documents import (
    ContentRoot,
    LocalDocument,
    Origin,
    PublicationRoot,
    decode_board,
    decode_content,
    decode_publication,
    encode,
)
from mirror.publication.tree import HeldArtifact, render_board
from mirror.sync.standing import Standing, remembered_in, stamp, standing_judgements

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mirror.catalog.model import CatalogBoard
    from mirror.publication.documents import BoardDocument
    from mirror.storage.entries import Sighting
    from mirror.storage.store import Store

__all__ = ["CHANNEL", "Publisher", "stamp"]

CHANNEL = "current"
# A board document has a few kB for each release; the largest real one stays under 1 MB.
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Previous:
    root: PublicationRoot
    digest: Digest
    content: ContentRoot


class _Everything(Container[str]):
    def __contains__(self, _name: object) -> bool:
        return True


class Publisher:
    """Makes the publications of one node's ``current`` channel.

    What is recalled stands in no board, whatever is held, and what is hidden is marked.
    """

    def __init__(self, store: Store, upstream: str) -> None:
        self._store = store
        self._upstream = upstream

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
        when it was published before: neither a fetch nor an eviction changes a publication.
        """
        async with self._store.publications.making:
            previous = await self._previous()
            return await self._publish(previous, boards, now, wanted)

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
        for board in boards:
            before = await self._names_held(digests.get(board.facts.board))
            document = await self._render(board, before, wanted, standing)
            encoded = await asyncio.to_thread(encode, document)
            digests[board.facts.board] = await self._store.blobs.put(encoded)
        content = self._content(previous, dict(sorted(digests.items())), now, standing)
        documents = await self._local_documents(content)
        if previous and _same(previous, content, documents):
            return None
        return await self._point(previous, content, documents, now)

    async def render_again(self) -> None:
        """Render the local documents of the current publication again: what is damaged is mended.

        Raises `DamagedError` when a document that they are made of is itself damaged.
        """
        previous = await self._previous()
        if previous is not None:
            await self._local_documents(previous.content)

    async def _previous(self) -> _Previous | None:
        digest = await self._store.publications.current(CHANNEL)
        if digest is None:
            return None
        root = decode_publication(await self._read(digest))
        return _Previous(root, digest, decode_content(await self._read(root.content)))

    async def _read(self, digest: Digest) -> bytes:
        return await self._store.blobs.read(digest, max_bytes=_MOST_BYTES)

    async def _names_held(self, document: Digest | None) -> Container[str]:
        """Return what a board document names as held; everything, where it can not be read."""
        if document is None:
            return frozenset()
        try:
            board = await asyncio.to_thread(decode_board, await self._read(document))
        except (DamagedError, ArtifactNotFoundError):
            # What is held is rendered as held then: that mends the document in most cases.
            return _Everything()
        return {file.name for file in feeds.all_files(board)}

    async def _render(
        self,
        board: CatalogBoard,
        before: Container[str],
        wanted: Container[str],
        standing: Standing,
    ) -> BoardDocument:
        sightings = await self._store.index.sightings_of_board(board.facts.board)
        listed = {str(listing.name): listing for listing in board.listings}
        notes = dict(board.notes) | {
            str(listing.name.version): listing.notes for listing in board.listings if listing.notes
        }
        # What upstream no longer lists could not be fetched again: it is held from now on.
        held = {
            sighting.name: _held(sighting, standing)
            for sighting in sightings
            if (sighting.name in wanted or sighting.name in before or sighting.name not in listed)
            and not standing.recalls_digest(sighting.digest)
        }
        # What is wanted and not held is missing, and the next run's business.
        offered = [
            listing
            for name, listing in listed.items()
            if name not in held and name not in wanted and not standing.recalls_name(name)
        ]
        return await asyncio.to_thread(render_board, board.facts, held.values(), notes, offered)

    def _content(
        self,
        previous: _Previous | None,
        boards: dict[str, Digest],
        now: datetime,
        standing: Standing,
    ) -> ContentRoot:
        before = previous.content if previous else None
        if (
            before
            and before.boards == boards
            and before.upstream == self._upstream
            and before.recalls == standing.recalls
        ):
            return before
        return ContentRoot(
            origin=Origin(
                lineage=self._store.node.lineage,
                sequence=before.origin.sequence + 1 if before else 1,
            ),
            previous=previous.root.content if previous else None,
            published=stamp(now),
            upstream=self._upstream,
            boards=boards,
            recalled=tuple(recall.digest for recall in standing.recalls),
            recalls=standing.recalls,
        )

    async def _local_documents(self, content: ContentRoot) -> dict[str, LocalDocument]:
        summaries: list[feeds.BoardSummary] = []
        sums = feeds.Sums()
        for digest in content.boards.values():
            board = await asyncio.to_thread(decode_board, await self._read(digest))
            summaries.append(feeds.summarise(board))
            sums.add_all_of(board)
        rendered = {
            "/v1/boards.json": (feeds.render_index(summaries), "application/json"),
            "/resources/firmware/SHA256SUMS": (sums.render(), "text/plain"),
        }
        digests = await self._store.blobs.put_many([data for data, _ in rendered.values()])
        return {
            path: LocalDocument(digest, media_type, len(data))
            for digest, (path, (data, media_type)) in zip(digests, rendered.items(), strict=True)
        }

    async def _point(
        self,
        previous: _Previous | None,
        content: ContentRoot,
        documents: dict[str, LocalDocument],
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
            documents=documents,
        )
        digest = await self._store.blobs.put(encode(root))
        await self._store.publications.publish(sequence, digest)
        return sequence


def _same(previous: _Previous, content: ContentRoot, documents: dict[str, LocalDocument]) -> bool:
    return previous.content == content and previous.root.documents == documents


def _held(sighting: Sighting, standing: Standing) -> HeldArtifact:
    return HeldArtifact(
        name=ArtifactName.parse(sighting.name),
        source=sighting.url,
        digest=sighting.digest,
        size=sighting.size,
        md5=sighting.md5,
        verdict=sighting.verdict,
        hidden=sighting.name in standing.hidden,
    )
