"""`mpmirror status` says how complete the mirror is, and what there is of each port."""

from __future__ import annotations

import asyncio
import io
import json
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.plan import Policy
from mirror.cli import main
from mirror.cli.counts import completeness_lines, say_ports
from mirror.daemon.status import remember_outcome, status_of
from mirror.daemon.status_document import Moment
from tests.replica import Misbehaviour, Replica
from tests.sync.node import MORNING, node_at

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.daemon.status_document import Status

NEW = "RPI_PICO-20260406-v1.28.0.uf2"
SAMD = "ADAFRUIT_ITSYBITSY_M0_EXPRESS-20260406-v1.28.0.uf2"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Status]:
    """A data folder after a run that could not get one of two files, and its status."""
    folder = tmp_path_factory.mktemp("node")
    return folder / "data", asyncio.run(_filled(folder))


async def _filled(folder: Path) -> Status:
    replica = Replica.of("RPI_PICO", "ADAFRUIT_ITSYBITSY_M0_EXPRESS")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    replica.release("ADAFRUIT_ITSYBITSY_M0_EXPRESS", "v1.28.0", date="2026-04-06")
    replica.misbehave(SAMD, Misbehaviour.REDIRECT_TO_OTHER_HOST, None)
    async with replica.running() as url, node_at(folder / "data", url) as node:
        outcome = await node.sync(policy=Policy(releases=1))
        await remember_outcome(node.store, outcome, MORNING)
        return await status_of(node.store, folder, url, Moment(now=MORNING), offline=False)


def test_each_port_has_a_line_where_there_is_no_terminal(
    seen: tuple[Path, Status], capsys: pytest.CaptureFixture[str]
) -> None:
    ended = main(["--data", str(seen[0]), "status"])
    lines = capsys.readouterr().out.splitlines()

    assert ended == 4
    assert "completeness: 50.00%: 1 of 2 files that are asked for are held, 1 missing" in lines
    assert [line.partition(": ")[0] for line in lines[-3:]] == ["port rp2", "port samd", "port all"]
    assert lines[-3].endswith(
        "1 on demand (0 fetched, 0.0 MB), 0 withdrawn, 0 quarantined, 0 missing"
    )
    assert lines[-2].startswith("port samd: 0 held (0.0 MB), 0 on demand")
    assert lines[-2].endswith("0 quarantined, 1 missing")


def test_the_age_of_the_publication_is_told(
    seen: tuple[Path, Status], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--data", str(seen[0]), "status"])
    first = capsys.readouterr().out.splitlines()[0]
    told = re.fullmatch(
        r"publication 1 of ([-0-9T:]+Z), (?:(\d+) days?, )?\d+:\d\d:\d\d ago", first
    )

    assert told is not None
    days = (datetime.now(UTC) - datetime.fromisoformat(told[1])).days
    assert abs(int(told[2] or 0) - max(0, days)) <= 1


def test_a_terminal_gets_a_table(
    seen: tuple[Path, Status], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    say_ports(seen[1])
    heads, *rows = [line.split() for line in terminal.getvalue().splitlines()]

    assert heads[:3] == ["port", "held", "MB"]
    assert [row[0] for row in rows] == ["rp2", "samd", "all"]
    assert [row[-1] for row in rows] == ["0", "1", "1"]


def test_what_is_missing_is_named_once(
    seen: tuple[Path, Status], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is an alarm already, which says what to do."""
    main(["--data", str(seen[0]), "status"])
    lines = capsys.readouterr().out.splitlines()

    assert len([line for line in lines if SAMD in line]) == 1
    assert len(list(completeness_lines(seen[1]))) == 1


def test_a_script_gets_the_numbers_and_the_names(
    seen: tuple[Path, Status], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--data", str(seen[0]), "status", "--json"])
    found = json.loads(capsys.readouterr().out)

    assert (found["completeness"]["share"], found["completeness"]["missing"]) == (0.5, 1)
    assert [one["name"] for one in found["completeness"]["names"]] == [SAMD]
    assert [port["port"] for port in found["ports"]] == ["rp2", "samd"]
