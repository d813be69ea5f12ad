"""`mpmirror export`: for mpflash, beside a daemon, and what it says."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from mirror.cli import main
from tests.transfer.publishing import publish_usual

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Settings beside a store with a publication."""
    asyncio.run(publish_usual(tmp_path / "data"))
    file = tmp_path / "mpmirror.toml"
    file.write_text('data_dir = "data"\noffline = true\n', encoding="utf-8")
    return file


def run(file: Path, *words: str) -> int:
    """Run a command with these settings; return its exit status."""
    return main(["--config", str(file), *words])


def test_it_says_what_is_there_and_how_to_use_it(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lab.parent / "a folder"

    status = run(lab, "export", "--mpflash", str(folder))
    shown = capsys.readouterr()

    assert status == 0
    assert shown.out.splitlines() == [
        "5 files of publication 1, 0.5 MB, 5 of them written now",
        f"to use them: MPFLASH_FIRMWARE='{folder}' mpflash flash …",
    ]


def test_a_pattern_that_nothing_fits_is_incomplete(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(lab, "export", "--mpflash", str(lab.parent / "usb"), "--boards", "X*", "--json")
    document = json.loads(capsys.readouterr().out)

    assert status == 4
    assert (document["files"], document["unmatched"]) == (0, ["X*"])


def test_for_whom_must_be_said(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(lab, "export")

    assert status == 2
    assert "--mpflash DIR" in capsys.readouterr().err
