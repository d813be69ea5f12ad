"""The node's history is in a file that may be lost, or be anything, and then begins anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.errors import StorageError
from mirror.publication.history import MOST_HOURS, Hour, NodeHistory, PastRun
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.history import HISTORY_FILE, find_history, write_history

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 4, 7, 6, tzinfo=UTC)
HISTORY = NodeHistory((Hour(AT, 100, 3, 1, 2),), (PastRun(AT, 12.5, "published", 1),))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_history(tmp_path, HISTORY, Files(Disk()))

    assert find_history(tmp_path) == HISTORY


def test_a_file_never_grows_beyond_two_weeks(tmp_path: Path) -> None:
    hours = tuple(Hour(AT + timedelta(hours=number)) for number in range(2 * MOST_HOURS))
    write_history(tmp_path, NodeHistory(hours), Files(Disk()))

    assert find_history(tmp_path).hours == hours[-MOST_HOURS:]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"hours":[{"at":"2026-04-07T06:00:00"}]}',
        b'{"hours":[{"at":"2026-04-07T06:00:00Z","requests":-1}]}',
        b'{"runs":[{"started":"2026-04-07T06:00:00Z","seconds":NaN,"outcome":""}]}',
        b"\xff" * 10_000,
    ],
)
def test_anything_else_is_no_history(tmp_path: Path, text: bytes) -> None:
    (tmp_path / HISTORY_FILE).write_bytes(text)

    assert find_history(tmp_path) == NodeHistory()


def test_a_new_folder_has_no_history_and_a_disk_that_refuses_says_so(tmp_path: Path) -> None:
    assert find_history(tmp_path) == NodeHistory()
    (tmp_path / HISTORY_FILE).mkdir()

    with pytest.raises(StorageError):
        find_history(tmp_path)
