"""The age of the data is in a file that may be lost, or be anything, and then is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.errors import StorageError
from mirror.storage.crawled import CRAWLED_FILE, LastCrawl, find_last_crawl, write_last_crawl
from mirror.storage.disk import Disk
from mirror.storage.files import Files

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 4, 7, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
CRAWL = LastCrawl(AT, 2 * HOUR.total_seconds())


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_last_crawl(tmp_path, CRAWL, Files(Disk()))

    assert find_last_crawl(tmp_path) == CRAWL


def test_nothing_is_written_that_is_known(tmp_path: Path) -> None:
    write_last_crawl(tmp_path, CRAWL, Files(Disk()))
    before = (tmp_path / CRAWLED_FILE).stat().st_mtime_ns
    write_last_crawl(tmp_path, CRAWL, Files(Disk()))

    assert (tmp_path / CRAWLED_FILE).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b'{"at":"2026-04-07T06:00:00Z"',
        b'{"at":"2026-04-07T06:00:00","fresh_seconds":1}',
        b'{"at":"2026-04-07T06:00:00Z","fresh_seconds":-1}',
        b'{"at":"2026-04-07T06:00:00Z","fresh_seconds":NaN}',
        b"\xff" * 10_000,
    ],
)
def test_anything_else_is_no_age(tmp_path: Path, text: bytes) -> None:
    (tmp_path / CRAWLED_FILE).write_bytes(text)

    assert find_last_crawl(tmp_path) is None


def test_a_new_folder_knows_of_no_crawl(tmp_path: Path) -> None:
    assert find_last_crawl(tmp_path) is None


def test_a_disk_that_refuses_says_so(tmp_path: Path) -> None:
    (tmp_path / CRAWLED_FILE).mkdir()

    with pytest.raises(StorageError):
        find_last_crawl(tmp_path)


@pytest.mark.parametrize(
    ("since", "away", "stale"),
    [
        (2 * HOUR, False, False),
        (2 * HOUR + timedelta(seconds=1), False, True),
        (timedelta(0), True, True),
        (-HOUR, False, False),
    ],
)
def test_data_are_stale_when_they_are_old_or_upstream_is_away(
    since: timedelta, *, away: bool, stale: bool
) -> None:
    crawl = LastCrawl(AT, CRAWL.fresh_seconds, away)

    assert crawl.is_stale(AT + since) == stale


def test_a_crawl_in_the_future_is_of_no_age() -> None:
    assert CRAWL.age(AT - HOUR) == timedelta(0)
