"""What a run needs of its catalog when everything is fetched: the rest of it can go.

The listings of 20,000 files take six megabytes, as much as it takes to publish them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mirror.catalog.guard import file_counts
from mirror.catalog.model import BoardFacts, Catalog, CatalogBoard
from mirror.frozen import dataclass
from mirror.sync.looking_again import Again, choose_again

if TYPE_CHECKING:
    from mirror.sync.means import Means, Wishes


@dataclass(frozen=True, slots=True)
class Remainder:
    """The ``boards`` to publish, which are given once, and what is needed after that.

    ``counts`` of files are for the next run's guard, ``wanted`` are the facts of the boards of
    the policy, ``again`` are the files to look at again.
    """

    boards: Iterator[CatalogBoard]
    counts: Mapping[str, int]
    wanted: Sequence[BoardFacts]
    again: Sequence[Again]


async def remainder_of(
    means: Means, wishes: Wishes, catalog: Catalog, vanished: Sequence[CatalogBoard]
) -> Remainder:
    """Return what is needed of *catalog*, and of the *vanished* boards that it shows no more.

    To be published are the boards of the policy, and those that have something on demand.
    Raises `StorageError`.
    """
    wanted = [board.facts for board in catalog.boards if wishes.policy.rank(board) is not None]
    ids = {facts.board for facts in wanted}
    offering = [board for board in catalog.boards if board.listings or board.facts.board in ids]
    again = await choose_again(means, catalog, wishes.refetch)
    return Remainder(iter([*offering, *vanished]), file_counts(catalog), wanted, again)
