"""`mpmirror pin` as an operator types it: by itself, and beside a daemon."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mirror.cache.on_demand import OnDemand
from mirror.catalog.plan import Policy
from mirror.cli import main
from mirror.config import Given, load_settings
from mirror.daemon.log import logging_as
from mirror.daemon.operations import Operations
from mirror.daemon.parts import on_demand_terms_of
from mirror.daemon.reach import Reach
from mirror.errors import MalformedOrderError
from mirror.web.admin import make_admin_app
from mirror.web.listening import unix_socket
from mirror.web.server import serving
from tests.catalog.pins import pin_of
from tests.replica import Replica
from tests.sync.node import TestNode, node_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.config import Settings

NEW = "RPI_PICO_W-20260406-v1.28.0.uf2"
OLD = "RPI_PICO_W-20251209-v1.27.0.uf2"
WHY = ("--why", "exam")


def site() -> Replica:
    """Return a site where one board has two releases."""
    replica = Replica.of("RPI_PICO_W")
    replica.release("RPI_PICO_W", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO_W", "v1.28.0", date="2026-04-06")
    return replica


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Settings beside data that were mirrored when one release was wanted; upstream is gone."""

    async def mirrored() -> str:
        async with site().running() as url, node_at(tmp_path / "data", url) as node:
            await node.sync(policy=Policy(releases=1))
        return url

    return settings_file(tmp_path, asyncio.run(mirrored()))


def settings_file(folder: Path, url: str) -> Path:
    """Write the settings of a mirror of *url* that holds one release."""
    file = folder / "mpmirror.toml"
    file.write_text(
        f'data_dir = "data"\n[upstream]\nurl = "{url}"\nattempts = 1\nrequests_per_second = 0\n'
        '[policy]\nreleases = 1\n[disk]\nkeep_free = "1MB"\n[log]\nlevel = "error"\n',
        encoding="utf-8",
    )
    return file


