"""Who keeps what: the pins, and the rules of the policy, over a store that was synced."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.catalog.plan import Policy
from mirror.catalog.policy import Newest
from mirror.upkeep.keeping import judge_of, pins_of
from tests.catalog.pins import pin_of
from tests.replica import Replica
from tests.sync.node import WISHES, node_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sync.node import TestNode

EVERYTHING = Policy(releases=None)
NEWEST, OLDER = "RPI_PICO-20260406-v1.28.0.uf2", "RPI_PICO-20251209-v1.27.0.uf2"


def site() -> Replica:
    """Return a site of one board with two releases."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    return replica


async def let_go(node: TestNode, policy: Policy) -> dict[str, str]:
    """Return what *policy* lets go of what *node* holds, with the rule."""
    held = [one async for one in node.store.index.held()]
    return dict(await judge_of(node.store, policy)(held))


async def test_without_a_bound_every_release_is_kept(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync(policy=EVERYTHING)

        assert await let_go(node, Policy(releases=1)) == {}


async def test_what_is_over_the_bound_goes_by_the_rule_that_says_so(tmp_path: Path) -> None:
    """The newest is always kept."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync(policy=EVERYTHING)
        bounded = replace(WISHES.policy, releases=1, keep_releases=Newest(1))

        assert await let_go(node, bounded) == {OLDER: "policy.keep_releases = 1"}


async def test_the_digests_of_all_pins_are_kept(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync(policy=EVERYTHING)
        digest = (await node.files())[OLDER].digest
        await node.store.pins.put(pin_of(OLDER, digest=digest))

        assert await pins_of(node.store)() == {digest}
