"""Which boards would be rendered as they were: what their documents follow from is the same.

Everything counts, by digest: what the page said, what the index knows of its files, what is
wanted and judged, and the document that was published.  So a crawl without news renders
nothing, and none of it has to be read again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from mirror.catalog.model import CatalogBoard
from mirror.catalog.policy import Policy
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.sync.marking import Renames
from mirror.sync.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mirror.catalog.values import Digest
    from mirror.storage.index import Index
    from mirror.storage.store import Store

_BOARD: Final = Shape(CatalogBoard)
# So that the database's thread, which others wait for, is not kept for long.
_AT_ONCE: Final = 25
# Of so many boards the documents are in memory, for one wait for the disk, and of so many files
# what is known of them; a single board may have more.
_BOARDS_TOGETHER: Final = 8
_FILES_TOGETHER: Final = 256


@dataclass(frozen=True, slots=True)
class Ground:
    """What all boards have in common: *wanted* are names, the rest is as for the publisher."""

    policy: Policy | None
    wanted: Collection[str]
    standing: Standing
    renames: Renames

    def digest(self) -> bytes:
        """Return a digest of all of it; this blocks."""
        judged = (self.standing.recalls, sorted(self.standing.hidden))
        renamed = (sorted(self.renames.to.items()), sorted(self.renames.since.items()))
        found = hashlib.blake2b(repr((self.policy, judged, renamed)).encode())
        for name in self.wanted:
            found.update(f"{name}\n".encode())
        return found.digest()


@dataclass(frozen=True, slots=True)
class Seen:
    """The boards that are *changed*, with their grounds; of the others what is *offered*."""

    changed: deque[tuple[CatalogBoard, bytes]]
    offered: dict[str, str]

    def portions(self) -> Iterator[list[tuple[CatalogBoard, bytes]]]:
        """Yield the changed boards in lists, each small enough to be rendered together.

        Each board once: who asks for the next portion may be the last who had the one before.
        """
        some: list[tuple[CatalogBoard, bytes]] = []
        files = 0
        while self.changed:
            some.append(self.changed.popleft())
            files += len(some[-1][0].listings)
            if len(some) >= _BOARDS_TOGETHER or files >= _FILES_TOGETHER:
                yield some
                some, files = [], 0
        if some:
            yield some


async def compare(
    store: Store, ground: Ground, boards: Sequence[CatalogBoard], published: Mapping[str, Digest]
) -> Seen:
    """Find those of *boards* whose documents may come out other than the *published* ones.

    Also those that are damaged.  Raises `StorageError`.
    """
    grounds = await _grounds_of(store.index, boards, await asyncio.to_thread(ground.digest))
    same = {
        board: known
        for board, known in store.publications.rendered.boards.items()
        if (known.grounds, known.document) == (grounds.get(board), published.get(board))
    }
    damaged = await store.blobs.unsound(known.document for known in same.values())
    offered = {
        board: known.offered for board, known in same.items() if known.document not in damaged
    }
    ids = {board.facts.board: board for board in boards}
    changed = ((board, grounds[name]) for name, board in ids.items() if name not in offered)
    return Seen(deque(changed), offered)


def listed_on(boards: Iterable[CatalogBoard]) -> dict[str, list[str]]:
    """Return the names that the page of each of *boards* lists, by board id."""
    return {board.facts.board: [str(one.name) for one in board.listings] for board in boards}


async def _grounds_of(
    index: Index, boards: Sequence[CatalogBoard], common: bytes
) -> dict[str, bytes]:
    """Return a digest of what the document of each of *boards* follows from, by board id.

    But for the document that was published before.
    """
    found: dict[str, bytes] = {}
    for start in range(0, len(boards), _AT_ONCE):
        some = boards[start : start + _AT_ONCE]
        known = await index.grounds_of(listed_on(some))
        found.update(await asyncio.to_thread(_digests, some, known, common))
    return found


def _digests(
    boards: Sequence[CatalogBoard], known: dict[str, bytes], common: bytes
) -> dict[str, bytes]:
    return {
        board.facts.board: hashlib.blake2b(
            _BOARD.dump_json(board) + known[board.facts.board] + common
        ).digest()
        for board in boards
    }
