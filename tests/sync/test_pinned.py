"""Pins in a sync run: what they want is fetched and published, and nothing joins unasked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.pins import Pin, parse_wish
from mirror.catalog.plan import Newest, Policy
from mirror.catalog.policy import FLASHABLE
from mirror.errors import DamagedError
from mirror.judgement.judge import Judge
from mirror.judgement.requests import Request
from mirror.storage.judgements import What
from mirror.sync.known_board import find_document, known_board
from mirror.sync.pinned import missing_pinned, pinned_names, recalled_pinned
from tests.catalog.pins import pin_of
from tests.replica import Misbehaviour, Replica
from tests.sync.node import MORNING, node_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sync.node import TestNode

NEW = "RPI_PICO-20260406-v1.28.0.uf2"
OLD = "RPI_PICO-20251209-v1.27.0.uf2"
OLDEST = "RPI_PICO-20250911-v1.26.1.uf2"
PREVIEWS = [f"v1.29.0-preview.{number}.g5f2181f938" for number in range(1, 5)]
ONE_RELEASE = Policy(releases=1)
NOTHING = Policy(boards=("ESP32_GENERIC",), releases=1)


def site() -> Replica:
    """Return a site of two boards, one of them with three releases."""
    replica = Replica.of("RPI_PICO", "ESP32_GENERIC")
    replica.release("RPI_PICO", "v1.26.1", date="2025-09-11")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    replica.release("ESP32_GENERIC", "v1.28.0", date="2026-04-06")
    return replica


def later_pin(version: str) -> Pin:
    """Return a pin of a version of RPI_PICO that takes what comes later."""
    wish = parse_wish("RPI_PICO", version, FLASHABLE)
    return Pin(id=wish.id, wish=wish, why="exam", by="ada", time=MORNING, later=True)


async def states(node: TestNode) -> dict[str, str]:
    """Return how the document of RPI_PICO has each artifact."""
    document = await find_document(node.store, "RPI_PICO")
    assert document is not None
    held = {file.name: file.state.value for one in document.releases for file in one.files}
    return held | {one.name: one.state.value for one in document.on_demand}


async def test_what_is_pinned_is_fetched_and_held_whatever_the_policy_wants(
    tmp_path: Path,
) -> None:
    """The digest goes to the pin, and a second run changes nothing."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.store.pins.put(pin_of(OLD))
        outcome = await node.sync(policy=NOTHING)
        [pin] = await node.store.pins.all()
        again = await node.sync(policy=NOTHING)

        assert (outcome.exit_status, outcome.wanted, outcome.held) == (0, 3, 3)
        assert await states(node) == {NEW: "on-demand", OLD: "held", OLDEST: "on-demand"}
        assert pin.names == {OLD: (await node.files())[OLD].digest}
        assert (again.ending.value, again.fetched) == ("unchanged", 0)


async def test_what_is_pinned_and_recalled_is_dealt_with(tmp_path: Path) -> None:
    """A recall outranks a pin: no run can hold it, so none is incomplete without it."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.store.pins.put(pin_of(OLD))
        await node.sync(policy=NOTHING)
        digest = (await node.files())[OLD].digest
        judge = Judge(store=node.store, upstream=url, clock=lambda: node.now)
        await judge.apply(Request(What.RECALL, str(digest), "it bricks boards", "ada"))
        outcome = await node.sync(policy=NOTHING)

        assert (outcome.exit_status, outcome.troubles) == (0, ())
        assert [one.subject for one in outcome.dealt_with] == [OLD]
        assert await missing_pinned(node.store) == (OLD,)
        assert await recalled_pinned(node.store) == {OLD}


async def test_a_pin_that_could_not_be_fetched_stays_wanted(tmp_path: Path) -> None:
    """The run is not complete, names it, and the next run has it."""
    replica = site()
    replica.misbehave(OLD, Misbehaviour.ZEROS, None)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.store.pins.put(pin_of(OLD))
        outcome = await node.sync(policy=ONE_RELEASE)
        missing = await missing_pinned(node.store)
        replica.behave()
        mended = await node.sync(policy=ONE_RELEASE)

        assert (outcome.exit_status, [one.subject for one in outcome.troubles]) == (4, [OLD])
        assert missing == (OLD,)
        assert (mended.exit_status, await missing_pinned(node.store)) == (0, ())


async def test_a_pin_that_is_neither_held_nor_listed_leaves_a_run_incomplete(
    tmp_path: Path,
) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.store.pins.put(pin_of("RPI_PICO-20200902-v1.13.uf2"))
        outcome = await node.sync(policy=ONE_RELEASE)

        assert outcome.exit_status == 4
        assert [(one.subject, one.text) for one in outcome.troubles] == [
            (
                "RPI_PICO-20200902-v1.13.uf2",
                "it is pinned and not held, and upstream does not list it",
            )
        ]


async def test_what_comes_later_joins_only_a_pin_that_says_so(tmp_path: Path) -> None:
    """A version that upstream has not yet is no reason to be incomplete."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        closed, waiting = pin_of(OLD), later_pin("v1.29.0")
        for pin in (closed, waiting):
            await node.store.pins.put(pin)
        before = await node.sync(policy=NOTHING)
        replica.release("RPI_PICO", "v1.29.0", date="2026-08-01")
        replica.release("RPI_PICO", "v1.27.0", date="2025-12-12")
        after = await node.sync(policy=NOTHING)
        names = {pin.id: list(pin.names) for pin in await node.store.pins.all()}

        assert (before.exit_status, after.exit_status) == (0, 0)
        assert names == {closed.id: [OLD], waiting.id: ["RPI_PICO-20260801-v1.29.0.uf2"]}


