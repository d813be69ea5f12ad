"""A node that holds more than its policy keeps, and the prune that lets go of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mirror.catalog.policy import Newest, Policy
from mirror.upkeep.keeping import judge_of, pins_of
from mirror.upkeep.marking import Retention
from mirror.upkeep.prune import Kept
from mirror.upkeep.pruner import Pruner, Report, Service, Terms
from tests.sync.node import MORNING
from tests.upkeep.damaging import PICO

if TYPE_CHECKING:
    from mirror.storage.store import Store
    from tests.sync.node import TestNode

#: What the lab comes to want: one release, and only that is kept.
FEWER: Final = Policy(releases=1, keep_releases=Newest(1))
_FOUR_DAYS_S: Final = 4 * 86_400


async def outgrow(node: TestNode) -> None:
    """Have *node* hold what its policy keeps no more, and what nothing ever named."""
    await node.sync()
    await node.sync(policy=FEWER)
    assert set(await node.files()) == {PICO}
    # As if a run had been killed before it named the document.
    await node.store.blobs.put(b"a document that was never published")


async def pruned(store: Store) -> Report:
    """Prune *store*, and again when every grace is over and old documents may go."""
    seconds = [0.0]
    pruner = Pruner(
        store,
        Terms(
            retention=Retention(publications=1, age=timedelta(days=30)),
            kept=Kept((pins_of(store),), judge_of(store, FEWER)),
        ),
        clock=lambda: MORNING + timedelta(days=40),
        doubt=lambda _newest: None,
        service=Service(lambda: seconds[0]),
    )
    await pruner.prune(dry_run=False)
    seconds[0] += _FOUR_DAYS_S
    return await pruner.prune(dry_run=False)
