"""`mpmirror add`: by itself, beside a daemon, and what it says."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from mirror.config import load_settings
from tests.cli.holding import holding
from tests.cli.test_adopt import RECIPE, SETTINGS, run
from tests.replica.images import make_image

if TYPE_CHECKING:
    from pathlib import Path

LAB = "local+RPI_PICO+lab.3.uf2"
WORDS = ("--board", "RPI_PICO", "--version", "lab.3", "--why", "our course")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A settings file beside a build."""
    (tmp_path / "build.uf2").write_bytes(make_image(RECIPE))
    file = tmp_path / "mpmirror.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    return file


def test_what_was_added_is_told(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = str(lab.parent / "build.uf2")
    first = run(lab, "add", build, *WORDS)
    second = run(lab, "add", build, *WORDS)
    explained = run(lab, "config", "explain", "RPI_PICO")

    assert (first, second, explained) == (0, 0, 4)
    assert capsys.readouterr().out.splitlines()[:2] == [
        f"{LAB}: added; publication 1",
        f"{LAB}: held already; nothing new to publish",
    ]


def test_a_script_gets_json(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(lab, "add", str(lab.parent / "build.uf2"), *WORDS, "--json")

    assert status == 0
    assert json.loads(capsys.readouterr().out) == {"name": LAB, "new": True, "sequence": 1}


def test_a_reason_is_asked_for(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(lab, "add", str(lab.parent / "build.uf2"), *WORDS[:4])

    assert status == 2
    assert "--why" in capsys.readouterr().err


def test_a_build_for_another_chip_is_refused(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A known board has its chip, without upstream's pages."""
    words = ("--board", "ESP32_GENERIC", *WORDS[2:])
    status = run(lab, "add", str(lab.parent / "build.uf2"), *words)

    assert status == 4
    assert "not esp32" in capsys.readouterr().err


async def test_beside_a_daemon_the_daemon_adds_it(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its refusals end the command as they would without it."""
    build = str(lab.parent / "build.uf2")
    async with holding(load_settings({}, lab.parent, file=lab)) as node:
        status = await asyncio.to_thread(run, lab, "add", build, *WORDS)
        refused = await asyncio.to_thread(run, lab, "add", str(lab), *WORDS, "--kind", "uf2")
        wrong = await asyncio.to_thread(run, lab, "add", build, *WORDS[2:], "--board", "A/B")
        files = await node.files()
    shown = capsys.readouterr()

    assert (status, refused, wrong, set(files)) == (0, 4, 2, {LAB})
    assert f"{LAB}: added; publication 1" in shown.out
    assert "A daemon holds the data: it reads the file, as its own user." in shown.err
