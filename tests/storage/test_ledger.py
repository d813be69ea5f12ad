"""The record of everything seen and decided."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import DamagedError, StorageError
from mirror.storage.disk import Disk
from mirror.storage.entries import START, Position
from mirror.storage.files import Files
from mirror.storage.ledger import Ledger
from mirror.storage.ledger_reader import LedgerReader
from tests.storage.disks import EIO, ENOSPC, FailingDisk, every_operation
from tests.storage.samples import NOON, decision, names, refusal, sighting

if TYPE_CHECKING:
    from mirror.storage.entries import Entry, Recorded

FIRST = "000000001.jsonl"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder."""
    folder = tmp_path / "ledger"
    folder.mkdir()
    return folder


@pytest.fixture
def ledger(folder: Path, files: Files) -> Ledger:
    """Return an empty ledger."""
    return opened(folder, files)


def opened(folder: Path, files: Files | None = None) -> Ledger:
    """Open the ledger in *folder*."""
    ledger = Ledger(folder, files or Files(Disk()))
    ledger.recover()
    return ledger


def subjects(ledger: LedgerReader) -> list[str]:
    """Name the subjects of all decisions in a ledger."""
    return [record.entry.subject for record in ledger.read() if hasattr(record.entry, "subject")]


def decisions(subjects: str) -> list[Entry]:
    """Make a decision about each letter."""
    return [decision(subject) for subject in subjects]


async def test_what_was_appended_is_read_in_order(ledger: Ledger) -> None:
    """All entries, as they were, in the order in which they came."""
    entries: list[Entry] = [sighting("a", b"a"), refusal("b"), decision("c")]
    first = await ledger.append(entries[:2])
    second = await ledger.append(entries[2:])

    assert [record async for record in ledger.entries()] == [*first, *second]
    assert [record.entry for record in first + second] == entries


async def test_appending_nothing_is_nothing(ledger: Ledger) -> None:
    """No entries, no line."""
    assert (await ledger.append([]), ledger.head) == ([], START)


async def test_the_ledger_goes_on_after_it_was_closed(ledger: Ledger, folder: Path) -> None:
    """A new start finds the end of the old one."""
    await ledger.append(decisions("ab"))
    again = opened(folder)
    await again.append(decisions("c"))

    assert (subjects(again), again.head.number) == (["a", "b", "c"], 3)


async def test_reading_begins_behind_any_line(ledger: Ledger) -> None:
    """From each place on, the rest comes."""
    records = await ledger.append(decisions("abc"))

    assert [list(ledger.read(record.position)) for record in records] == [
        records[1:],
        records[2:],
        [],
    ]


async def test_many_entries_come_in_batches(ledger: Ledger) -> None:
    """More than one batch, none lost and none twice."""
    records = await ledger.append([decision(str(number)) for number in range(1203)])

    assert [record async for record in ledger.entries()] == records


async def test_a_large_ledger_has_several_files(ledger: Ledger, folder: Path) -> None:
    """A file is named by its first line, and reading goes on from file to file."""
    big = "x" * 60_000
    for number in range(3):
        await ledger.append([decision(f"{number}.{line}{big}") for line in range(70)])
    records = list(ledger.read())

    assert names(folder) == [FIRST, "000000071.jsonl", "000000141.jsonl"]
    assert [record.position.number for record in records] == list(range(1, 211))
    assert list(ledger.read(records[69].position)) == records[70:]
    assert list(ledger.read(records[70].position)) == records[71:]
    assert opened(folder).head == await ledger.verify() == records[-1].position


async def test_an_empty_newest_file_follows_the_one_before(ledger: Ledger, folder: Path) -> None:
    """A crash right after a new file was begun changes nothing."""
    await ledger.append(decisions("ab"))
    (folder / "000000003.jsonl").touch()
    again = opened(folder)
    await again.append(decisions("c"))

    assert (again.head.number, subjects(again)) == (3, ["a", "b", "c"])
    assert await again.verify() == again.head


async def test_a_torn_file_before_an_empty_newest_one_is_damage(
    ledger: Ledger, folder: Path
) -> None:
    """A file is begun only when the one before is whole."""
    await ledger.append(decisions("ab"))
    (folder / "000000003.jsonl").touch()
    with (folder / FIRST).open("ab") as file:
        file.write(b"torn")
    with pytest.raises(DamagedError, match="not as it was written, and not the newest file"):
        opened(folder)


async def test_the_newest_time_is_known(ledger: Ledger, folder: Path) -> None:
    """Also after a new start, and also when a later entry is older."""
    await ledger.append([sighting("a", b"a", minutes=5), sighting("b", b"b", minutes=3)])

    assert [ledger.newest, opened(folder).newest] == [NOON + timedelta(minutes=5)] * 2


