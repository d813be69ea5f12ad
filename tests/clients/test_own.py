"""Our own client, against the real mirror: what a channel shows is what it gets."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.lab import URL, environment, equip, run, upstream
from tests.clients.prepare import ROOT
from tests.replica import Replica

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("alone")]


def got(home: Path, *words: str) -> dict[str, Any]:
    """Return what `mpmirror get` says of the Pico W's file, as JSON."""
    ended = run(
        sys.executable, "-m", "mirror", "get", "RPI_PICO_W", "--json", "--from", URL, *words,
        env=environment(home, PYTHONPATH=str(ROOT)), folder=home,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [document] = json.loads(ended.stdout)
    found: dict[str, Any] = document
    return found


def test_a_channel_shows_what_was_promoted_and_current_what_is_new(
    tmp_path: Path, home: Path
) -> None:
    """Both signed by the key that was pinned, each with a sequence of its own."""
    replica = Replica.of("RPI_PICO_W", size=100_000)
    replica.release("RPI_PICO_W", "v1.28.0", date="2026-04-06")
    lab, mirror = equip(tmp_path / "lab")
    del lab
    with upstream(replica):
        mirror.command("sync")
        mirror.command("channel", "promote", "lab-stable", "current", "--why", "tried")
        replica.release("RPI_PICO_W", "v1.29.0", date="2026-08-24")
        mirror.command("sync")
    with mirror.serving():
        new, stable = got(home), got(home, "--channel", "lab-stable")

    assert (new["version"], stable["version"]) == ("v1.29.0", "v1.28.0")
    assert "pinned now" in new["trust"]
    assert "pinned at the first use" in stable["trust"]
