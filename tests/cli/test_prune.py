"""`mpmirror prune` says what goes and why, by itself or through the daemon."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.cli import main
from mirror.config import load_settings
from mirror.errors import DamagedError, DoubtfulClockError, MirrorError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.layout import Layout
from mirror.storage.lock import locked
from mirror.upkeep.prune import IN_GRACE, STILL_NAMED, UNREACHED, Leaving
from mirror.upkeep.pruner import Report
from tests.cli.holding import holding
from tests.replica import Replica
from tests.sync.node import node_at
from tests.upkeep.pruning import NEW, OLD, RULE, scene_at
from tests.web.operations import Operations, administered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = (
    'data_dir = "data"\nadmin_listen = "unix:admin"\n[retention]\npublications = 1\nage = "1d"'
)
FILE = Leaving(Digest.of(b"a"), (OLD,), 1_400_000, RULE)
DOCUMENT = Leaving(Digest.of(b"b"), (), 2_000, UNREACHED)
WAITING = Leaving(Digest.of(b"c"), (NEW,), 1_500_000, RULE, IN_GRACE)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "mpmirror.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    return file


async def fill(folder: Path) -> None:
    """Leave a store with a publication whose grace is over, and which is older than is kept."""
    async with scene_at(folder) as scene:
        scene.now = datetime.now(UTC) - timedelta(days=40)
        scene.watch.look()
        scene.serve(hours=1)
        await scene.superseded(NEW, OLD)
        await scene.prune()
        scene.serve(days=3)
        await scene.prune()


async def sequences(folder: Path) -> tuple[int, ...]:
    """Return the publications that are left."""
    async with scene_at(folder) as scene:
        return await scene.store.publications.sequences()


def test_a_dry_run_says_what_a_prune_then_does(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(fill(tmp_path))
    statuses = [main(["--config", str(config), "prune", "--dry-run"])]
    foretold = capsys.readouterr().out
    before = asyncio.run(sequences(tmp_path))
    statuses.append(main(["--config", str(config), "prune", "--json"]))
    done = json.loads(capsys.readouterr().out)

    assert statuses == [0, 0]
    assert "would be forgotten: 1 superseded publications" in foretold
    assert (before, asyncio.run(sequences(tmp_path))) == ((1, 2), (2,))
    assert (done["dry_run"], done["forgotten"], done["gone"]) == (False, [1], [])


@pytest.mark.parametrize("beside", [False, True])
async def test_another_policy_is_tried_before_it_is_in_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, beside: bool
) -> None:
    """Beside a daemon too, which goes on by its own; and what goes by the tried one then goes."""
    replica = Replica.of("RPI_PICO_W")
    names = [replica.release("RPI_PICO_W", one)[0] for one in ("v1.27.0", "v1.28.0")]
    file = tmp_path / "mpmirror.toml"
    async with replica.running() as url:
        text = f'data_dir = "data"\nadmin_listen = "unix:admin"\nupstream.url = "{url}"\n'
        file.write_text(text, encoding="utf-8")
        in_force = load_settings({}, tmp_path, file=file)
        file.write_text(f"{text}policy.releases = 1\npolicy.keep_releases = 1\n", encoding="utf-8")
        command = ["--config", str(file), "prune", "--dry-run"]
        async with AsyncExitStack() as stack:
            if beside:
                node = await stack.enter_async_context(holding(in_force))
                await node.sync()
            else:
                async with node_at(tmp_path / "data", url) as node:
                    await node.sync()
            status = await asyncio.to_thread(main, command)
    told = capsys.readouterr().out

    assert status == 0
    assert f"goes later ({STILL_NAMED}; " in told
    assert "1 file, " in told
    assert "policy.keep_releases = 1" in told
    assert [name for name in names if name in told] == names[:1]


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Have the data in *folder* held by somebody."""
    (folder / "data").mkdir()
    Layout(folder / "data").claim(Files(Disk()))
    with locked(folder / "data"):
        yield


def asked(config: Path, operations: Operations, *words: str) -> int:
    """Run the command beside a daemon that does what *operations* say."""

    async def beside() -> int:
        async with administered(config.parent / "admin", operations):
            return await asyncio.to_thread(main, ["--config", str(config), "prune", *words])

    with held(config.parent):
        return asyncio.run(beside())


def test_beside_a_daemon_its_report_is_shown(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    operations = Operations()
    remarks = ("publication 7 can not be read",)
    report = Report(
        dry_run=True, gone=(FILE, DOCUMENT), forgotten=(1, 2), later=(WAITING,), remarks=remarks
    )
    operations.report = report.to_json()
    status = asked(config, operations, "--dry-run")
    shown = capsys.readouterr()

    assert status == 0
    assert shown.out.splitlines() == [
        f"would go now: 1 file, 2.0 kB: {UNREACHED}",
        f"would go now: 1 file, 1.4 MB: {RULE}",
        f"  {OLD}",
        "would be forgotten: 2 superseded publications",
        f"goes later ({IN_GRACE}; grace is 3d of service): 1 file, 1.5 MB: {RULE}",
        f"  {NEW}",
    ]
    assert remarks[0] in shown.err


def test_as_json_every_rule_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    operations = Operations()
    operations.report = Report(
        dry_run=False, gone=(FILE,), forgotten=(), later=(WAITING,), remarks=()
    ).to_json()
    asked(config, operations, "--json")
    told = json.loads(capsys.readouterr().out)

    assert told["size"] == 1_400_000
    assert told["gone"] == [
        {
            "digest": str(FILE.digest),
            "names": [OLD],
            "size": 1_400_000,
            "reason": RULE,
            "waits": None,
        }
    ]
    assert told["later"][0]["waits"] == IN_GRACE


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DamagedError("publication 3 can not be read to its end"), 5),
        (DoubtfulClockError("nothing is pruned: the clock jumped"), 1),
    ],
)
def test_what_the_daemon_refuses_ends_as_it_would_here(
    config: Path, capsys: pytest.CaptureFixture[str], error: MirrorError, status: int
) -> None:
    operations = Operations()
    operations.prune_fails = error

    assert asked(config, operations) == status
    assert str(error) in capsys.readouterr().err


def test_a_daemon_that_does_not_answer_is_said(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with held(config.parent):
        status = main(["--config", str(config), "prune"])

    assert status == 6
    assert "does not answer" in capsys.readouterr().err
