"""What the index knows of absent files: withdrawals from the ledger, the rest by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.origins import ADOPTED, LOCAL
from mirror.catalog.values import Digest
from mirror.catalog.withdrawal import Absence, Known
from mirror.storage.database import Database
from mirror.storage.entries import START, Return, Sighting, Withdrawal
from mirror.storage.index import Index
from mirror.storage.lines import write_lines
from mirror.storage.store import Store, forget_index
from tests.storage.samples import NO_LIMIT, NOON, noon, sighting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.storage.entries import Entry, Recorded

LATER = NOON + timedelta(days=1)
WITHDRAWAL = Withdrawal(LATER, "a", "RPI_PICO", NOON)


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    """Open an empty index."""
    async with Database(tmp_path / "mpmirror.db") as database:
        yield Index(database)


def recorded(*entries: Entry) -> list[Recorded]:
    """Return *entries* as the first lines of a ledger."""
    return write_lines(entries, START)[0]


def brought(name: str, origin: str) -> Sighting:
    """Return the sighting of a file that upstream was never seen to list."""
    return Sighting(
        NOON, name, origin, "RPI_PICO", Digest.of(b"b"), 1, "0" * 32, sighting("a", b"").verdict
    )


async def test_only_what_a_crawl_can_change_is_judged(index: Index) -> None:
    """Neither what is listed and never missed, nor what is withdrawn and not listed."""
    await index.follow(recorded(*(sighting(name, name.encode()) for name in "abcd"), WITHDRAWAL))
    await index.begin_missing([Known("b", "RPI_PICO"), Known("c", "RPI_PICO")], NOON)
    known = await index.to_judge({"c", "x"}, {})

    assert {one.name: one.absence for one in known} == {
        "b": Absence(NOON),
        "c": Absence(NOON),
        "d": None,
    }


async def test_what_operators_brought_is_never_missed(index: Index) -> None:
    await index.follow(recorded(brought("a", ADOPTED), brought("b", LOCAL)))

    assert await index.to_judge(set(), {}) == []


async def test_names_that_were_never_held_are_judged_once(index: Index) -> None:
    """Those of whole pages that are gone; what is known of them comes back with them."""
    first = await index.to_judge(set(), {"n": "B"})
    await index.begin_missing(first, NOON)

    assert first == [Known("n", "B")]
    assert await index.to_judge(set(), {"n": "B"}) == [Known("n", "B", Absence(NOON))]
    assert await index.to_judge(set(), {}) == [Known("n", "B", Absence(NOON))]


async def test_what_is_seen_again_is_forgotten(index: Index) -> None:
    await index.begin_missing([Known("a", "B"), Known("b", "B")], NOON)
    await index.end_missing(["a"])

    assert await index.to_judge(set(), {}) == [Known("b", "B", Absence(NOON))]


async def test_withdrawals_are_counted_as_far_as_they_are_held(index: Index) -> None:
    never_held = Withdrawal(LATER, "n", "B", NOON)
    await index.follow(recorded(sighting("a", b"a"), WITHDRAWAL, never_held))
    before = await index.withdrawn_and_held()
    await index.mark_missing([Digest.of(b"a")])

    assert (before, await index.withdrawn_and_held()) == (1, 0)


async def test_what_returned_is_withdrawn_no_more(index: Index) -> None:
    await index.follow(recorded(sighting("a", b"a"), WITHDRAWAL, Return(LATER, "a")))

    assert await index.withdrawn_of(["a"]) == {}


async def test_one_artifact_with_two_names_is_known_by_both(index: Index) -> None:
    """But two names that are listed together are two artifacts, whatever their bytes."""
    await index.follow(
        recorded(
            sighting("a", b"same"),
            sighting("b", b"same", board="NEW"),
            sighting("c", b"other"),
            sighting("d", b"other"),
            WITHDRAWAL,
        )
    )

    assert await index.other_names("RPI_PICO") == {"a": ("b",)}
    assert await index.other_names("NEW") == {"b": ("a",)}


async def test_a_board_is_absent_when_all_its_files_are(index: Index) -> None:
    await index.follow(
        recorded(sighting("a", b"same"), sighting("b", b"same", board="NEW"), WITHDRAWAL)
    )

    assert await index.absent_boards() == {"RPI_PICO": {"a": Digest.of(b"same")}}
    assert await index.boards_sharing("RPI_PICO") == {"NEW": {"b": Digest.of(b"same")}}


async def test_withdrawals_survive_the_loss_of_the_database(tmp_path: Path) -> None:
    """They are in the ledger; what was only missed so far is counted anew."""
    folder = tmp_path / "data"
    async with Store.open(folder, clock=noon, terms=NO_LIMIT) as store:
        await store.ledger.append([sighting("a", b"a"), WITHDRAWAL])
        await store.index.begin_missing([Known("n", "B")], NOON)
    await forget_index(folder)
    async with Store.open(folder, clock=noon, terms=NO_LIMIT) as store:
        assert await store.index.withdrawn_of(["a"]) == {"a": NOON}
        assert await store.index.to_judge(set(), {}) == []
