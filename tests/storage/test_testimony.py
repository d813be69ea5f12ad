"""What the ledger knows of some bytes, and how that stands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import DamagedError
from mirror.storage.entries import SIBLINGS, Change, Decision, Look, Refusal
from mirror.storage.testimony import MOST_RECORDS, Known, Standing, look_up
from tests.storage.samples import NOON, REASONS, decision, open_folder, sighting

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.entries import Entry

DATA, OTHER = b"firmware", b"other firmware"
DIGEST, LATER = Digest.of(DATA), Digest.of(OTHER)
SEEN = sighting("a.uf2", DATA)
ALARM = Change(NOON, "a.uf2", "https://micropython.test/a.uf2", DIGEST, LATER)
REFUSED = Refusal(NOON, "b.uf2", "https://micropython.test/b.uf2", REASONS, DIGEST, 8)
WAITING = replace(SEEN, awaits=(SIBLINGS,))
CONFIRMED = Look(NOON, "a.uf2", DIGEST, SIBLINGS)
RECALL = Decision(NOON, "recall", str(DIGEST), "it bricks boards", "operator")


async def known_of(folder: Path, digest: Digest, entries: list[Entry]) -> Known:
    """Write *entries* to a ledger and ask it about *digest*."""
    ledger = open_folder(folder / "data").parts.ledger
    await ledger.append(entries)
    [found] = await look_up(ledger, [digest])
    return found


@pytest.mark.parametrize(
    ("entries", "standing"),
    [
        ([SEEN], Standing.ACCEPTED),
        ([SEEN, ALARM], Standing.ACCEPTED),
        ([SEEN, REFUSED], Standing.ACCEPTED),
        ([REFUSED], Standing.REFUSED),
        ([REFUSED, SEEN], Standing.ACCEPTED),
        ([SEEN, RECALL], Standing.RECALLED),
        ([SEEN, RECALL, SEEN], Standing.RECALLED),
        ([WAITING], Standing.AWAITING),
        ([WAITING, CONFIRMED], Standing.ACCEPTED),
        ([WAITING, ALARM], Standing.CHANGED),
        ([WAITING, REFUSED], Standing.REFUSED),
        ([sighting("c.uf2", OTHER), decision("c.uf2")], Standing.UNKNOWN),
    ],
)
async def test_what_was_written_down_says_how_bytes_stand(
    tmp_path: Path, entries: list[Entry], standing: Standing
) -> None:
    """Recalled outranks everything; once accepted, only that takes it away."""
    found = await known_of(tmp_path, DIGEST, entries)

    assert found.standing is standing


async def test_later_bytes_of_a_name_are_known_and_not_accepted(tmp_path: Path) -> None:
    found = await known_of(tmp_path, LATER, [SEEN, ALARM])

    assert (found.standing, found.first_sight) == (Standing.CHANGED, None)


async def test_the_place_in_the_chain_is_that_of_the_first_sight(tmp_path: Path) -> None:
    """And decisions about the name are told, wherever they stand behind it."""
    entries: list[Entry] = [
        sighting("z.uf2", OTHER),
        SEEN,
        ALARM,
        decision("a.uf2"),
        decision("z.uf2"),
    ]
    found = await known_of(tmp_path, DIGEST, entries)

    assert [one.entry for one in found.records] == [SEEN, ALARM, decision("a.uf2")]
    assert found.first_sight is not None
    assert found.first_sight.position.number == 2
    assert found.head.number == 5


async def test_of_very_many_lines_the_first_and_the_last_are_kept(tmp_path: Path) -> None:
    entries: list[Entry] = [SEEN, *[decision("a.uf2")] * MOST_RECORDS, RECALL]
    found = await known_of(tmp_path, DIGEST, entries)

    assert (found.known, len(found.records)) == (MOST_RECORDS + 2, MOST_RECORDS)
    assert (found.records[0].entry, found.records[-1].entry) == (SEEN, RECALL)


async def test_a_line_that_was_changed_is_damage_and_no_testimony(tmp_path: Path) -> None:
    """Also when it is about other bytes: the chain is read from end to end."""
    folder = tmp_path / "data"
    ledger = open_folder(folder).parts.ledger
    await ledger.append([sighting("z.uf2", OTHER)])
    await ledger.append([SEEN])
    [file] = (folder / "ledger").iterdir()
    file.write_bytes(file.read_bytes().replace(b"z.uf2", b"y.uf2"))

    with pytest.raises(DamagedError, match="does not follow"):
        await look_up(ledger, [DIGEST])
