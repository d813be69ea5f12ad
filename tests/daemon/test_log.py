"""What the daemon writes obeys nobody."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from mirror.config.log import LogSettings
from mirror.daemon.log import logging_as

if TYPE_CHECKING:
    import pytest


def test_foreign_text_moves_no_cursor_and_begins_no_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with logging_as(LogSettings(format="console")) as log:
        log.info("trouble", subject="a\x1b[2Jb\nc\u202ed")
    written = capsys.readouterr().err

    assert "\x1b" not in written
    assert written.count("\n") == 1
    assert "\u202e" not in written


def test_json_is_one_object_a_line_in_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_as(LogSettings(format="json")) as log:
        log.warning("trouble", subject="ü\n")
    written = capsys.readouterr().err

    assert written.isascii()
    assert json.loads(written)["subject"] == "ü\\n"


def test_events_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_as(LogSettings(format="json", level="warning")) as log:
        log.info("sync begins")

    assert capsys.readouterr().err == ""


def test_what_a_room_logs_comes_out_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_as(LogSettings(format="json")):
        logging.getLogger("mirror.web").error("%s is damaged", "a\x1bb")
    written = capsys.readouterr().err

    assert json.loads(written)["event"] == "a\\x1bb is damaged"


def test_of_libraries_only_what_is_wrong_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_as(LogSettings(format="json")):
        logging.getLogger("apscheduler").info("Added job")
        logging.getLogger("apscheduler").warning("missed")
    written = capsys.readouterr().err

    assert json.loads(written)["event"] == "missed"
