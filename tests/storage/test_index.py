"""What the index knows from the ledger, and how it keeps up with it."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import DamagedError, StorageError
from mirror.storage.artifacts import Holding, Totals
from mirror.storage.database import Database
from mirror.storage.entries import START
from mirror.storage.index import Index
from mirror.storage.lines import write_lines
from mirror.storage.store import Store, forget_index
from tests.storage.samples import (
    ENTRIES,
    NO_LIMIT,
    NOON,
    change,
    decision,
    noon,
    refusal,
    sighting,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy import Connection

    from mirror.storage.entries import Entry, Recorded


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    """Open an empty index."""
    async with Database(tmp_path / "mpmirror.db") as database:
        yield Index(database)


def recorded(*entries: Entry) -> list[Recorded]:
    """Return *entries* as the first lines of a ledger."""
    return write_lines(entries, START)[0]


async def everything(index: Index) -> dict[str, object]:
    """Return all that an index knows from the ledger."""
    names = ["a", "b", "c", "d", *(f"n{number}" for number in range(20))]
    return {
        "sightings": await index.sightings_of(names),
        "boards": [await index.sightings_of_board(board) for board in [*"abcd", "RPI_PICO"]],
        "held": [holding async for holding in index.held()],
        "refusals": await index.refusals_of(names),
        "changes": await index.changes(),
        "totals": await index.totals(),
        "withdrawn": await index.withdrawn_of(names),
        "position": await index.position(),
    }


async def test_what_is_held_under_a_name_is_found_until_its_bytes_are_missing(
    index: Index,
) -> None:
    await index.follow(recorded(sighting("a", b"bytes")))
    held = await index.find_held("a")
    await index.mark_missing([Digest.of(b"bytes")])

    assert held == await index.find_sighting("a")
    assert (await index.find_held("a"), await index.find_held("b")) == (None, None)


async def test_an_empty_index_knows_nothing(index: Index) -> None:
    """And stands at the beginning."""
    assert await index.find_sighting("a") is None
    assert (await index.totals(), await index.position()) == (Totals(0, 0), START)
    assert [holding async for holding in index.held()] == []


async def test_a_sighting_is_found_by_its_name_with_all_its_facts(index: Index) -> None:
    """What went into the ledger comes out of the index equal."""
    seen = sighting("a", b"bytes")
    await index.follow(recorded(seen))

    assert await index.find_sighting("a") == seen
    assert [holding async for holding in index.held()] == [
        Holding("a", "RPI_PICO", Digest.of(b"bytes"), 5)
    ]


async def test_the_first_digest_of_a_name_stays(index: Index) -> None:
    """Other bytes under a known name change nothing here."""
    first = sighting("a", b"first")
    await index.follow(recorded(first, sighting("a", b"second", minutes=1)))

    assert await index.find_sighting("a") == first


async def test_first_digests_are_known_whether_held_or_not(index: Index) -> None:
    """Of names that were seen; the others are left out."""
    await index.follow(recorded(sighting("a", b"1"), sighting("a", b"2"), sighting("b", b"3")))
    await index.mark_missing([Digest.of(b"3")])
    found = await index.first_digests(["a", "b", "c"])

    assert found == {"a": Digest.of(b"1"), "b": Digest.of(b"3")}


async def test_a_second_look_brings_new_facts_and_keeps_the_first_time(index: Index) -> None:
    """The same bytes, judged again: the newer facts count, and when it was first seen stays."""
    await index.follow(recorded(sighting("a", b"a"), sighting("a", b"a", minutes=9, board="NEW")))
    found = await index.find_sighting("a")

    assert found == sighting("a", b"a", board="NEW")


async def test_the_artifacts_of_a_board_are_those_held(index: Index) -> None:
    """Only what is there can be published."""
    await index.follow(
        recorded(sighting("b", b"b"), sighting("a", b"a"), sighting("c", b"c", board="OTHER"))
    )
    await index.mark_missing([Digest.of(b"b")])
    missing = [seen.name for seen in await index.sightings_of_board("RPI_PICO")]
    await index.mark_held([Digest.of(b"b")])
    held = [seen.name for seen in await index.sightings_of_board("RPI_PICO")]

    assert (missing, held) == (["a"], ["a", "b"])


async def test_a_new_sighting_makes_a_missing_artifact_held(index: Index) -> None:
    """What was lost and fetched again is held again."""
    first, again = sighting("a", b"a"), sighting("a", b"a", minutes=1)
    records = recorded(first, again)
    await index.follow(records[:1])
    await index.mark_missing([first.digest])
    lost = await index.totals()
    await index.follow(records[1:])

    assert (lost, await index.totals()) == (Totals(0, 0), Totals(1, 1))


async def test_many_artifacts_come_in_order_of_their_names(index: Index) -> None:
    """More than one portion, none lost and none twice."""
    wanted = [f"{number:04}" for number in range(1203)]
    await index.follow(recorded(*(sighting(name, name.encode()) for name in reversed(wanted))))

    assert [holding.name async for holding in index.held()] == wanted
    assert list(await index.sightings_of(wanted)) == wanted


async def test_a_refusal_stands_until_the_name_is_accepted(index: Index) -> None:
    """The newest refusal counts, and an acceptance ends it."""
    records = recorded(refusal("a"), refusal("a", minutes=5), sighting("a", b"a"))
    await index.follow(records[:2])
    refused = await index.refusals_of(["a", "b"])
    await index.follow(records[2:])

    assert (refused, await index.refusals_of(["a"])) == ({"a": refusal("a", minutes=5)}, {})


async def test_a_refusal_says_when_to_ask_again(index: Index) -> None:
    """The time comes back with its zone."""
    await index.follow(recorded(refusal("a")))

    assert (await index.refusals_of(["a"]))["a"].retry_at == NOON + timedelta(hours=1)


async def test_alarms_about_changed_bytes_are_kept_once_each(index: Index) -> None:
    """The same change seen twice is one alarm."""
    await index.follow(recorded(change("a", b"x"), change("a", b"x"), change("a", b"y")))

    assert {alarm.later for alarm in await index.changes()} == {Digest.of(b"x"), Digest.of(b"y")}
    assert len(await index.changes(limit=1)) == 1


async def test_what_does_not_stand_next_is_not_followed(index: Index) -> None:
    """A gap, a repetition or another ledger changes nothing."""
    records = recorded(decision("a"), sighting("b", b"b"))
    gap = await index.follow(records[1:])
    first = await index.follow(records[:1])
    again = await index.follow(records[:1])
    other = await index.follow(write_lines([decision("x")], recorded(decision("y"))[0].position)[0])

    assert (gap, first, again, other) == (False, True, False, False)
    assert await index.position() == records[0].position
    assert await index.find_sighting("b") is None


async def test_following_nothing_is_no_step(index: Index) -> None:
    """The place stays."""
    assert (await index.follow([]), await index.position()) == (True, START)


@pytest.fixture
async def empty(tmp_path: Path) -> Path:
    """Return a database in its newest shape, closed."""
    async with Database(tmp_path / "empty.db"):
        return tmp_path / "empty.db"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(ENTRIES, max_size=12), st.integers(1, 5))
async def test_however_the_ledger_is_cut_the_index_ends_the_same(
    empty: Path, tmp_path_factory: pytest.TempPathFactory, entries: list[Entry], step: int
) -> None:
    """All in one step, or a few lines at a time: equal in everything, also for who asked before."""
    records = recorded(*entries)
    folder = tmp_path_factory.mktemp("index")
    for name in ("one.db", "two.db"):
        shutil.copy(empty, folder / name)
    async with Database(folder / "one.db") as one, Database(folder / "two.db") as two:
        asked = Index(two)
        await Index(one).follow(records)
        for start in range(0, len(records), step):
            await asked.find_sighting("a")
            await asked.follow(records[start : start + step])

        known = await everything(Index(one))
        assert (await everything(Index(two)), await everything(asked)) == (known, known)


class Breaker:
    """Lets a database break off one piece of work, after some of its own steps."""

    def __init__(self) -> None:
        self.left: int | None = None

    async def install(self, database: Database) -> None:
        """Have the database ask, after every third of its steps."""

        def work(connection: Connection) -> None:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.set_progress_handler(self._ask, 3)

        await database.run(work)

    def _ask(self) -> bool:
        if self.left is None:
            return False
        self.left = self.left - 1 if self.left else None
        return self.left is None


async def everything_after(index: Index, records: list[Recorded]) -> dict[str, object]:
    """Follow *records* as far as it goes, and return all that is known then."""
    with suppress(StorageError):
        await index.follow(records)
    return await everything(index)


async def test_wherever_following_is_broken_off_all_of_it_is_there_or_nothing(
    tmp_path: Path,
) -> None:
    """After any number of steps, until one attempt comes to its end."""
    records = recorded(sighting("a", b"a"), refusal("b"), change("a", b"x"), sighting("b", b"b"))
    async with Database(tmp_path / "one.db") as one, Database(tmp_path / "two.db") as two:
        index, breaker = Index(one), Breaker()
        found: list[dict[str, object]] = []
        before = await everything_after(index, records[:1])
        after = await everything_after(Index(two), records)
        while after not in found:
            # Each time: after an error the connection is another one.
            await breaker.install(one)
            breaker.left = len(found)
            with suppress(StorageError):
                await index.follow(records[1:])
            breaker.left = None
            found.append(await everything(index))

        assert found == [before] * (len(found) - 1) + [after]
        assert len(found) > 10


# --- with a whole store -----------------------------------------------------------------


async def fill(store: Store) -> None:
    """Hold and record a few artifacts, and what else happens to names."""
    for number in range(20):
        data = f"bytes {number}".encode()
        await store.blobs.put(data)
        await store.ledger.append([sighting(f"n{number}", data, minutes=number)])
    await store.ledger.append([refusal("a"), change("n1", b"other"), decision("n2")])


async def reopened(folder: Path) -> dict[str, object]:
    """Open the store in *folder* once more, and return all that its index knows."""
    async with Store.open(folder, clock=noon, terms=NO_LIMIT) as store:
        return await everything(store.index)


async def test_without_its_database_a_store_loses_nothing(tmp_path: Path) -> None:
    """Deleted or forgotten, the index comes back equal."""
    async with Store.open(tmp_path, clock=noon, terms=NO_LIMIT) as store:
        await fill(store)
        before = await everything(store.index)
    (tmp_path / "mpmirror.db").unlink()
    deleted = await reopened(tmp_path)
    await forget_index(tmp_path)
    gone = (tmp_path / "mpmirror.db").exists()

    assert (deleted, gone, await reopened(tmp_path)) == (before, False, before)


async def test_a_rebuilt_index_looks_which_blobs_are_held(tmp_path: Path) -> None:
    """A blob that is gone is not called held."""
    async with Store.open(tmp_path, clock=noon, terms=NO_LIMIT) as store:
        await fill(store)
        await store.blobs.remove(Digest.of(b"bytes 7"))
    await forget_index(tmp_path)
    async with Store.open(tmp_path, clock=noon, terms=NO_LIMIT) as store:
        held = {holding.name async for holding in store.index.held()}

    assert {f"n{number}" for number in range(20)} - held == {"n7"}


async def test_an_index_behind_the_ledger_catches_up(tmp_path: Path) -> None:
    """A crash between ledger and database costs nothing."""
    async with Store.open(tmp_path, clock=noon, terms=NO_LIMIT) as store:
        await store.ledger.append([sighting("n0", b"0")])
    old = (tmp_path / "mpmirror.db").read_bytes()
    async with Store.open(tmp_path, clock=noon, terms=NO_LIMIT) as store:
        await fill(store)
        before = await everything(store.index)
    (tmp_path / "mpmirror.db").write_bytes(old)

    assert await reopened(tmp_path) == before


async def test_an_index_ahead_of_the_ledger_is_damage(tmp_path: Path) -> None:
    """The ledger lost whole lines at its end: the chain can not show that, the index can."""
    async with Store.open(tmp_path, clock=noon, terms=NO_LIMIT) as store:
        await store.ledger.append([sighting("n0", b"0")])
        size = (tmp_path / "ledger" / "000000001.jsonl").stat().st_size
        await store.ledger.append([sighting("n1", b"1")])
    with (tmp_path / "ledger" / "000000001.jsonl").open("r+b") as file:
        file.truncate(size)
    with pytest.raises(DamagedError, match="ends with line 1, but the database has seen line 2"):
        await reopened(tmp_path)


@pytest.mark.parametrize("extra", [0, 1])
async def test_an_index_of_another_ledger_is_damage(tmp_path: Path, extra: int) -> None:
    """Of the same length or a shorter one: the hash of its last line tells."""
    for name, count in (("one", 1), ("two", 1 + extra)):
        async with Store.open(tmp_path / name, clock=noon, terms=NO_LIMIT) as store:
            await store.ledger.append([decision(name) for _ in range(count)])
    (tmp_path / "one" / "mpmirror.db").replace(tmp_path / "two" / "mpmirror.db")
    with pytest.raises(DamagedError, match="line 1 is another one than is remembered"):
        await reopened(tmp_path / "two")


async def test_lines_that_the_index_missed_come_with_the_next_append(store: Store) -> None:
    """When the database fails right after the ledger was written, nothing is lost."""
    follower = store.ledger.follower
    store.ledger.followed_by(None)
    await store.ledger.append([sighting("n0", b"0")])
    store.ledger.followed_by(follower)
    await store.ledger.append([sighting("n1", b"1")])

    assert set(await store.index.sightings_of(["n0", "n1"])) == {"n0", "n1"}


async def test_a_large_ledger_is_followed_in_portions(tmp_path: Path) -> None:
    """From nothing, over more than one portion, with the blobs looked for."""
    wanted = [f"n{number:04}" for number in range(1203)]
    async with Store.open(tmp_path, clock=noon, terms=NO_LIMIT) as store:
        await store.blobs.put_many(name.encode() for name in wanted[1:])
        await store.ledger.append([sighting(name, name.encode()) for name in wanted])
    await forget_index(tmp_path)
    async with Store.open(tmp_path, clock=noon, terms=NO_LIMIT) as store:
        assert [holding.name async for holding in store.index.held()] == wanted[1:]
        assert await store.index.position() == store.ledger.head
