"""What is remembered of mirrors, and the laws of it."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.client.known import (
    KNOWN_MIRRORS,
    KnownMirrors,
    Seen,
    Shown,
    refuse_another_lineage,
    refuse_going_back,
    remembering,
)
from mirror.client.memory import Memory, state_folder
from mirror.errors import MirrorError, WentBackError
from tests.storage.disks import EIO, ENOSPC, FailingDisk

if TYPE_CHECKING:
    from pathlib import Path

ROOTS = [Digest.of(bytes([number])) for number in range(3)]
shown = st.builds(
    Shown,
    address=st.sampled_from(["http://a.test", "http://b.test"]),
    lineage=st.sampled_from(["1" * 32, "2" * 32]),
    channel=st.sampled_from(["current", "lab-stable"]),
    seen=st.builds(Seen, sequence=st.integers(1, 5), root=st.sampled_from(ROOTS)),
)


@given(st.lists(shown, max_size=12))
def test_no_reader_ever_goes_back(history: list[Shown]) -> None:
    """Whatever mirrors show: of each lineage and channel, what is believed only rises."""
    known, believed = KnownMirrors(), dict[tuple[str, str], list[Seen]]()
    for one in history:
        try:
            refuse_going_back(known, one)
            refuse_another_lineage(known, one)
        except MirrorError:
            continue
        known = remembering(known, one, None)
        believed.setdefault((one.lineage, one.channel), []).append(one.seen)

    for row in believed.values():
        sequences = [seen.sequence for seen in row]
        assert sequences == sorted(sequences)
        assert len({(seen.sequence, seen.root) for seen in row}) == len(set(sequences))


@given(st.lists(shown, max_size=6), st.none() | st.text(max_size=60))
def test_what_is_remembered_is_read_back(history: list[Shown], key: str | None) -> None:
    known = KnownMirrors()
    for one in history:
        known = remembering(known, one, key)

    assert KNOWN_MIRRORS.validate_json(KNOWN_MIRRORS.dump_json(known)) == known


def test_commands_that_run_at_once_forget_nothing(tmp_path: Path) -> None:
    """Each changes what the one before it left."""

    def remember(number: int) -> None:
        one = Shown(f"http://{number}.test", f"{number:032x}", "current", Seen(1, ROOTS[0]))
        Memory(tmp_path / "state").change(lambda known: remembering(known, one, None))

    threads = [threading.Thread(target=remember, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    known = Memory(tmp_path / "state").known()
    assert len(known.lineages) == 6
    assert (tmp_path / "state" / "mirrors.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("error", [EIO, ENOSPC])
def test_a_disk_that_fails_leaves_the_memory_as_it_was_or_as_it_is(
    tmp_path: Path, error: int
) -> None:
    """Whichever operation it is; and the next change succeeds."""
    old, new = (Shown("http://a.test", "1" * 32, "current", Seen(n, ROOTS[n])) for n in (1, 2))
    disk = FailingDisk()
    for number in itertools.count(1):
        memory = Memory(tmp_path / str(number), disk)
        memory.change(lambda known: remembering(known, old, None))
        before = memory.known()
        with disk.broken(number, error, short=True):
            memory.change(lambda known: remembering(known, new, None))
        if not disk.failed:
            break

        assert memory.known() in (before, remembering(before, new, None))
        memory.change(lambda known: remembering(known, new, None))
        assert memory.known() == remembering(before, new, None)
    assert number > 5


def test_a_change_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state")
    one = Shown("http://a.test", "1" * 32, "current", Seen(2, ROOTS[0]))
    memory.change(lambda known: remembering(known, one, None))
    before = (tmp_path / "state" / "mirrors.json").read_bytes()

    def back(known: KnownMirrors) -> KnownMirrors:
        refuse_going_back(known, Shown(one.address, one.lineage, "current", Seen(1, ROOTS[1])))
        return known

    with pytest.raises(WentBackError):
        memory.change(back)

    assert (tmp_path / "state" / "mirrors.json").read_bytes() == before


def test_state_is_where_the_desktop_says(tmp_path: Path) -> None:
    """A folder that is not absolute counts for nothing, as the specification says."""
    assert state_folder({"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "mpmirror"
    assert state_folder({"XDG_STATE_HOME": "here"}).parts[-3:] == (".local", "state", "mpmirror")
