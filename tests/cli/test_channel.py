"""`mpmirror channel`: alone, through the daemon that holds the data, and with a key or a token."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.cli import main
from mirror.config import Given, load_settings
from mirror.transfer.keys.secret import SecretKey
from tests.cli.holding import holding
from tests.replica import Replica
from tests.sync.node import node_at

if TYPE_CHECKING:
    from mirror.config import Settings

WHY = ("--why", "the benches passed")


def site() -> Replica:
    """Return a site of one board with one release."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    return replica


async def published(folder: Path) -> None:
    """Publish once into the data of *folder*."""
    async with site().running() as url, node_at(folder / "data", url) as node:
        assert (await node.sync()).exit_status == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with data of one publication."""
    asyncio.run(published(tmp_path))
    return tmp_path


def run(folder: Path, *words: str) -> int:
    """Run the command on the data of *folder*."""
    settings = folder / "mpmirror.toml"
    chosen = ("--config", str(settings)) if settings.exists() else ()
    return main([*chosen, "--data", str(folder / "data"), "channel", *words])


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was said since."""
    return capsys.readouterr().out


def test_a_channel_is_promoted_listed_and_shown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statuses = [run(folder, "promote", "lab-test", "1", *WHY, "--by", "Anna Weber")]
    statuses.append(run(folder, "promote", "lab-stable", "lab-test", *WHY))
    promoted = said(capsys)
    statuses += [run(folder, "list"), run(folder, "show", "lab-test")]
    told = said(capsys)

    assert statuses == [0, 0, 0, 0]
    assert "lab-test shows publication 1 now, as its 1\n" in promoted
    assert "lab-stable shows lab-test now, as its 1\n" in promoted
    assert "\nlab-stable: 1 of 20" in told
    assert "promote: publication 1, as lab-test 1, by " in told
    assert ", who says: Anna Weber: the benches passed\n" in told


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("promote", "lab", "9", *WHY), 1),
        (("promote", "lab", "1"), 2),
        (("promote", "current", "1", *WHY), 2),
        (("promote", "lab"), 2),
        (("show",), 2),
    ],
)
def test_what_can_not_be_done_is_said(folder: Path, words: tuple[str, ...], status: int) -> None:
    assert run(folder, *words) == status


def test_two_keys_move_a_channel_that_wants_two(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first moves nothing and ends with 4; the same one again is refused."""
    keys = [SecretKey.make(os.urandom) for _ in range(2)]
    for number, key in enumerate(keys):
        path = folder / f"{number}.key"
        path.write_bytes(key.write(None, os.urandom))
        path.chmod(0o600)
    lines = ", ".join(f'"{key.public.line}"' for key in keys)
    (folder / "mpmirror.toml").write_text(f"[channels.lab]\napprovals = 2\nkeys = [{lines}]\n")
    order = ("promote", "lab", "1", *WHY)
    statuses = [run(folder, *order)]
    statuses += [run(folder, *order, "--key", str(folder / f"{one}.key")) for one in (0, 0, 1)]
    capsys.readouterr()
    run(folder, "list", "--json")
    [_, lab] = json.loads(said(capsys))

    assert statuses == [2, 4, 2, 0]
    assert (lab["sequence"], lab["waiting"], lab["approvals"]) == (1, [], 2)


async def test_the_daemon_that_holds_the_data_promotes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its refusals have the same statuses."""
    async with site().running() as url:
        settings = _settings(tmp_path, url)
        async with holding(settings) as node:
            await node.sync()
            done = await asyncio.to_thread(run, tmp_path, "promote", "lab", "1", *WHY)
            none = await asyncio.to_thread(run, tmp_path, "promote", "lab", "9", *WHY)

            assert await node.store.publications.current("lab") is not None
    assert (done, none) == (0, 1)
    assert said(capsys) == "lab shows publication 1 now, as its 1\n"


def _settings(folder: Path, url: str) -> Settings:
    flags = {
        "data_dir": Given(str(folder / "data"), "test"),
        "upstream.url": Given(url, "test"),
    }
    return load_settings({}, folder, file=Path(os.devnull), flags=flags)
