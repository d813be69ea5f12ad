"""`mpmirror adopt`: by itself, beside a daemon, and what it says."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.kinds import Kind
from mirror.cli import main
from mirror.config import load_settings
from tests.cli.holding import holding
from tests.replica.images import Recipe, make_image

if TYPE_CHECKING:
    from pathlib import Path

PICO = "RPI_PICO-20260406-v1.28.0.uf2"
RECIPE = Recipe("rp2", "rp2040", "RPI_PICO", None, "v1.28.0", "2026-04-06", Kind.UF2)
SETTINGS = """
data_dir = "data"
offline = true
admin_listen = "unix:control"
log.level = "error"
"""


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A settings file beside a folder with a good file, a bad one, and one of somebody else."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / PICO).write_bytes(make_image(RECIPE))
    (kept / "RPI_PICO-20251209-v1.27.0.uf2").write_bytes(bytes(512))
    (kept / "notes.txt").write_text("mine", encoding="utf-8")
    file = tmp_path / "mpmirror.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    return file


def run(file: Path, *words: str) -> int:
    """Run a command with these settings; return its exit status."""
    return main(["--config", str(file), *words])


def test_what_was_adopted_and_what_was_not_is_told(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also offline: nobody is asked."""
    status = run(lab, "adopt", str(lab.parent / "kept"))
    shown = capsys.readouterr()

    assert status == 4
    assert shown.out.splitlines() == [
        "1 adopted, 0 held already; publication 1",
        "left out: 1 refused, 1 unrecognised",
    ]
    assert "refused: RPI_PICO-20251209-v1.27.0.uf2: 512 bytes, all of them 0x00" in shown.err
    assert "unrecognised: notes.txt: " in shown.err


def test_a_script_gets_json(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(lab, "adopt", str(lab.parent / "kept"), "--json")
    document = json.loads(capsys.readouterr().out)

    assert status == 4
    assert (document["adopted"], document["refused"], document["publication"]) == (1, 1, 1)
    assert [one["file"] for one in document["left_out"]] == [
        "RPI_PICO-20251209-v1.27.0.uf2",
        "notes.txt",
    ]


def test_a_folder_that_is_none_is_wrong_usage(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(lab, "adopt", str(lab.parent / "nothing"))

    assert status == 2
    assert "is no folder" in capsys.readouterr().err


async def test_beside_a_daemon_the_daemon_reads_the_folder(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with holding(load_settings({}, lab.parent, file=lab)) as node:
        kept = str(lab.parent / "kept")
        status = await asyncio.to_thread(run, lab, "adopt", kept)
        nothing = await asyncio.to_thread(run, lab, "adopt", f"{kept}/nothing")
        files = await node.files()
    shown = capsys.readouterr()

    assert (status, nothing, set(files)) == (4, 2, {PICO})
    assert "1 adopted, 0 held already; publication 1" in shown.out
    assert "A daemon holds the data: it reads the folder, as its own user." in shown.err
    assert "is no folder, or this user may not look into it" in shown.err
