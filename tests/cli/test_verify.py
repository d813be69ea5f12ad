"""`mpmirror verify` judges files of anybody, by their name, by what is said, or by content."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from mirror.catalog.kinds import Kind
from mirror.cli import main
from tests.replica.images import Recipe, make_image

pytestmark = pytest.mark.programs

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "real"
NAME = "RPI_PICO_W-20260406-v1.28.0.uf2"
GOOD = make_image(Recipe("rp2", "rp2040", "RPI_PICO_W", None, "v1.28.0", "2026-04-06", Kind.UF2))
Capture = pytest.CaptureFixture[str]


def judge(capsys: Capture, *words: str | Path) -> tuple[int, list[dict[str, Any]], str]:
    """Run the command for a script; give status, documents and standard error."""
    status = main(["verify", "--json", *map(str, words)])
    written = capsys.readouterr()
    return status, json.loads(written.out), written.err


def put(folder: Path, name: str, data: bytes) -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(data)
    return path


def test_a_sound_file_is_told_with_all_that_was_found(tmp_path: Path, capsys: Capture) -> None:
    """What was checked, what is inside, and what the check can not mean."""
    path = put(tmp_path, NAME, GOOD)

    assert main(["verify", str(path)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:6] == [
        f"{path}: verified",
        "  structure checked, no checksum inside: damage in the content can not be noticed",
        "  origin: a file of yours, not signed by MicroPython",
        f"  sha256: {hashlib.sha256(GOOD).hexdigest()}",
        f"  size: {len(GOOD):,} bytes",
        "  structure: uf2, for RP2040, goes to 0x10000000",
    ]
    assert "  version inside: v1.28.0" in told
    assert [line for line in told if line.startswith("  limit: ")] != []


def test_a_refused_file_is_named_and_the_others_are_judged(tmp_path: Path, capsys: Capture) -> None:
    """The status is that of the worst."""
    zeros = put(tmp_path, "RPI_PICO-20260406-v1.28.0.uf2", bytes(32_768))
    good = put(tmp_path, NAME, GOOD)

    status, documents, told = judge(capsys, zeros, good)

    assert status == 4
    assert told == "mpmirror: 1 of 2 files refused\n"
    assert [document["conclusion"] for document in documents] == ["refused", "verified"]
    assert documents[0]["words"].startswith("refused: ")
    assert documents[1]["sha256"] == hashlib.sha256(GOOD).hexdigest()


def test_a_file_that_is_not_there_is_said_and_the_others_are_judged(
    tmp_path: Path, capsys: Capture
) -> None:
    """So is a folder, and a pipe that nobody writes to."""
    os.mkfifo(tmp_path / "pipe")
    good = put(tmp_path, NAME, GOOD)

    status, documents, told = judge(capsys, tmp_path / "no", tmp_path, tmp_path / "pipe", good)

    assert status == 1
    assert [document["accepted"] for document in documents] == [True]
    assert told.splitlines() == [
        f"{tmp_path}/no can not be read: No such file or directory",
        f"{tmp_path} can not be read: not a file",
        f"{tmp_path}/pipe can not be read: not a file",
        "mpmirror: 3 of 4 files could not be read",
    ]


def test_the_chip_is_that_of_the_board_in_the_name(tmp_path: Path, capsys: Capture) -> None:
    """An image for another chip is refused, though nobody said which chip the board has."""
    path = put(tmp_path, "RPI_PICO2_W-20260406-v1.28.0.uf2", GOOD)

    status, (document,), _ = judge(capsys, path)

    assert status == 4
    assert (document["claim"]["port"], document["claim"]["mcu"]) == ("rp2", "rp2350")


def test_a_name_that_says_nothing_leaves_the_content_to_speak(
    tmp_path: Path, capsys: Capture
) -> None:
    """Unless the options say what to measure it by."""
    path = put(tmp_path, "firmware (1).uf2", GOOD)

    by_content = judge(capsys, path)
    as_another = judge(capsys, "--board", "RPI_PICO2", path)
    as_said = judge(capsys, "--port", "rp2", "--mcu", "rp2040", path)

    assert [status for status, *_ in (by_content, as_another, as_said)] == [0, 4, 0]
    assert by_content[1][0]["claim"]["board"] is None
    assert as_another[1][0]["claim"]["mcu"] == "rp2350"


def test_a_hostile_name_is_shown_and_not_obeyed(tmp_path: Path, capsys: Capture) -> None:
    """In words and in JSON."""
    path = put(tmp_path, "\x1b[2J\nx.uf2", b"<html>")

    main(["verify", str(path)])
    told = capsys.readouterr()
    _, (document,), _ = judge(capsys, path)

    assert "\x1b" not in told.out
    assert told.out.startswith(f"{tmp_path}/\\x1b[2J\\nx.uf2: refused\n")
    assert document["file"] == str(path)


@pytest.mark.skipif(
    not (SHARED / "firmware").exists(), reason="the real images of ../shared/real are not here"
)
def test_real_images_of_micropython_are_accepted_and_others_refused(capsys: Capture) -> None:
    """By their names where these parse, by their content elsewhere."""
    rows = (SHARED / "firmware" / "manifest.tsv").read_text(encoding="utf-8").splitlines()
    table = [dict(zip(rows[0].split("\t"), row.split("\t"), strict=False)) for row in rows[1:]]
    foreign = {row["file"] for row in table if row["class"] == "not-micropython"}

    status, documents, _ = judge(capsys, *(SHARED / "firmware" / row["file"] for row in table))

    assert status == 4
    assert {Path(one["file"]).name for one in documents if not one["accepted"]} == foreign
    assert {Path(one["file"]).name: one["sha256"] for one in documents} == {
        row["file"]: row["sha256"] for row in table
    }
