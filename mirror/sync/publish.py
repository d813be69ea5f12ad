"""Publish what is held: render changed boards, then move one pointer.

A board that was published once stays, whatever a crawl says.  Nothing is published when
nothing changed; the same holdings give the same bytes.  Every document is a durable blob
before the root that names it, and the root before the pointer.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.publication.documents import (
    ContentRoot,
    PublicationRoot,
    decode_content,
    decode_publication,
    encode,
)
from mirror.spans import spanned
from mirror.storage.publications import Rendering
from mirror.sync.composing import Composed, Composer
from mirror.sync.composing_anew import composed_anew
from mirror.sync.grounds import Ground, compare, listed_on
from mirror.sync.local_layer import MOST_BYTES, Earlier, LocalLayer, render_local
from mirror.sync.marking import find_renames
from mirror.sync.signing import next_origin, sign
from mirror.sync.standing import Standing, remembered_in, stamp, standing_judgements

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Mapping, Sequence
    from datetime import datetime

    from mirror.catalog.model import CatalogBoard
    from mirror.catalog.policy import Policy
    from mirror.storage.store import Store

__all__ = ["CHANNEL", "Publisher", "stamp"]

CHANNEL = "current"


@dataclass(frozen=True, slots=True)
class Previous:
    """What a channel shows before it is published on: its root with its name, and the content."""

    root: PublicationRoot
    digest: Digest
    content: ContentRoot

    @property
    def local(self) -> LocalLayer:
        """What was rendered for it."""
        return LocalLayer.of(self.root)

    @property
    def rendered(self) -> Earlier:
        """What of it can be taken over."""
        return Earlier(self.content, self.local)


class Publisher:
    """Makes the publications of one node's ``current`` channel; one caller at a time.

    A class that makes those of another one says so in ``channel``, and has its own `_point`.

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
        self._rendered = store.publications.rendered
        self._policy = policy
        self._upstream = upstream
        self._through = through
        self._subtrees: dict[str, Digest | None] = {}
        #: The channel that is published on.
        self.channel = CHANNEL
        #: The names on demand of each board that was rendered, one a line.
        self.offered: dict[str, str] = {}

    async def sequence(self) -> int | None:
        """Return the sequence of the current publication, None before the first."""
        previous = await self._previous()
        return previous.root.sequence if previous else None

    @spanned("publish")
    async def publish(
        self, boards: Iterable[CatalogBoard], now: datetime, wanted: Collection[str]
    ) -> int | None:
        """Publish *boards* with all that is held of them; return the sequence, if it is new.

        Boards published before and not among *boards* stay as they are.  What is listed and
        not *wanted* by name is on demand, and stays so, fetched or not, unless it was held
        when it was published before and is kept: neither a fetch nor an eviction changes a
        publication.  Boards that the caller lets go of meanwhile are let go of one by one.
        """
        async with self._store.publications.making:
            previous = await self._previous()
            return await self._publish(previous, boards, now, wanted)

    def take_subtree(self, name: str, top: Digest | None) -> None:
        """Have *top* be the subtree called *name* in whatever is published from now on.

        Everything that it names is held already.  A subtree of which nothing is said stays.
        """
        self._subtrees[name] = top

    async def lacks_subtree(self) -> bool:
        """Whether what is published has another subtree than one that was taken."""
        previous = await self._previous()
        return previous is None or any(
            top != getattr(previous.content, name) for name, top in self._subtrees.items()
        )

    async def publish_again(
        self, now: datetime, boards: Container[str], wanted: Collection[str] = frozenset()
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
        previous: Previous | None,
        boards: Iterable[CatalogBoard],
        now: datetime,
        wanted: Collection[str],
    ) -> int | None:
        standing = await standing_judgements(self._store.index)
        digests = dict(previous.content.boards) if previous else {}
        renames = await find_renames(self._store.index)
        ground = Ground(self._policy, wanted, standing, renames)
        seen = await compare(self._store, ground, list(boards), digests)
        self.offered |= seen.offered
        composer = Composer(self._policy, wanted, standing, renames)
        for some in seen.portions():
            await self._render(some, composer, digests)
            some.clear()  # the last ones shall be let go of, too
        sequence = await self._store.publications.next_sequence()
        content = self._content(previous, dict(sorted(digests.items())), sequence, now, standing)
        local = await self._local_of(content, previous)
        if previous and (previous.content, previous.local) == (content, local):
            self._rendered.local = previous.root.content, self._way()
            return None
        return await self._point(previous, content, local, now)

    async def _render(
        self,
        changed: Sequence[tuple[CatalogBoard, bytes]],
        composer: Composer,
        digests: dict[str, Digest],
    ) -> None:
        """Render the boards that are *changed*, each with its grounds, and hold the documents."""
        boards = [board for board, _ in changed]
        composed = await self._composed(boards, composer, digests)
        await self._hold([one.document for one in composed], set(digests.values()))
        for (board, grounds), one in zip(changed, composed, strict=True):
            board_id = board.facts.board
            digests[board_id], self.offered[board_id] = one.digest, one.offered
            self._rendered.boards[board_id] = Rendering(grounds, one.digest, one.offered)

    async def _composed(
        self,
        boards: Sequence[CatalogBoard],
        composer: Composer,
        published: Mapping[str, Digest],
    ) -> list[Composed]:
        """Return documents of *boards*, some *published* before, and keep nothing else of them."""
        said = await self._store.index.said_of(listed_on(boards))
        return [
            await composed_anew(
                self._store.blobs,
                partial(composer.compose, board, said.pop(board.facts.board)),
                published.get(board.facts.board),
            )
            for board in boards
        ]

    async def _hold(self, documents: list[bytes], published: Container[Digest]) -> None:
        # What a publication names was durable before it: most boards are as they were.
        digests = {Digest.of(document): document for document in documents}
        before = [digest for digest in digests if digest in published]
        damaged = await self._store.blobs.unsound(before)
        fresh = digests.keys() - (set(before) - damaged)
        if fresh:
            await self._store.blobs.put_many(digests[digest] for digest in fresh)

    async def render_again(self) -> None:
        """Render the local documents of the current publication again: what is damaged is mended.

        Raises `DamagedError` when a document that they are made of is itself damaged.
        """
        previous = await self._previous()
        if previous is not None:
            await render_local(self._store, previous.content, None)

    async def _previous(self) -> Previous | None:
        digest = await self._store.publications.current(self.channel)
        if digest is None:
            return None
        root = decode_publication(await self._read(digest))
        return Previous(root, digest, decode_content(await self._read(root.content)))

    async def _read(self, digest: Digest) -> bytes:
        return await self._store.blobs.read(digest, max_bytes=MOST_BYTES)

    def _content(
        self,
        previous: Previous | None,
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
        published: Digest | None = getattr(before, name, None)
        return self._subtrees.get(name, published)

    def _origin(self, before: ContentRoot | None) -> tuple[str, tuple[str, ...]]:
        if self._through is None and before is not None:
            foreign = before.origin.lineage != self._store.node.lineage
            return before.upstream, (before.origin.lineage,) * foreign + before.through
        return self._upstream, self._through or ()

    async def _local_of(self, content: ContentRoot, previous: Previous | None) -> LocalLayer:
        """Return the local layer of *content*: the published one, if this process made it so."""
        if previous is not None and content is previous.content:
            local = previous.local
            digests = [*local.layers.values(), *(one.digest for one in local.documents.values())]
            known = self._rendered.local == (previous.root.content, self._way())
            if known and not await self._store.blobs.unsound(digests):
                return local
        return await render_local(self._store, content, previous.rendered if previous else None)

    def _way(self) -> str:
        """Return what the local layer follows from beside the content."""
        signer = self._store.signatures.signer
        return repr((self._store.public_url, signer and sorted(signer.papers.items())))

    async def _point(
        self,
        previous: Previous | None,
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
        self._rendered.local = root.content, self._way()
        return sequence