def test_an_empty_ledger_has_no_newest_time(ledger: Ledger) -> None:
    """Nothing was ever seen."""
    assert (ledger.newest, ledger.head, list(ledger.read())) == (None, START, [])


# --- a crash in the middle of an append -------------------------------------------------


async def three_appends(folder: Path) -> tuple[bytes, bytes]:
    """Write the appends ab, c and def; return the bytes of the first two, and of the third."""
    ledger = opened(folder)
    await ledger.append(decisions("ab"))
    await ledger.append(decisions("c"))
    whole = (folder / FIRST).read_bytes()
    await ledger.append(decisions("def"))
    return whole, (folder / FIRST).read_bytes().removeprefix(whole)


def cuts(last: bytes) -> list[int]:
    """Return places to cut an append at: at each end of a line, beside it, and in between."""
    ends = [at for at, byte in enumerate(last) if byte == ord("\n")]
    beside = {place for end in ends for place in (end - 1, end, end + 1)}
    return sorted((beside | set(range(0, len(last), 17))) - {len(last)})


def after_crash(folder: Path, left: bytes) -> tuple[list[str], bytes]:
    """Start with *left* on the disk; return the subjects of the ledger, and its bytes."""
    (folder / FIRST).write_bytes(left)
    return subjects(opened(folder)), (folder / FIRST).read_bytes()


async def test_an_append_cut_short_anywhere_is_cut_off(folder: Path) -> None:
    """Whatever number of bytes of the last append reached the disk: none of it counts."""
    whole, last = await three_appends(folder)
    found = {str(after_crash(folder, whole + last[:size])) for size in cuts(last)}

    assert found == {str((["a", "b", "c"], whole))}


@pytest.mark.parametrize("line", [0, 1, 2])
async def test_an_append_torn_in_any_line_is_cut_off(folder: Path, line: int) -> None:
    """Pages of a file can reach the disk in any order: zeros may stand before whole lines."""
    whole, last = await three_appends(folder)
    lines = last.splitlines(keepends=True)
    lines[line] = lines[line][:40] + bytes(60) + lines[line][100:]

    assert after_crash(folder, whole + b"".join(lines)) == (["a", "b", "c"], whole)


async def test_what_is_cut_off_is_told(folder: Path) -> None:
    """The operator hears that an append was incomplete, and in which file."""
    whole, last = await three_appends(folder)
    (folder / FIRST).write_bytes(whole + last[:-1])
    ledger = Ledger(folder, Files(Disk()))

    assert ledger.recover() == f"cut an incomplete append off {folder / FIRST}"
    assert ledger.recover() is None


async def test_a_reader_does_not_see_an_append_in_progress(folder: Path) -> None:
    """Without recovery, beside a writer, the whole appends are there and nothing else."""
    whole, last = await three_appends(folder)
    reader = LedgerReader(folder, Disk())
    found = set()
    for size in cuts(last):
        (folder / FIRST).write_bytes(whole + last[:size])
        found.add(str(subjects(reader)))

    assert found == {"['a', 'b', 'c']"}


@pytest.mark.parametrize("at", [0, 80, 150, 200])
@pytest.mark.parametrize("line", [0, 1, 2])
async def test_a_damaged_line_before_a_later_append_is_not_cut_off(
    folder: Path, line: int, at: int
) -> None:
    """It was complete once: the ledger says what is damaged, and loses nothing."""
    whole, last = await three_appends(folder)
    lines = whole.splitlines(keepends=True)
    lines[line] = lines[line][:at] + b"\0" + lines[line][at + 1 :]
    damaged = b"".join(lines) + last
    (folder / FIRST).write_bytes(damaged)
    with pytest.raises(DamagedError, match=str(folder / FIRST)):
        opened(folder)
    with pytest.raises(DamagedError, match=str(folder / FIRST)):
        list(LedgerReader(folder, Disk()).read())

    assert (folder / FIRST).read_bytes() == damaged


async def test_a_line_that_was_edited_is_damage(folder: Path) -> None:
    """Readable and well-formed, but not what the next line follows."""
    whole, last = await three_appends(folder)
    (folder / FIRST).write_bytes(whole.replace(b'"subject":"b"', b'"subject":"x"') + last)
    with pytest.raises(DamagedError, match="line 3 of the ledger does not follow line 2"):
        opened(folder)


async def test_a_line_that_was_edited_in_the_last_append_is_damage(folder: Path) -> None:
    """No crash leaves a readable line that does not follow the one before."""
    whole, last = await three_appends(folder)
    (folder / FIRST).write_bytes(whole + last.replace(b'"subject":"e"', b'"subject":"x"'))
    with pytest.raises(DamagedError, match="line 6 of the ledger does not follow line 5"):
        opened(folder)


