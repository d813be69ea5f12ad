"""What the daemon writes obeys nobody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mirror.config.settings import LogSettings
from mirror.daemon.log import logger_of

if TYPE_CHECKING:
    import pytest


def test_foreign_text_moves_no_cursor_and_begins_no_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger_of(LogSettings(format="console")).info("trouble", subject="a\x1b[2Jb\nc\u202ed")
    written = capsys.readouterr().err

    assert "\x1b" not in written
    assert written.count("\n") == 1
    assert "\u202e" not in written


def test_json_is_one_object_a_line_in_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    logger_of(LogSettings(format="json")).warning("trouble", subject="ü\n")
    written = capsys.readouterr().err

    assert written.isascii()
    assert json.loads(written)["subject"] == "ü\\n"


def test_events_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logger_of(LogSettings(format="json", level="warning")).info("sync begins")

    assert capsys.readouterr().err == ""
