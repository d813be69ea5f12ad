"""Bytes under the name of their own hash."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError, DamagedError, DiskFullError, TooLargeError
from mirror.storage.blob_store import BlobStore
from mirror.storage.blobs import BlobReader
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.space import KeepFree, Room
from tests.storage.disks import EIO, ENOSPC, CountingDisk, FailingDisk, every_operation
from tests.storage.power import RecordingDisk
from tests.storage.samples import files_below, names

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.storage.incoming import Incoming
    from mirror.storage.incoming_folder import IncomingFolder

DATA = b"some bytes" * 1000
DIGEST = Digest.of(DATA)
OTHER = Digest.of(b"not held")


def path_of(folder: Path, digest: Digest) -> Path:
    """Say where a blob lies."""
    return folder / digest.hex[:2] / digest.hex


def overwrite(path: Path, data: bytes) -> None:
    """Damage a file in place: other bytes, and a moment later."""
    path.chmod(0o644)
    path.write_bytes(data)


def flip(path: Path) -> None:
    """Flip a bit of a file behind the back of its stamp: size and both set times stay."""
    facts = path.stat()
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    overwrite(path, bytes(data))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


async def received(incoming: IncomingFolder, data: bytes) -> Incoming:
    """Return a finished download of *data*."""
    part = incoming.open("name.bin", "https://micropython.test/name.bin")
    await part.write(data)
    await part.finish()
    return part


async def test_what_was_put_is_read(blobs: BlobStore) -> None:
    """The same bytes come back, under the digest of those bytes."""
    digest = await blobs.put(DATA)

    assert (digest, await blobs.read(digest, max_bytes=len(DATA))) == (DIGEST, DATA)


async def test_a_blob_lies_under_its_name_and_is_read_only(
    blobs: BlobStore, blob_folder: Path
) -> None:
    """Anybody can check the store with sha256sum, and nobody writes by mistake."""
    path = path_of(blob_folder, await blobs.put(DATA))

    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (DATA, 0o444)


async def test_many_are_put_in_one_call(blobs: BlobStore) -> None:
    """The names come back in the order of the bytes, equal bytes twice."""
    datas = [b"a", b"b", b"a"]
    digests = await blobs.put_many(datas)

    assert (digests, await blobs.missing(digests)) == ([Digest.of(data) for data in datas], set())


async def test_many_are_read_in_one_call(blobs: BlobStore, blob_folder: Path) -> None:
    """In the order of the names; one that is absent, damaged or too large fails all."""
    [first, second] = await blobs.put_many([b"a", b"bcd"])

    assert await blobs.read_all([second, first, second], max_bytes=3) == [b"bcd", b"a", b"bcd"]
    with pytest.raises(TooLargeError):
        await blobs.read_all([first, second], max_bytes=2)
    with pytest.raises(ArtifactNotFoundError, match=OTHER.hex):
        await blobs.read_all([first, OTHER], max_bytes=3)
    flip(path_of(blob_folder, second))
    with pytest.raises(DamagedError, match=second.hex):
        await blobs.read_all([first, second], max_bytes=3)


async def test_putting_nothing_is_nothing(blobs: BlobStore) -> None:
    """An empty list is no error."""
    assert await blobs.put_many([]) == []


async def test_what_is_not_held_is_missing(blobs: BlobStore) -> None:
    """Held and missing are told apart."""
    await blobs.put(DATA)
    held = [await blobs.has(digest) for digest in (DIGEST, OTHER)]

    assert (await blobs.missing([DIGEST, OTHER]), held) == ({OTHER}, [True, False])


async def test_a_blob_that_is_not_held_is_named(blobs: BlobStore) -> None:
    """Read, size, open and check all say which blob is not here."""
    for call in (
        blobs.read(OTHER, max_bytes=1),
        blobs.size(OTHER),
        blobs.open(OTHER),
        blobs.check(OTHER),
    ):
        with pytest.raises(ArtifactNotFoundError, match=OTHER.hex):
            await call


async def test_the_size_is_in_bytes(blobs: BlobStore) -> None:
    """Size counts bytes."""
    assert await blobs.size(await blobs.put(DATA)) == len(DATA)


async def test_more_bytes_than_the_reader_wants_are_refused(blobs: BlobStore) -> None:
    """A document can not fill the memory."""
    digest = await blobs.put(DATA)
    with pytest.raises(TooLargeError, match=f"more than {len(DATA) - 1} bytes"):
        await blobs.read(digest, max_bytes=len(DATA) - 1)


async def test_an_opened_blob_gives_its_bytes_from_the_start(blobs: BlobStore) -> None:
    """The file is at its start, and its size is known."""
    digest = await blobs.put(DATA)
    with await blobs.open(digest) as blob:
        assert (blob.file.read(), blob.size) == (DATA, len(DATA))


@pytest.mark.parametrize("damage", [b"other bytes", DATA[:-1], DATA + b"\0", b""])
async def test_damaged_bytes_are_never_handed_out(
    blobs: BlobStore, blob_folder: Path, damage: bytes
) -> None:
    """Changed, shortened, lengthened, emptied: read, open and check all refuse."""
    digest = await blobs.put(DATA)
    overwrite(path_of(blob_folder, digest), damage)
    for call in (blobs.read(digest, max_bytes=1 << 20), blobs.open(digest), blobs.check(digest)):
        with pytest.raises(DamagedError, match=digest.hex):
            await call


async def test_a_blob_that_is_a_link_or_a_folder_is_damaged(
    blobs: BlobStore, blob_folder: Path, tmp_path: Path
) -> None:
    """What is no file of ours is not followed."""
    (tmp_path / "elsewhere").write_bytes(DATA)
    path_of(blob_folder, DIGEST).symlink_to(tmp_path / "elsewhere")
    path_of(blob_folder, OTHER).mkdir()
    for digest in (DIGEST, OTHER):
        with pytest.raises(DamagedError, match="can not be read"):
            await blobs.open(digest)


async def test_a_sector_that_can_not_be_read_is_damage(
    blobs: BlobStore, failing: FailingDisk
) -> None:
    """An input error while reading says that the blob is damaged, and which."""
    digest = await blobs.put(DATA)
    failing.countdown, failing.error = 1, EIO
    with pytest.raises(DamagedError, match=digest.hex):
        await blobs.open(digest)


async def test_a_blob_is_hashed_once_while_nobody_touches_it(blob_folder: Path) -> None:
    """Ten clients at once and one later: one hash, eleven opened files."""
    disk = CountingDisk()
    blobs = BlobStore(blob_folder, Files(disk), Room(disk, blob_folder, None))
    digest = await blobs.put(DATA)
    disk.opened.clear()
    for blob in await asyncio.gather(*(blobs.open(digest) for _ in range(10))):
        blob.close()
    (await blobs.open(digest)).close()

    assert disk.opened == [digest.hex] * 12


@pytest.mark.parametrize("seconds", [0, 3600])
async def test_a_change_between_two_openings_is_noticed(blob_folder: Path, seconds: int) -> None:
    """Equal size and equal set times do not hide it: whoever writes changes the inode's time."""
    disk = CountingDisk()
    disk.ahead_ns = seconds * 1_000_000_000
    blobs = BlobStore(blob_folder, Files(disk), Room(disk, blob_folder, None))
    digest = await blobs.put(DATA)
    (await blobs.open(digest)).close()
    # On an old kernel two changes within 10 ms have one time: with a true clock (0) the
    # first opening did not trust such a young file, and with this pause the times differ.
    await asyncio.sleep(0.02 if seconds else 0)
    flip(path_of(blob_folder, digest))
    with pytest.raises(DamagedError):
        await blobs.open(digest)