async def test_a_pin_made_while_a_run_goes_on_is_in_what_it_publishes(tmp_path: Path) -> None:
    """What was fetched on demand before becomes held by its pin alone."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync(policy=Policy(releases=2))
        digest = (await node.files())[OLD].digest
        await node.store.pins.put(pin_of(OLD, digest=digest))
        await node.sync(policy=replace(ONE_RELEASE, keep_releases=Newest(1)))

        assert (await states(node))[OLD] == "held"


async def test_a_damaged_pin_ends_a_run_and_nothing_is_let_go(tmp_path: Path) -> None:
    """Nobody knows then what must stay; what is served is served on."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        root = await node.root()
        await node.store.pins.put(pin_of(OLD))
        (tmp_path / "data" / "pins" / f"{pin_of(OLD).id}.json").write_bytes(b"{")
        outcome = await node.sync(policy=ONE_RELEASE)

        assert outcome.exit_status == DamagedError.exit_status
        assert await node.root() == root


async def test_what_is_no_longer_kept_is_on_demand_and_its_bytes_stay(tmp_path: Path) -> None:
    """Previews that the policy wanted stay held until ``keep_previews`` lets go of them."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        for day, version in enumerate(PREVIEWS, start=1):
            replica.release("RPI_PICO", version, date=f"2026-08-{day:02}")
            outcome = await node.sync(policy=Policy(keep_previews=Newest(3)))
            assert outcome.exit_status == 0
        found = await states(node)
        held = await node.store.index.held_digests(found)

    previews = [f"RPI_PICO-2026080{day}-{version}.uf2" for day, version in enumerate(PREVIEWS, 1)]
    assert [found[name] for name in previews] == ["on-demand", "held", "held", "held"]
    assert set(previews) <= set(held)


async def test_releases_that_are_no_longer_wanted_stay_held(tmp_path: Path) -> None:
    """A smaller policy changes no publication as long as all releases are kept."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        root = await node.root()
        outcome = await node.sync(policy=NOTHING)

        assert (outcome.ending.value, await node.root()) == ("unchanged", root)


async def test_what_is_known_of_a_board_has_its_pins_and_what_is_only_cached(
    tmp_path: Path,
) -> None:
    """A file that was fetched on demand is held, and no publication promises it."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync(policy=Policy(releases=2))
        pin = pin_of("RPI_PICO-20200902-v1.13.uf2")
        await node.store.pins.put(pin)
        await node.sync(policy=replace(ONE_RELEASE, keep_releases=Newest(1)))
        found = await known_board(node.store, url, "RPI_PICO")

        assert (found.held, found.on_demand) == ((OLD, NEW), (OLD,))
        assert found.pinned == {"RPI_PICO-20200902-v1.13.uf2": pin.id}
        assert await pinned_names(node.store) == dict(found.pinned)


@pytest.mark.parametrize("name", [OLD, OLDEST])
async def test_a_pin_outlives_the_listing(tmp_path: Path, name: str) -> None:
    """What is pinned and withdrawn stays held, and completeness is not lowered by it."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.store.pins.put(pin_of(name))
        await node.sync(policy=ONE_RELEASE)
        replica.withdraw(name)
        outcome = await node.sync(policy=ONE_RELEASE, accept_shrunken=True)

        assert outcome.exit_status == 0
        assert (await states(node))[name] == "held"


async def test_a_publication_that_can_not_be_read_hides_nothing_else_of_a_board(
    tmp_path: Path,
) -> None:
    """What is held and pinned is told all the same."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        await node.store.pins.put(pin_of(OLD))
        root = await node.store.publications.current()
        assert root is not None
        await node.store.blobs.remove(root)
        found = await known_board(node.store, url, "RPI_PICO")

        assert (found.held, dict(found.pinned)) == ((OLDEST, OLD, NEW), {OLD: pin_of(OLD).id})
