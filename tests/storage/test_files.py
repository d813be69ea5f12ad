"""The only durable writes."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import DamagedError, DiskFullError, ReadOnlyDiskError, StorageError
from mirror.storage.disk import Disk, in_words, reported
from mirror.storage.files import READ_ONLY, Files
from tests.storage.disks import EIO, ENOSPC, ForgetfulDisk, HesitantDisk, every_operation
from tests.storage.power import Create, RecordingDisk, Rename, SetMode, Sync, SyncFolder, Write
from tests.storage.samples import names

if TYPE_CHECKING:
    from tests.storage.disks import FailingDisk


def test_a_written_file_holds_its_bytes_and_nothing_else_is_left(
    files: Files, tmp_path: Path
) -> None:
    """After a write there is the file, whole, and no temporary."""
    files.write(tmp_path / "a", b"bytes")

    assert (names(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"bytes")


def test_a_file_is_replaced_as_a_whole(files: Files, tmp_path: Path) -> None:
    """Writing again leaves nothing of what the file held."""
    files.write(tmp_path / "a", b"long and old")
    files.write(tmp_path / "a", b"new")

    assert (tmp_path / "a").read_bytes() == b"new"


def test_many_files_go_to_many_folders_in_one_call(files: Files, tmp_path: Path) -> None:
    """More files than are open at once, in two folders, all get their bytes."""
    folders = tmp_path / "a", tmp_path / "b"
    files.make_folders(folders)
    contents = {folders[n % 2] / str(n): str(n).encode() for n in range(150)}
    files.write_all(contents)

    assert {path: path.read_bytes() for path in contents} == contents


def test_a_file_can_be_read_only_from_its_first_moment(files: Files, tmp_path: Path) -> None:
    """The permissions asked for are there under the final name."""
    files.write(tmp_path / "a", b"bytes", mode=READ_ONLY)

    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o444


def test_a_disk_that_takes_a_few_bytes_at_a_time_gets_all_of_them(tmp_path: Path) -> None:
    """A short write is continued, not taken for a whole one."""
    Files(HesitantDisk()).write(tmp_path / "a", b"more than three bytes")

    assert (tmp_path / "a").read_bytes() == b"more than three bytes"


def test_bytes_that_come_back_changed_get_no_name(tmp_path: Path) -> None:
    """What the disk gives back is compared before the rename."""
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(DamagedError, match="other bytes than were written"):
        Files(ForgetfulDisk()).write(tmp_path / "a", b"new")

    assert (names(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"old")


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("error", [EIO, ENOSPC])
def test_whatever_operation_fails_the_file_is_old_or_new_and_a_retry_succeeds(
    files: Files, failing: FailingDisk, tmp_path: Path, error: int, *, short: bool
) -> None:
    """For the n-th operation of a write, for every n: never anything in between."""
    final = tmp_path / "a"
    found = []
    for n in every_operation(failing):
        files.write(final, b"old")
        with failing.broken(n, error, short=short):
            files.write(final, b"new")
        found.append(final.read_bytes())
        files.write(final, b"new")
        found.append(final.read_bytes())

    assert (len(found) > 14, set(found[::2]), set(found[1::2])) == (
        True,
        {b"old", b"new"},
        {b"new"},
    )


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.EDQUOT, DiskFullError, "no space left on the disk when writing /data/x"),
        (errno.EROFS, ReadOnlyDiskError, "/data/x is on a read-only file system: writing is not"),
        (errno.EACCES, StorageError, "no permission for writing /data/x: it must belong"),
        (errno.EPERM, StorageError, "no permission for writing /data/x: it must belong"),
        (errno.EIO, StorageError, "writing /data/x failed: Input/output error"),
    ],
)
def test_every_failure_of_the_disk_is_one_sentence_with_what_and_where(
    number: int, kind: type[StorageError], words: str
) -> None:
    """The operator reads what was done, where, and what stood in the way."""
    said = in_words("writing", Path("/data/x"), OSError(number, os.strerror(number)))

    assert (type(said), str(said)[: len(words)]) == (kind, words)


def test_an_error_keeps_its_cause() -> None:
    """The error of the system stays behind the one that the operator sees."""
    cause = OSError(EIO, "broken")
    with pytest.raises(StorageError) as caught, reported("writing", Path("/data/x")):
        raise cause

    assert caught.value.__cause__ is cause


def test_a_placed_file_has_its_final_name_only(files: Files, tmp_path: Path) -> None:
    """Placing is renaming: the temporary name is gone."""
    (tmp_path / "part").write_bytes(b"bytes")
    files.place(tmp_path / "part", tmp_path / "a", Digest.of(b"bytes"))

    assert (names(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"bytes")


def test_a_file_with_other_bytes_than_promised_is_not_placed(files: Files, tmp_path: Path) -> None:
    """The bytes on the disk decide, not those that somebody believes to have written."""
    (tmp_path / "part").write_bytes(b"bytes")
    with pytest.raises(DamagedError, match="other bytes than were written"):
        files.place(tmp_path / "part", tmp_path / "a", Digest.of(b"others"))

    assert names(tmp_path) == ["part"]


def test_an_append_leaves_what_was_there(files: Files, tmp_path: Path) -> None:
    """Old bytes, then new ones."""
    files.write(tmp_path / "a", b"old,")
    files.append(tmp_path / "a", b"new", 4)

    assert (tmp_path / "a").read_bytes() == b"old,new"


def test_an_append_takes_the_place_of_what_a_failed_one_left(files: Files, tmp_path: Path) -> None:
    """Only the bytes that count stay before what is appended."""
    files.write(tmp_path / "a", b"old,torn and much longer")
    files.append(tmp_path / "a", b"new", 4)

    assert (tmp_path / "a").read_bytes() == b"old,new"


def test_cutting_shortens_a_file(files: Files, tmp_path: Path) -> None:
    """What is behind the size is gone."""
    files.write(tmp_path / "a", b"old,torn")
    files.cut(tmp_path / "a", 4)

    assert (tmp_path / "a").read_bytes() == b"old,"


def test_folders_that_are_there_may_be_made_again(files: Files, tmp_path: Path) -> None:
    """Making folders twice changes nothing."""
    files.make_folders([tmp_path / "a", tmp_path / "a" / "b"])
    (tmp_path / "a" / "b" / "file").touch()
    files.make_folders([tmp_path / "a", tmp_path / "a" / "b"])

    assert names(tmp_path / "a" / "b") == ["file"]


def test_a_folder_without_its_parent_is_not_made(files: Files, tmp_path: Path) -> None:
    """A missing parent is an error that names the folder."""
    with pytest.raises(StorageError, match=r"making the folder .*/a/b failed"):
        files.make_folders([tmp_path / "a" / "b"])


def test_removing_what_is_not_there_is_no_error(files: Files, tmp_path: Path) -> None:
    """Removing twice is removing once."""
    (tmp_path / "a").touch()
    files.remove(tmp_path / "a")
    files.remove(tmp_path / "a")

    assert names(tmp_path) == []


def test_only_the_temporaries_of_a_killed_process_are_swept(files: Files, tmp_path: Path) -> None:
    """A sweep takes the temporaries of every kind of name, and no other file."""
    files.write(tmp_path / "a.json", b"")
    (tmp_path / ".a.json.17.new").touch()
    (tmp_path / ".hidden").touch()
    (tmp_path / "b.new").touch()
    swept = files.sweep(tmp_path)

    assert (swept, names(tmp_path)) == (1, [".hidden", "a.json", "b.new"])


def test_what_a_write_leaves_behind_can_be_swept(tmp_path: Path) -> None:
    """The name of every temporary is one that the sweep knows."""
    disk = RecordingDisk()
    Files(disk).write(tmp_path / "a.jsonl", b"bytes")
    created = [operation.path for operation in disk.log if isinstance(operation, Create)]
    created[0].touch()

    assert Files(disk).sweep(tmp_path) == 1


def test_a_write_follows_the_one_order(tmp_path: Path) -> None:
    """Written, synced, closed, read back, renamed, folder synced: in this order."""
    disk = RecordingDisk()
    Files(disk).write(tmp_path / "a", b"bytes")

    assert [type(operation) for operation in disk.log] == [
        Create,
        Write,
        SetMode,
        Sync,
        Rename,
        SyncFolder,
    ]


def test_a_batch_syncs_each_folder_once(tmp_path: Path) -> None:
    """Three files in one folder: three syncs of files, one of the folder, at the end."""
    disk = RecordingDisk()
    Files(disk).write_all({tmp_path / name: name.encode() for name in "abc"})
    kinds = [type(operation) for operation in disk.log]

    assert (kinds.count(Sync), kinds.count(SyncFolder), kinds[-1]) == (3, 1, SyncFolder)


@given(st.binary(max_size=300), st.binary(max_size=300))
@settings(max_examples=30)
def test_any_bytes_replace_any_others(old: bytes, new: bytes) -> None:
    """What was written last is read."""
    with tempfile.TemporaryDirectory() as folder:
        files = Files(Disk())
        files.write(Path(folder) / "a", old)
        files.write(Path(folder) / "a", new)

        assert (Path(folder) / "a").read_bytes() == new


def test_a_loose_write_replaces_the_file_too(files: Files, tmp_path: Path) -> None:
    """Not waiting for the disk changes nothing for whoever reads now."""
    files.write_loosely(tmp_path / "a", b"old")
    files.write_loosely(tmp_path / "a", b"new")

    assert (names(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"new")
