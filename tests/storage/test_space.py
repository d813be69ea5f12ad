"""Leave room on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import ConfigurationError, DiskFullError, StorageError
from mirror.storage.disk import Disk, Space
from mirror.storage.space import KeepFree, Room

GB = 10**9
FOLDER = Path("/data")


class SmallDisk(Disk):
    """A disk of 100 GB with 12 GB free."""

    def space(self, _folder: Path) -> Space:
        """Say so."""
        return Space(total=100 * GB, free=12 * GB)


@pytest.mark.parametrize(
    ("total", "kept"), [(5 * GB, 2 * GB), (20 * GB, 2 * GB), (100 * GB, 10 * GB)]
)
def test_the_larger_of_two_gigabytes_and_a_tenth_stays_free(total: int, kept: int) -> None:
    """On a small disk the bytes count, on a large one the share."""
    assert KeepFree().of(total) == kept


def test_what_fits_may_be_written() -> None:
    """Up to the last byte that may be taken."""
    Room(SmallDisk(), FOLDER, KeepFree()).demand(2 * GB)


def test_what_would_leave_too_little_is_refused_in_one_sentence() -> None:
    """The operator reads how much, where, and which setting."""
    with pytest.raises(DiskFullError) as caught:
        Room(SmallDisk(), FOLDER, KeepFree()).demand(2 * GB + 1)

    assert str(caught.value) == (
        "2000.0 MB more in /data would leave less than 10,000 MB free (disk.keep_free): "
        "12,000 MB are"
    )


def test_without_a_limit_everything_may_be_written() -> None:
    """None keeps nothing free, and does not even look."""
    Room(Disk(), Path("/nowhere"), None).demand(1 << 80)


def test_a_folder_that_can_not_be_measured_is_an_error(tmp_path: Path) -> None:
    """The folder is named."""
    with pytest.raises(StorageError, match=r"measuring .*/nowhere failed"):
        Room(Disk(), tmp_path / "nowhere", KeepFree()).demand(0)


@pytest.mark.parametrize(("least", "share"), [(-1, 0.1), (0, -0.1), (0, 1.0)])
def test_what_can_not_be_kept_free_is_no_setting(least: int, share: float) -> None:
    """Less than nothing, or all of it."""
    with pytest.raises(ConfigurationError, match="can not keep"):
        KeepFree(least, share)


@given(st.integers(0, 1 << 60), st.integers(0, 1 << 60))
def test_a_real_disk_has_at_least_what_it_has_free(least: int, size: int) -> None:
    """The measure of the real disk is taken, and never negative."""
    space = Disk().space(Path("/"))

    assert (0 <= space.free <= space.total, KeepFree(least, 0).of(size)) == (True, least)