async def test_a_blob_that_is_distrusted_is_hashed_again_by_every_process(
    blob_folder: Path,
) -> None:
    """A second reader of the folder stands for a serving process."""
    disk = CountingDisk()
    blobs = BlobStore(blob_folder, Files(disk), Room(disk, blob_folder, None))
    digest = await blobs.put(DATA)
    reader = BlobReader(blob_folder, disk)
    (await reader.open(digest)).close()
    # On an old kernel two changes within 10 ms have one time.
    await asyncio.sleep(0.02)
    await blobs.distrust(digest)
    disk.opened.clear()
    (await reader.open(digest)).close()
    (await reader.open(digest)).close()

    assert disk.opened == [digest.hex] * 3


async def test_what_is_no_blob_is_named_and_a_file_under_way_is_not(blob_folder: Path) -> None:
    blobs = BlobReader(blob_folder, Disk())
    (blob_folder / "ab" / "note").touch()
    (blob_folder / "ab" / ("cd" * 32)).touch()
    (blob_folder / "ab" / ("ab" * 32)).touch()
    (blob_folder / "ab" / f".{'ab' * 32}.7.new").touch()
    (blob_folder / "note").touch()
    folder = await blobs.folder("ab")

    assert folder.digests == (Digest("ab" * 32),)
    assert [path.name for path in folder.strangers] == ["cd" * 32, "note"]
    assert await blobs.strangers() == [blob_folder / "note"]


