"""Publish what another node made: as it came where nothing here differs, else derived from it.

The content of another node keeps its bytes, and so its maker's signature.  Where this node holds
own builds, forbids or hides something, or got a part only, it makes a content of its own from it,
which names the lineages that it came through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.publication.documents import ContentRoot, decode_content
from mirror.sync.composing import Composer
from mirror.sync.local_layer import render_local
from mirror.sync.marking import find_renames
from mirror.sync.publish import Publisher, stamp
from mirror.sync.signing import next_origin
from mirror.sync.standing import remembered_in, standing_judgements

if TYPE_CHECKING:
    from datetime import datetime

    from mirror.publication.bundle import Subtree


@dataclass(frozen=True, slots=True)
class Derivation:
    """What is taken over of a *content*: *boards*, each as it came unless it is among *again*.

    ``again`` are rendered again with what is held and judged here.  Boards of the present
    publication that are not among *boards* stay where ``stays`` says so.  ``subtrees`` came whole
    and take the place of this node's; the others stay.
    """

    content: ContentRoot
    boards: dict[str, Digest]
    again: frozenset[str]
    stays: frozenset[str]
    subtrees: frozenset[str] = frozenset()

    def subtree(self, name: Subtree, before: ContentRoot | None) -> Digest | None:
        """Return the top of the subtree called *name*, where *before* was published until now."""
        whose = self.content if name in self.subtrees else before
        found: Digest | None = getattr(whose, name, None)
        return found


class ForeignPublisher(Publisher):
    """Makes publications of what others made; one caller at a time."""

    async def publish_content(self, digest: Digest, now: datetime) -> int | None:
        """Publish the content *digest*, of which all is held, as it came; None: it is current."""
        async with self._store.publications.making:
            previous = await self._previous()
            if previous is not None and previous.root.content == digest:
                return None
            content = decode_content(await self._read(digest))
            rendered = previous.rendered if previous else None
            local = await render_local(self._store, content, rendered)
            return await self._point(previous, content, local, now)

    async def publish_derived(self, derived: Derivation, now: datetime) -> int | None:
        """Publish a content of this node's own made from another; None: it is current."""
        async with self._store.publications.making:
            previous = await self._previous()
            before = previous.content if previous else None
            standing = await standing_judgements(self._store.index)
            boards = {
                board: digest
                for board, digest in (before.boards if before else {}).items()
                if board in derived.stays
            } | derived.boards
            for board in sorted(derived.again):
                boards[board] = await self._again(boards[board])
            theirs = derived.content
            through = (theirs.origin.lineage, *theirs.through)
            content = ContentRoot(
                origin=next_origin(
                    self._store, before, await self._store.publications.next_sequence()
                ),
                previous=previous.root.content if previous else None,
                published=stamp(now),
                upstream=theirs.upstream,
                boards=dict(sorted(boards.items())),
                through=through,
                recalled=tuple(recall.digest for recall in standing.recalls),
                recalls=standing.recalls,
                packages=derived.subtree("packages", before),
                photographs=derived.subtree("photographs", before),
            )
            if before is not None and _says_the_same(before, content):
                return None
            local = await render_local(
                self._store, content, previous.rendered if previous else None
            )
            return await self._point(previous, content, local, now)

    async def _again(self, document: Digest) -> Digest:
        index = self._store.index
        composer = Composer(
            None, frozenset(), await standing_judgements(index), await find_renames(index)
        )
        board = remembered_in(await self._read(document))
        published = {board.facts.board: document}
        [composed] = await self._composed([board], composer, published)
        return await self._store.blobs.put(composed.document)


def _says_the_same(before: ContentRoot, after: ContentRoot) -> bool:
    return _says(before) == _says(after)


def _says(content: ContentRoot) -> tuple[object, ...]:
    subtrees = (content.packages, content.photographs)
    return content.boards, content.recalls, content.through, content.upstream, subtrees