async def test_a_removed_line_is_damage(folder: Path) -> None:
    """A gap in the numbers is named."""
    whole, last = await three_appends(folder)
    (folder / FIRST).write_bytes(b"".join(whole.splitlines(keepends=True)[:2]) + last)
    with pytest.raises(DamagedError, match="line 4 of the ledger does not follow line 2"):
        opened(folder)


@given(st.data())
@settings(max_examples=60)
def test_a_ledger_with_changed_bytes_is_damage_or_a_beginning(
    data: st.DataObject,
) -> None:
    """Whatever bytes are changed: an error, or the first appends as they were."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = opened(folder)
        for subject in "abc":
            ledger._append(decisions(subject))  # noqa: SLF001 - the blocking way, outside a loop
        text = bytearray((folder / FIRST).read_bytes())
        start = data.draw(st.integers(0, len(text) - 1))
        text[start : start + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
        (folder / FIRST).write_bytes(text)
        with contextlib.suppress(DamagedError):
            found = "".join(subjects(LedgerReader(folder, Disk())))

            assert "abc".startswith(found)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_empty_ledger_or_damage(text: bytes) -> None:
    """A file that is no ledger is cut as a torn append, or refused; it is never an entry."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / FIRST).write_bytes(text)
        with contextlib.suppress(DamagedError):
            assert opened(Path(name)).head == START


# --- damage that is found later ---------------------------------------------------------


async def test_a_missing_file_is_damage(ledger: Ledger, folder: Path) -> None:
    """The first, or one in the middle."""
    big = "x" * 60_000
    for _ in range(3):
        await ledger.append([decision(big) for _ in range(70)])
    (folder / "000000071.jsonl").rename(folder / "kept")
    with pytest.raises(DamagedError, match="ends with line 70, too early"):
        await ledger.verify()
    (folder / FIRST).unlink()
    with pytest.raises(DamagedError, match="the first file of the ledger is missing"):
        await ledger.verify()


async def test_lines_that_vanish_while_the_ledger_is_open_are_damage(
    ledger: Ledger, folder: Path
) -> None:
    """The writer knows how far the ledger goes."""
    await ledger.append(decisions("a"))
    size = (folder / FIRST).stat().st_size
    await ledger.append(decisions("b"))
    with (folder / FIRST).open("r+b") as file:
        file.truncate(size)
    with pytest.raises(DamagedError, match="ends with line 1, not 2"):
        await ledger.verify()


async def test_a_place_in_another_ledger_is_damage(ledger: Ledger) -> None:
    """Whoever remembers another line under this number follows another ledger."""
    await ledger.append(decisions("ab"))
    with pytest.raises(DamagedError, match="line 1 is another one"):
        list(ledger.read(Position(1, Digest.of(b"another"))))


# --- failures and followers -------------------------------------------------------------


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("error", [EIO, ENOSPC])
async def test_whatever_operation_of_an_append_fails_the_ledger_is_whole_and_a_retry_succeeds(
    ledger: Ledger, failing: FailingDisk, folder: Path, error: int, *, short: bool
) -> None:
    """For the n-th operation, for every n: all or nothing of an append is there."""
    for n in every_operation(failing):
        known = subjects(ledger)
        with failing.broken(n, error, short=short):
            await ledger.append(decisions("xy"))
        found = subjects(LedgerReader(folder, Disk()))

        assert found in (known, [*known, "x", "y"])
        await ledger.append(decisions("z"))
        assert (subjects(opened(folder)), await ledger.verify()) == ([*found, "z"], ledger.head)


async def test_a_failed_append_that_can_not_be_cut_is_cut_by_the_next(
    ledger: Ledger, failing: FailingDisk, folder: Path
) -> None:
    """Also when the disk refuses twice, nothing of the failed append stays."""
    failing.countdown, failing.short, failing.error = 3, True, ENOSPC
    with pytest.raises(StorageError):
        await ledger.append(decisions("xy"))
    await ledger.append(decisions("z"))

    assert subjects(opened(folder)) == ["z"]


async def test_the_follower_hears_every_append(ledger: Ledger) -> None:
    """In order, and before the append returns."""
    heard: list[Recorded] = []

    async def follower(records: list[Recorded]) -> None:
        heard.extend(records)

    ledger.followed_by(follower)
    records = await ledger.append(decisions("ab"))

    assert heard == records


async def test_a_follower_that_fails_loses_nothing(ledger: Ledger) -> None:
    """Its error is raised, and the entries stand."""

    async def follower(records: list[Recorded]) -> None:
        raise StorageError(f"not today: {len(records)}")

    ledger.followed_by(follower)
    with pytest.raises(StorageError, match="not today: 2"):
        await ledger.append(decisions("ab"))

    assert subjects(ledger) == ["a", "b"]
