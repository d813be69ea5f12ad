"""A bundle is taken out of the inbox once it is whole and still, or moved aside with the reason."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mirror.config.log import LogSettings
from mirror.daemon.inbox import InboxWatch
from mirror.daemon.log import logging_as
from mirror.errors import BundleRefusedError, ChildUnavailableError, DiskFullError, MirrorError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.transfer.bundles.volumes import Volume
from mirror.transfer.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty inbox."""
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def arrived(inbox: Inbox) -> list[list[str]]:
    """Return the names of what lies there whole, by bundle."""
    return [[path.name for path in one.files] for one in inbox.look()]


def volume(number: int, count: int, *, bundle: str = "a") -> bytes:
    """Return a volume with one byte of content."""
    head = Volume(
        bundle=bundle * 64, number=number, count=count, offset=number - 1, size=1, sha256="0" * 64
    )
    return head.header() + b"x"


def below(folder: Path) -> list[str]:
    """Return all files below *folder*."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def test_a_file_counts_when_two_looks_found_it_the_same(folder: Path) -> None:
    """One that grows, or is replaced, or touched, is still being copied."""
    inbox = Inbox(folder)
    path = folder / "lab.mpb"
    looks = []
    for content in (b"a", b"ab", b"ab"):
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
        looks.append(arrived(inbox))
    os.utime(path, (1, 1))
    looks += [arrived(inbox), arrived(inbox)]

    assert looks == [[], [], [["lab.mpb"]], [], [["lab.mpb"]]]


def test_what_is_no_bundle_at_rest_is_left_alone(folder: Path, tmp_path: Path) -> None:
    """Copies under way, empty files, folders, links and pipes."""
    for name in (".hidden", "~lock", "lab.mpb.part", "lab.TMP", "x.crdownload"):
        (folder / name).write_bytes(b"x")
    (folder / "empty.mpb").touch()
    (folder / "folder").mkdir()
    (tmp_path / "elsewhere").write_bytes(b"x")
    (folder / "link.mpb").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(folder / "pipe.mpb")
    inbox = Inbox(folder)
    inbox.look()

    assert arrived(inbox) == []


def test_volumes_wait_until_all_of_them_are_there(folder: Path) -> None:
    """In order, whatever their names; two bundles do not mix."""
    inbox = Inbox(folder)
    (folder / "b.mpb").write_bytes(volume(2, 3))
    (folder / "c.mpb").write_bytes(volume(1, 3))
    (folder / "other.mpb").write_bytes(volume(1, 2, bundle="b"))
    inbox.look()
    before = arrived(inbox)
    (folder / "a.mpb").write_bytes(volume(3, 3))
    inbox.look()

    assert (before, arrived(inbox)) == ([], [["c.mpb", "b.mpb", "a.mpb"]])


def test_a_damaged_volume_is_refused_by_itself(folder: Path) -> None:
    """The others go on waiting for it."""
    inbox = Inbox(folder)
    (folder / "a.mpb").write_bytes(volume(1, 2))
    (folder / "b.mpb").write_bytes(volume(2, 2) + b"more")
    inbox.look()
    [arrival] = inbox.look()

    assert [path.name for path in arrival.files] == ["b.mpb"]
    assert arrival.refusal == "b.mpb: cut short, or longer than it says"


def test_nothing_that_lies_there_already_is_written_over(folder: Path) -> None:
    """The same name comes again, and is refused again."""
    inbox, files = Inbox(folder), Files(Disk())
    for content in (b"first", b"second"):
        (folder / "lab.mpb").write_bytes(content)
        inbox.look()
        [arrival] = inbox.look()
        inbox.put_away(arrival, "not signed", files)

    assert below(folder / "refused") == [
        "lab.mpb",
        "lab.mpb.2",
        "lab.mpb.2.why.txt",
        "lab.mpb.why.txt",
    ]
    assert (folder / "refused" / "lab.mpb").read_bytes() == b"first"
    assert (folder / "refused" / "lab.mpb.why.txt").read_text() == "not signed\n"


def test_what_was_refused_is_found_again_each_time_by_a_mark_of_its_own(folder: Path) -> None:
    """Whatever its name is; and what cannot be looked at is not taken for nothing."""
    inbox, files = Inbox(folder), Files(Disk())
    nothing = inbox.find_refusals()
    for name in ("lab.mpb", "lab.mpb", os.fsdecode(b"\xff\x1b.mpb")):
        (folder / name).write_bytes(b"x")
        inbox.look()
        [arrival] = inbox.look()
        inbox.put_away(arrival, "not\nsigned", files)
    (folder / "refused" / "pipe.why.txt").symlink_to("/dev/zero")
    found = inbox.find_refusals()

    assert nothing == {}
    assert found is not None
    assert sorted((one.file, one.why) for one in found.values()) == [
        ("lab.mpb", "not signed"),
        ("lab.mpb.2", "not signed"),
        ("\ufffd\x1b.mpb", "not signed"),
    ]
    assert found == inbox.find_refusals()
    assert Inbox(folder / "away").find_refusals() is None


@pytest.mark.parametrize("trouble", [DiskFullError, ChildUnavailableError])
async def test_what_is_taken_is_moved_and_what_is_refused_says_why(
    folder: Path, trouble: type[MirrorError]
) -> None:
    """What the disk has no room for, or nobody had time to judge, stays and is tried again."""
    taken: list[str] = []
    full = True

    async def take(paths: Sequence[Path]) -> None:
        name = paths[0].name
        if name == "bad.mpb":
            raise BundleRefusedError("signed by key X, which is not trusted here")
        if name == "large.mpb" and full:
            raise trouble("not now")
        taken.append(name)

    for name in ("bad.mpb", "good.mpb", "large.mpb"):
        (folder / name).write_bytes(name.encode())
    with logging_as(LogSettings(format="json")) as log:
        watch = InboxWatch(Inbox(folder), take, log)
        looks = [await watch.look(), await watch.look()]
        before = list(taken)
        full = False
        looks.append(await watch.look())

    assert (looks, before, taken) == ([True, False, True], ["good.mpb"], ["good.mpb", "large.mpb"])
    assert below(folder) == [
        "refused/bad.mpb",
        "refused/bad.mpb.why.txt",
        "taken/good.mpb",
        "taken/large.mpb",
    ]
