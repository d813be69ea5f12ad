"""What awaits a second look is known to the index, and to nobody who serves."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.storage.database import Database
from mirror.storage.entries import (
    SECOND_FETCH,
    SIBLINGS,
    START,
    Change,
    Entry,
    Look,
    Refusal,
)
from mirror.storage.index import Index
from mirror.storage.lines import find_line, write_lines
from tests.storage.samples import NOON, REASONS, sighting

if TYPE_CHECKING:
    from mirror.storage.entries import Sighting

ONE, OTHER = b"one", b"other"


def seen(name: str, data: bytes, awaits: tuple[str, ...] = ()) -> Sighting:
    """Return a sighting that compared itself with the other name."""
    found = sighting(name, data)
    other = "b" if name == "a" else "a"
    agreeing = replace(found.verdict, agrees_with=(other,))
    return replace(found, verdict=agreeing, awaits=awaits)


WAITING = replace(sighting("a", ONE), awaits=(SECOND_FETCH, SIBLINGS))
NAMES, DATA = st.sampled_from("ab"), st.sampled_from([ONE, OTHER])
AWAITS = st.sampled_from([(), (SIBLINGS,), (SECOND_FETCH, SIBLINGS)])
ENTRIES: st.SearchStrategy[Entry] = st.one_of(
    st.builds(seen, NAMES, DATA, AWAITS),
    st.builds(
        lambda name, data, awaits: Look(NOON, name, Digest.of(data), SIBLINGS, awaits),
        NAMES,
        DATA,
        AWAITS,
    ),
    st.builds(lambda n, d: Refusal(NOON, n, "https://x", REASONS, Digest.of(d)), NAMES, DATA),
    st.builds(
        lambda n, d, e: Change(NOON, n, "https://x", Digest.of(d), Digest.of(e)), NAMES, DATA, DATA
    ),
)


async def state(folder: Path, portions: list[list[Entry]]) -> object:
    """Follow *portions* one after the other; return what the index knows then."""
    after = START
    async with Database(folder / "index.db") as database:
        index = Index(database)
        for portion in portions:
            records, _ = write_lines(portion, after)
            assert await index.follow(records)
            after = records[-1].position
        pending = await index.pending()
        artifacts = await index.sightings_of(["a", "b"])
        return pending, artifacts, set(await index.refusals_of(["a", "b"]))


async def index_after(folder: Path, *entries: Entry) -> tuple[dict[str, Sighting], list[str]]:
    """Return what is pending after *entries*, and the names that are held."""
    async with Database(folder / "index.db") as database:
        index = Index(database)
        assert await index.follow(write_lines(entries, START)[0])
        return await index.pending(), [one.name async for one in index.held()]


async def test_what_waits_is_pending_and_not_held(tmp_path: Path) -> None:
    pending, held = await index_after(tmp_path, WAITING)

    assert (pending, held) == ({"a": WAITING}, [])


async def test_it_is_held_when_it_waits_for_nothing_more(tmp_path: Path) -> None:
    """As first seen then, not when it was confirmed."""
    one = Look(NOON + timedelta(days=1), "a", WAITING.digest, SECOND_FETCH, (SIBLINGS,))
    two = replace(one, how=SIBLINGS, awaits=())
    pending, held = await index_after(tmp_path, WAITING, one, two)

    assert (pending, held) == ({}, ["a"])


async def test_a_look_at_other_bytes_confirms_nothing(tmp_path: Path) -> None:
    look = Look(NOON, "a", Digest.of(OTHER), SECOND_FETCH)

    assert await index_after(tmp_path, WAITING, look) == ({"a": WAITING}, [])


@pytest.mark.parametrize("data", [ONE, OTHER])
async def test_an_alarm_about_these_bytes_ends_the_waiting(tmp_path: Path, data: bytes) -> None:
    """About others it does not."""
    alarm = Change(NOON, "a", "https://x", Digest.of(data), Digest.of(b"later"))
    pending, held = await index_after(tmp_path, WAITING, alarm)

    assert (set(pending), held) == ({"a"} if data == OTHER else set(), [])


@pytest.mark.parametrize("data", [ONE, OTHER])
async def test_a_refusal_of_these_bytes_ends_the_waiting(tmp_path: Path, data: bytes) -> None:
    """Of others it does not."""
    refusal = Refusal(NOON, "a", "https://x", REASONS, Digest.of(data))
    pending, held = await index_after(tmp_path, WAITING, refusal)

    assert (set(pending), held) == ({"a"} if data == OTHER else set(), [])


@given(st.lists(ENTRIES, min_size=1, max_size=8), st.data())
@settings(max_examples=25, deadline=None)
def test_however_the_ledger_is_cut_the_index_is_the_same(
    entries: list[Entry], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(entries)))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        whole = asyncio.run(state(Path(one), [entries]))
        parts = [part for part in (entries[:cut], entries[cut:]) if part]

        assert asyncio.run(state(Path(two), parts)) == whole


def test_a_look_is_written_and_read_back() -> None:
    look = Look(NOON, "a", Digest.of(ONE), SIBLINGS, (SECOND_FETCH,))
    [recorded], [line] = write_lines([look], START)
    read = find_line(line.rstrip(b"\n"))

    assert read is not None
    assert read.entry == look == recorded.entry
