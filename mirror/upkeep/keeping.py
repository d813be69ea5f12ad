"""Who keeps what is held, whatever no publication names: the pins, and the policy's rules.

And what the policy will want next, by the pages as they were last read.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

from mirror.catalog.keeping import keeps
from mirror.catalog.local_names import is_local
from mirror.catalog.names import ArtifactName
from mirror.catalog.plan import plan
from mirror.sync.known_board import find_document
from mirror.sync.pinned import pinned_names
from mirror.sync.remembered_board import remembered_catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mirror.catalog.policy import Policy
    from mirror.catalog.values import Digest
    from mirror.storage.artifacts import Holding
    from mirror.storage.store import Store
    from mirror.upkeep.prune import Foresight, Judge, Keeper


def pins_of(store: Store) -> Keeper:
    """Return what gives the digests of all pins; it raises `DamagedError` for a damaged pin."""

    async def pinned() -> set[Digest]:
        return {digest for pin in await store.pins.all() for digest in pin.digests}

    return pinned


def judge_of(store: Store, policy: Policy) -> Judge:
    """Return what says by which rule of *policy* each artifact that it no longer keeps goes.

    Own builds are nobody's but the operator's: no rule lets them go.
    """

    async def judge(held: Sequence[Holding]) -> Mapping[str, str]:
        boards: dict[str, list[str]] = defaultdict(list)
        for holding in held:
            if not is_local(holding.name):
                boards[holding.board].append(holding.name)
        rules: dict[str, str] = {}
        for board in await asyncio.to_thread(_letting_go, boards, policy):
            # Old names belong to a variant by their port: only then it is looked up.
            rules |= _let_go(boards[board], policy, await _port(store, board))
        return rules

    return judge


def foresight_of(store: Store, upstream: str, policy: Policy) -> Foresight:
    """Return what gives the names that *policy* and pins want of *upstream*, its base URL.

    Of boards whose pages are not remembered all that is held counts as wanted.
    """

    async def expected() -> set[str]:
        catalog = await remembered_catalog(store.index, upstream)
        held = {one.name: one.board async for one in store.index.held()}
        pinned = await pinned_names(store, catalog.boards)
        todo = await asyncio.to_thread(plan, catalog, held, policy, pinned)
        known = {board.facts.board for board in catalog.boards}
        unknown = {name for name, board in held.items() if board not in known}
        return {str(listing.name) for listing in todo.wanted} | unknown

    return expected


def _letting_go(boards: Mapping[str, Iterable[str]], policy: Policy) -> list[str]:
    return [board for board, names in boards.items() if _let_go(names, policy, None)]


def _let_go(names: Iterable[str], policy: Policy, port: str | None) -> dict[str, str]:
    judged = keeps(map(ArtifactName.parse, names), policy, port=port)
    return {str(one.name): str(one.rule) for one in judged if not one.kept}


async def _port(store: Store, board: str) -> str | None:
    document = await find_document(store, board)
    return document.port if document else None