async def test_what_check_finds_ends_the_trust(blob_folder: Path) -> None:
    """After a check that failed no opening goes by an older hash."""
    disk = CountingDisk()
    blobs = BlobStore(blob_folder, Files(disk), Room(disk, blob_folder, None))
    digest = await blobs.put(DATA)
    (await blobs.open(digest)).close()
    await asyncio.sleep(0.02)
    flip(path_of(blob_folder, digest))
    with pytest.raises(DamagedError):
        await blobs.check(digest)
    disk.opened.clear()
    with pytest.raises(DamagedError):
        await blobs.open(digest)

    assert disk.opened == [digest.hex] * 2


async def test_a_sound_blob_passes_the_check(blobs: BlobStore) -> None:
    """Checking a sound blob raises nothing."""
    await blobs.check(await blobs.put(DATA))


async def test_putting_the_bytes_again_mends_a_damaged_blob(
    blobs: BlobStore, blob_folder: Path
) -> None:
    """A damaged blob counts as not held."""
    digest = await blobs.put(DATA)
    overwrite(path_of(blob_folder, digest), b"damage")
    await blobs.put(DATA)

    assert await blobs.read(digest, max_bytes=len(DATA)) == DATA


async def test_a_cancelled_opening_leaves_no_file_open(blobs: BlobStore) -> None:
    """Whoever goes away while the blob is hashed leaks nothing (a leak fails this test)."""
    digest = await blobs.put(bytes(50_000_000))
    task = asyncio.create_task(blobs.open(digest))
    await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_names_of_all_blobs_are_given_in_order(
    blobs: BlobStore, blob_folder: Path
) -> None:
    """Every blob once, by name; what is not a blob is passed over."""
    digests = await blobs.put_many(str(n).encode() for n in range(40))
    (blob_folder / "ab" / "notes.txt").touch()
    (blob_folder / "00" / DIGEST.hex).touch()

    assert [digest async for digest in blobs.digests()] == sorted(digests)


async def test_a_received_file_is_kept_and_leaves_the_incoming_folder(
    blobs: BlobStore, blob_folder: Path, incoming: IncomingFolder, incoming_folder: Path
) -> None:
    """The bytes are a blob, read-only, and nothing of them is left behind."""
    digest = await blobs.keep(await received(incoming, DATA))
    path = path_of(blob_folder, digest)

    assert (digest, path.read_bytes(), path.stat().st_mode & 0o777) == (DIGEST, DATA, 0o444)
    assert names(incoming_folder) == []


async def test_keeping_what_is_held_changes_nothing(
    blobs: BlobStore, blob_folder: Path, incoming: IncomingFolder, incoming_folder: Path
) -> None:
    """The blob that is there stays the same file."""
    before = path_of(blob_folder, await blobs.put(DATA)).stat()
    await blobs.keep(await received(incoming, DATA))

    assert path_of(blob_folder, DIGEST).stat().st_ino == before.st_ino
    assert names(incoming_folder) == []


