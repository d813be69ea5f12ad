"""Partial downloads that survive a restart, and never join what does not belong together."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import DiskFullError, StorageError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.incoming import Received
from mirror.storage.incoming_folder import IncomingFolder
from mirror.storage.space import KeepFree, Room
from tests.storage.disks import EIO, ENOSPC, FailingDisk, StillDisk, every_operation
from tests.storage.samples import names

if TYPE_CHECKING:
    from mirror.storage.blob_store import BlobStore

URL = "https://micropython.test/name.bin"
ETAG = '"529d22da-b4"'
MIB = 1 << 20
SECOND = 1_000_000_000  # ns
DATA = bytes(range(256)) * 8192  # 2 MiB


async def leave(incoming: IncomingFolder, data: bytes, validator: str | None = ETAG) -> None:
    """Receive *data*, and be interrupted."""
    async with incoming.open("name.bin", URL) as part:
        await part.restart(validator)
        await part.write(data)


def received(data: bytes) -> Received:
    """Say what *data* is when it is received."""
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Received(Digest.of(data), len(data), md5)


async def test_what_was_received_is_known_by_its_hashes(incoming: IncomingFolder) -> None:
    """Digest, size and MD5 are those of all bytes, however they came."""
    async with incoming.open("name.bin", URL) as part:
        for start in range(0, len(DATA), 300_000):
            await part.write(DATA[start : start + 300_000])

        assert await part.finish() == received(DATA)


async def test_no_md5_is_made_unless_it_is_wanted(incoming: IncomingFolder) -> None:
    async with incoming.open("name.bin", URL, md5=False) as part:
        await part.write(DATA)

        assert await part.finish() == Received(Digest.of(DATA), len(DATA), None)


async def test_nothing_received_is_an_empty_file(incoming: IncomingFolder) -> None:
    """No bytes are bytes too."""
    async with incoming.open("name.bin", URL) as part:
        assert await part.finish() == received(b"")


async def test_what_was_finished_can_be_read_from_its_start(incoming: IncomingFolder) -> None:
    """Whoever verifies sees all bytes."""
    async with incoming.open("name.bin", URL) as part:
        await part.write(b"bytes")
        await part.finish()
        with part.reading() as file:
            assert file.read() == b"bytes"


@pytest.mark.parametrize("size", [1, MIB - 1, MIB, MIB + 1, 2 * MIB])
async def test_an_interrupted_download_goes_on_where_it_stopped(
    incoming: IncomingFolder, size: int
) -> None:
    """Size and validator are as they were, and the hashes in the end are those of all bytes."""
    await leave(incoming, DATA[:size])
    async with incoming.open("name.bin", URL) as part:
        found = part.size, part.validator
        await part.write(DATA[size:])

        assert (found, await part.finish()) == ((size, ETAG), received(DATA))


async def test_a_killed_process_leaves_all_but_what_came_last(
    incoming: IncomingFolder, failing: FailingDisk
) -> None:
    """Without being closed, what was there a second ago is found again."""
    part = incoming.open("name.bin", URL)
    await part.restart(ETAG)
    failing.ahead_ns += SECOND
    await part.write(DATA[: MIB + 1])
    await part.write(b"not flushed")
    async with incoming.open("name.bin", URL) as again:
        assert (again.size, again.validator) == (MIB + 1, ETAG)


async def test_a_note_is_written_once_a_second(incoming_folder: Path) -> None:
    """What comes fast is whole before it needs one; the clock may be set back."""
    disk = StillDisk()
    folder = IncomingFolder(incoming_folder, Files(disk), Room(disk, incoming_folder, None))
    part = folder.open("name.bin", URL)
    seen = []
    for step in (0, SECOND, SECOND // 2, SECOND // 2, -3 * SECOND):
        disk.ns += step
        await part.write(DATA[:MIB])
        note = incoming_folder / "name.bin.json"
        seen.append(json.loads(note.read_bytes())["size"] // MIB if note.exists() else None)

    assert seen == [None, 2, 2, 4, 5]


async def test_a_fast_download_that_is_interrupted_goes_on(incoming: IncomingFolder) -> None:
    """Leaving it writes the note that was not due yet, also when nothing waits."""
    await leave(incoming, DATA[:MIB])
    async with incoming.open("name.bin", URL) as part:
        await part.write(DATA[part.size :])
    async with incoming.open("name.bin", URL) as part:
        assert part.size == len(DATA)


async def test_what_was_finished_and_not_kept_is_not_gone_on_from(
    incoming: IncomingFolder, incoming_folder: Path
) -> None:
    """Nothing would come after it."""
    async with incoming.open("name.bin", URL) as part:
        await part.write(DATA)
        await part.finish()

    assert names(incoming_folder) == ["name.bin.part"]


async def test_a_restart_throws_the_bytes_away(incoming: IncomingFolder) -> None:
    """Bytes under another validator never follow those of the first."""
    await leave(incoming, DATA)
    async with incoming.open("name.bin", URL) as part:
        await part.restart('"other"')
        await part.write(b"other bytes")

        assert await part.finish() == received(b"other bytes")


async def test_a_restart_in_the_middle_forgets_what_waits(incoming: IncomingFolder) -> None:
    """Bytes that were not flushed yet are thrown away too."""
    async with incoming.open("name.bin", URL) as part:
        await part.write(b"first")
        await part.restart(None)
        await part.write(b"second")

        assert (part.validator, await part.finish()) == (None, received(b"second"))


async def test_a_restart_that_is_interrupted_leaves_nothing_old(incoming: IncomingFolder) -> None:
    """After a restart and a kill, the old bytes do not come back with the old validator."""
    await leave(incoming, DATA)
    part = incoming.open("name.bin", URL)
    await part.__aenter__()
    await part.restart('"other"')
    async with incoming.open("name.bin", URL) as again:
        assert (again.size, again.validator) == (0, None)


async def test_another_url_begins_anew(incoming: IncomingFolder) -> None:
    """What came from one place is not continued from another."""
    await leave(incoming, DATA)
    async with incoming.open("name.bin", URL + "?other") as part:
        assert part.size == 0


@pytest.mark.parametrize("spoil", [b"", DATA[: MIB - 1], bytes(MIB), DATA[:-1] + b"!"])
async def test_bytes_that_are_not_as_they_were_are_not_continued(
    incoming: IncomingFolder, incoming_folder: Path, spoil: bytes
) -> None:
    """Lost, shortened, zeroed, changed: a power cut must not get into a firmware."""
    await leave(incoming, DATA)
    (incoming_folder / "name.bin.part").write_bytes(spoil)
    async with incoming.open("name.bin", URL) as part:
        assert (part.size, part.validator) == (0, None)


async def test_bytes_behind_those_that_count_are_not_continued(
    incoming: IncomingFolder, incoming_folder: Path
) -> None:
    """What was written after the note is overwritten, and what is left of it is cut."""
    await leave(incoming, DATA[:MIB])
    with (incoming_folder / "name.bin.part").open("ab") as file:
        file.write(b"torn bytes" * 1000)
    async with incoming.open("name.bin", URL) as part:
        await part.write(b"end")

        assert await part.finish() == received(DATA[:MIB] + b"end")
        assert part.path.read_bytes() == DATA[:MIB] + b"end"


async def test_a_sealed_part_is_not_written_to(
    incoming: IncomingFolder, incoming_folder: Path
) -> None:
    """It may be a blob already, under its other name."""
    await leave(incoming, DATA)
    (incoming_folder / "name.bin.part").chmod(0o444)
    (incoming_folder / "blob").hardlink_to(incoming_folder / "name.bin.part")
    async with incoming.open("name.bin", URL) as part:
        await part.write(b"other")
        await part.finish()

        assert (incoming_folder / "blob").read_bytes() == DATA


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.binary(max_size=300)
    | st.fixed_dictionaries(
        {
            "url": st.just(URL) | st.text(max_size=5),
            "validator": st.none() | st.text(max_size=5) | st.integers(),
            "size": st.integers(-2, 8) | st.just(1 << 70) | st.text(max_size=2),
            "digest": st.just(str(Digest.of(b"five!"))) | st.text(max_size=5),
        }
    ).map(lambda note: json.dumps(note).encode())
)
async def test_any_note_is_believed_or_not(incoming_folder: Path, note: bytes) -> None:
    """No note makes opening fail, or brings in bytes whose hash is not in it."""
    (incoming_folder / "name.bin.part").write_bytes(b"five!")
    (incoming_folder / "name.bin.json").write_bytes(note)
    disk = Disk()
    incoming = IncomingFolder(incoming_folder, Files(disk), Room(disk, incoming_folder, None))
    async with incoming.open("name.bin", URL) as part:
        assert part.size in {0, 5}


@given(st.text(max_size=400))
def test_any_key_is_the_name_of_one_file(key: str) -> None:
    """Whatever the key says, the part lies in the folder and not elsewhere."""
    folder = Path("/data/incoming")
    disk = Disk()
    part = IncomingFolder(folder, Files(disk), Room(disk, folder, None)).open(key, URL)

    assert (part.path.parent, part.path.suffix, len(part.path.name) < 200) == (
        folder,
        ".part",
        True,
    )


async def test_what_can_not_be_there_is_not_looked_for(incoming_folder: Path) -> None:
    """A new download touches nothing before its first byte, and nothing after its last."""

    class UntouchableDisk(Disk):
        def remove(self, path: Path) -> None:
            raise AssertionError(path)

    disk = UntouchableDisk()
    folder = IncomingFolder(incoming_folder, Files(disk), Room(disk, incoming_folder, None))
    folder.recover()
    async with folder.open("name.bin", URL) as part:
        assert part.size == 0


async def test_the_next_process_takes_up_what_one_left(
    incoming: IncomingFolder, incoming_folder: Path
) -> None:
    """It has looked into the folder at its start."""
    await leave(incoming, DATA)
    disk = Disk()
    later = IncomingFolder(incoming_folder, Files(disk), Room(disk, incoming_folder, None))
    later.recover()
    async with later.open("name.bin", URL) as part:
        assert part.size == len(DATA)


async def test_discarding_leaves_nothing(incoming: IncomingFolder, incoming_folder: Path) -> None:
    """Part and note are gone."""
    await leave(incoming, DATA)
    async with incoming.open("name.bin", URL) as part:
        await part.discard()

    assert names(incoming_folder) == []


async def test_leaving_without_a_byte_leaves_nothing(
    incoming: IncomingFolder, incoming_folder: Path
) -> None:
    """A download that never began has no files."""
    await leave(incoming, b"")

    assert names(incoming_folder) == []


async def test_a_download_stops_before_it_fills_the_disk(incoming_folder: Path) -> None:
    """Also one whose size nobody announced."""
    disk = Disk()
    room = Room(disk, incoming_folder, KeepFree(least_bytes=1 << 60, share=0))
    part = IncomingFolder(incoming_folder, Files(disk), room).open("name.bin", URL)
    with pytest.raises(DiskFullError, match="would leave less than"):
        await part.write(DATA)

    assert (part.size, names(incoming_folder)) == (0, [])


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("error", [EIO, ENOSPC])
async def test_whatever_operation_fails_the_size_is_true_and_going_on_gives_all_bytes(
    incoming: IncomingFolder, failing: FailingDisk, error: int, *, short: bool
) -> None:
    """For the n-th operation of a download, for every n: what counts is what is there."""
    for n in every_operation(failing):
        with failing.broken(n, error, short=short):
            async with incoming.open("name.bin", URL) as part:
                await part.restart(ETAG)
                failing.ahead_ns += SECOND
                await part.write(DATA[: MIB + 5])
                await part.write(DATA[MIB + 5 : MIB + 9])
                await part.finish()
        async with incoming.open("name.bin", URL) as part:
            await part.write(DATA[part.size :])

            assert await part.finish() == received(DATA)
            assert part.path.read_bytes() == DATA
            await part.discard()


async def test_a_failed_write_is_asked_for_again(
    incoming: IncomingFolder, failing: FailingDisk
) -> None:
    """After a short write the same task can go on from the size that is told."""
    async with incoming.open("name.bin", URL) as part:
        await part.write(DATA[:MIB])
        failing.countdown, failing.short, failing.error = 1, True, ENOSPC
        with pytest.raises(DiskFullError):
            await part.write(DATA[MIB:])
        await part.write(DATA[part.size :])

        assert await part.finish() == received(DATA)


async def test_what_no_download_can_go_on_from_is_swept_at_the_start(
    incoming: IncomingFolder, incoming_folder: Path
) -> None:
    """Parts without a note, notes without a part, sealed parts."""
    await leave(incoming, DATA)
    for name in ("a.part", "b.json", "c.part", "c.json"):
        (incoming_folder / name).touch()
    (incoming_folder / "c.part").chmod(0o444)
    incoming.recover()
    incoming.recover()

    assert names(incoming_folder) == ["name.bin.json", "name.bin.part"]


async def test_old_parts_are_pruned(incoming: IncomingFolder, incoming_folder: Path) -> None:
    """What nobody touched since then goes, and nothing else."""
    await leave(incoming, DATA)
    kept = await incoming.prune(datetime(2000, 1, 1, tzinfo=UTC)), names(incoming_folder)
    gone = await incoming.prune(datetime(2100, 1, 1, tzinfo=UTC)), names(incoming_folder)

    assert (kept, gone) == ((0, ["name.bin.json", "name.bin.part"]), (1, []))


async def test_a_failure_while_leaving_does_not_hide_why_the_download_ended(
    incoming: IncomingFolder, failing: FailingDisk
) -> None:
    """The reason for leaving is what the caller sees."""

    async def download() -> None:
        async with incoming.open("name.bin", URL) as part:
            await part.write(b"bytes")
            failing.countdown = 1
            raise StorageError("the reason")

    with pytest.raises(StorageError, match="the reason"):
        await download()


async def test_a_part_that_was_kept_can_be_left_and_opened_anew(
    incoming: IncomingFolder, blobs: BlobStore
) -> None:
    """Keeping inside the block is the usual way; the next download of the name begins at 0."""
    async with incoming.open("name.bin", URL) as part:
        await part.write(DATA)
        await part.finish()
        await blobs.keep(part)
    async with incoming.open("name.bin", URL) as part:
        assert (part.size, await blobs.has(Digest.of(DATA))) == (0, True)


async def test_any_sizes_of_chunks_come_out_as_they_went_in(incoming: IncomingFolder) -> None:
    """One large, many tiny, and none at all."""
    chunks = [DATA, *(DATA[at : at + 1] for at in range(200)), b"", DATA]
    async with incoming.open("name.bin", URL) as part:
        for chunk in chunks:
            await part.write(chunk)
        received = await part.finish()
        with part.reading() as file:
            found = file.read()

    assert found == b"".join(chunks)
    assert received.digest == Digest.of(found)