def pin(file: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run the command with the settings of *file*; give its status and what it wrote."""
    status = main(["--config", str(file), "pin", *words])
    written = capsys.readouterr()
    return status, written.out, written.err


def pin_json(file: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    """Run the command for a script; give its status and its document."""
    status, out, _ = pin(file, capsys, *words, "--json")
    return status, json.loads(out)


def test_what_is_held_is_pinned_and_shown(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, [result] = pin_json(lab, capsys, "RPI_PICO_W", "v1.28.0", "--kind", "uf2", *WHY)
    listed, [shown] = pin_json(lab, capsys, "--list")
    _, people, _ = pin(lab, capsys, "--list")

    assert (status, listed, result["exit_status"], result["troubles"]) == (0, 0, 0, [])
    assert shown == {**result["pin"], "missing": []}
    assert (shown["why"], list(shown["names"])) == ("exam", [NEW])
    assert "RPI_PICO_W v1.28.0 (uf2)  1" in people


def test_what_can_not_be_fetched_is_named_stays_wanted_and_is_in_the_status(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Upstream is gone: 3, and no status is green until it is held."""
    status, out, err = pin(lab, capsys, OLD, *WHY)
    _, [shown] = pin_json(lab, capsys, "--list")
    green = main(["--config", str(lab), "status"])
    told = capsys.readouterr().out

    assert (status, green) == (3, 4)
    assert f"{OLD}: " in err
    assert "0 of 1 files are held and verified" in out
    assert (shown["names"], shown["missing"]) == ({OLD: None}, [OLD])
    assert "pinned: 1 files by 1 pins" in told
    assert f"{OLD}: it is pinned and not held: " in told


def test_what_nobody_lists_is_not_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def attempt() -> tuple[int, str, str]:
        async with site().running() as url:
            file = settings_file(tmp_path, url)
            return await asyncio.to_thread(pin, file, capsys, "RPI_PICO_W", "v1.2.3", *WHY)

    status, _, err = asyncio.run(attempt())

    assert status == 4
    assert "does not list RPI_PICO_W v1.2.3" in err
    assert list((tmp_path / "data" / "pins").iterdir()) == []


def test_pins_are_carried_to_another_mirror(
    lab: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """By a file, and as text; what is imported again changes nothing."""
    pin(lab, capsys, NEW, *WHY)
    _, text, _ = pin(lab, capsys, "--export", "-")
    exported, _, _ = pin(lab, capsys, "--export", str(tmp_path / "pins.jsonl"))
    _, [made] = pin_json(lab, capsys, "--list")
    pin(lab, capsys, "--remove", made["id"], *WHY)
    imported, [result] = pin_json(lab, capsys, "--import", str(tmp_path / "pins.jsonl"))

    assert (exported, imported) == (0, 0)
    assert json.loads(text) == json.loads((tmp_path / "pins.jsonl").read_bytes())
    assert {**result["pin"], "missing": []} == made


def test_a_file_that_is_not_all_pins_changes_nothing(
    lab: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pin(lab, capsys, NEW, *WHY)
    pin(lab, capsys, "--export", str(tmp_path / "pins.jsonl"))
    _, [made] = pin_json(lab, capsys, "--list")
    pin(lab, capsys, "--remove", made["id"], *WHY)
    with (tmp_path / "pins.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id":"\\u001b[31m"}\n')
    status, _, err = pin(lab, capsys, "--import", str(tmp_path / "pins.jsonl"))

    assert status == 4
    assert "pins.jsonl, line 2: not a pin" in err
    assert pin_json(lab, capsys, "--list") == (0, [])


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ([], 2, "say what to pin, or one of"),
        (["--list", NEW], 2, "say what to pin, or one of"),
        ([NEW], 2, "say why, in at most 500 printable letters"),
        ([NEW, "--why", "a\nb"], 2, "say why, in at most 500 printable letters"),
        ([NEW, "v1.28.0", *WHY], 4, "a file's name says its version"),
        (["RPI_PICO_W", *WHY], 2, "which version of RPI_PICO_W?  mpmirror pin RPI_PICO_W v1.2.3"),
        (["RPI_PICO_W", "1.28", *WHY], 4, "not a version of MicroPython"),
        (["--remove", "0" * 12, *WHY], 1, "there is no pin"),
        (["--remove", "../x", *WHY], 4, "a pin's id has 12 hex digits"),
        (["--import", "absent.jsonl"], 1, "absent.jsonl"),
    ],
)
def test_what_can_not_be_obeyed_is_one_sentence(
    lab: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, message: str
) -> None:
    found, _, err = pin(lab, capsys, *words)

    assert found == status
    assert message in err


def test_with_nothing_pinned_that_is_said(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pin(lab, capsys, "--list") == (0, "Nothing is pinned.\n", "")


@asynccontextmanager
async def daemon(settings: Settings, url: str) -> AsyncIterator[TestNode]:
    """Hold the data and answer operators, as a daemon does."""
    with logging_as(settings.log) as log:
        async with (
            node_at(settings.data_dir, url) as node,
            Reach(settings, node.store, node.sandbox) as reach,
            OnDemand(node.store, reach, on_demand_terms_of(settings)) as on_demand,
        ):
            operations = Operations(settings, node.store, reach, on_demand, log)
            app = make_admin_app(operations, "0" * 32)
            with unix_socket(settings.admin_listen.path) as listener:
                async with serving(app, [listener]):
                    yield node


async def test_beside_a_daemon_the_daemon_pins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It fetches, publishes and unpins; lists are read beside it."""
    async with site().running() as url:
        file = settings_file(tmp_path, url)
        given = {"upstream.url": Given(url, "test")}
        async with daemon(load_settings({}, tmp_path, flags=given, file=file), url) as node:
            await node.sync(policy=Policy(releases=1))
            pinned, [result] = await asyncio.to_thread(
                pin_json, file, capsys, "RPI_PICO_W", "v1.27.0", *WHY
            )
            files = await node.files()
            _, [shown] = await asyncio.to_thread(pin_json, file, capsys, "--list")
            unknown, _, err = await asyncio.to_thread(
                pin, file, capsys, "RPI_PICO_W", "v1.2.3", *WHY
            )
            gone, _, _ = await asyncio.to_thread(
                pin, file, capsys, "--remove", result["pin"]["id"], *WHY
            )
            left = await node.store.pins.all()

    assert (pinned, unknown, gone, left) == (0, 4, 0, ())
    assert str(files[OLD].digest) == result["pin"]["names"][OLD]
    assert shown["missing"] == []
    assert "does not list RPI_PICO_W v1.2.3" in err


async def test_a_daemon_refuses_what_is_no_order(tmp_path: Path) -> None:
    async with site().running() as url:
        settings = load_settings({}, tmp_path, file=settings_file(tmp_path, url))
        with logging_as(settings.log) as log:
            async with (
                node_at(settings.data_dir, url) as node,
                Reach(settings, node.store, node.sandbox) as reach,
                OnDemand(node.store, reach, on_demand_terms_of(settings)) as on_demand,
            ):
                operations = Operations(settings, node.store, reach, on_demand, log)
                with pytest.raises(MalformedOrderError):
                    _ = [line async for line in operations.pin(b'{"do":"all"}')]


def test_a_pin_that_can_not_be_read_is_an_alarm_and_can_be_removed(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`check` names it too; nothing is green until somebody judged."""
    made = pin_of(NEW)
    path = lab.parent / "data" / "pins" / f"{made.id}.json"
    path.write_bytes(b"{}")
    status = main(["--config", str(lab), "status"])
    told = capsys.readouterr().out
    checked = main(["--config", str(lab), "check"])
    found = capsys.readouterr().err
    removed, _, _ = pin(lab, capsys, "--remove", made.id, *WHY)

    assert (status, checked, removed) == (4, 5, 0)
    assert ": pins: damaged, the pin" in told
    assert "pins: the pin" in found
    assert not path.exists()