async def test_keeping_mends_a_damaged_blob(
    blobs: BlobStore, blob_folder: Path, incoming: IncomingFolder
) -> None:
    """What comes from upstream again takes the place of what the disk spoiled."""
    overwrite(path_of(blob_folder, await blobs.put(DATA)), b"damage")
    await blobs.keep(await received(incoming, DATA))

    assert await blobs.read(DIGEST, max_bytes=len(DATA)) == DATA


async def test_bytes_that_changed_on_the_disk_are_not_kept(
    blobs: BlobStore, blob_folder: Path, incoming: IncomingFolder
) -> None:
    """What is on the disk is hashed before it gets its name."""
    part = await received(incoming, DATA)
    overwrite(part.path, DATA[:-1] + b"!")
    with pytest.raises(DamagedError, match="other bytes than were written"):
        await blobs.keep(part)

    assert files_below(blob_folder) == []


@pytest.mark.parametrize("error", [EIO, ENOSPC])
async def test_whatever_operation_of_keeping_fails_a_new_download_is_kept(
    blobs: BlobStore,
    incoming: IncomingFolder,
    failing: FailingDisk,
    blob_folder: Path,
    error: int,
) -> None:
    """For the n-th operation, for every n: the blob is whole or absent, and a retry succeeds."""
    for n in every_operation(failing):
        data = DATA + bytes([n])
        part = await received(incoming, data)
        with failing.broken(n, error):
            await blobs.keep(part)
        path = path_of(blob_folder, Digest.of(data))

        assert not path.exists() or path.read_bytes() == data
        assert await blobs.keep(await received(incoming, data)) == Digest.of(data)


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("error", [EIO, ENOSPC])
async def test_whatever_operation_of_putting_fails_a_retry_succeeds(
    blobs: BlobStore, failing: FailingDisk, blob_folder: Path, error: int, *, short: bool
) -> None:
    """For the n-th operation, for every n: each blob is whole or absent, and a retry succeeds."""
    for n in every_operation(failing):
        datas = [bytes([n]), bytes([n, n])]
        digests = [Digest.of(data) for data in datas]
        with failing.broken(n, error, short=short):
            await blobs.put_many(datas)
        paths = files_below(blob_folder)

        assert [path.name for path in paths] == [Digest.of(p.read_bytes()).hex for p in paths]
        assert await blobs.put_many(datas) == digests


async def test_a_removed_blob_is_not_held(blobs: BlobStore) -> None:
    """Removing takes it away; removing again is no error."""
    digest = await blobs.put(DATA)
    await blobs.remove(digest)
    await blobs.remove(digest)

    assert not await blobs.has(digest)


async def test_a_put_that_would_fill_the_disk_is_refused(blob_folder: Path) -> None:
    """What must stay free stays free, and nothing was written."""
    disk = Disk()
    room = Room(disk, blob_folder, KeepFree(least_bytes=1 << 60, share=0))
    with pytest.raises(DiskFullError, match="would leave less than"):
        await BlobStore(blob_folder, Files(disk), room).put(DATA)

    assert files_below(blob_folder) == []


async def test_a_reader_reads_what_a_writer_put(blobs: BlobStore, blob_folder: Path) -> None:
    """Workers see a blob as soon as it is put."""
    reader = BlobReader(blob_folder, Disk())
    digest = await blobs.put(DATA)
    with await reader.open(digest) as blob:
        assert blob.file.read() == DATA


async def test_what_was_put_once_is_put_again_without_waiting_for_the_disk(
    blob_folder: Path, room: Room
) -> None:
    disk = RecordingDisk()
    blobs = BlobStore(blob_folder, Files(disk), room)
    first = await blobs.put(DATA)
    disk.log.clear()
    again = await blobs.put_again(DATA)

    assert (first, again, disk.log) == (DIGEST, DIGEST, [])


@pytest.mark.parametrize("damage", [flip, Path.unlink])
async def test_what_is_put_again_is_mended(
    blobs: BlobStore, blob_folder: Path, damage: Callable[[Path], None]
) -> None:
    damage(path_of(blob_folder, await blobs.put(DATA)))
    digest = await blobs.put_again(DATA)

    assert await blobs.read(digest, max_bytes=len(DATA)) == DATA
