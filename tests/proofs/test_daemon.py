"""The daemon as a process: when it asks upstream, who works for whom, and what it survives."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import signal
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import psutil
import pytest

from mirror.storage.lock import locked
from tests.proofs.node import Node
from tests.proofs.program import send
from tests.proofs.waiting import until
from tests.proofs.walking import walk
from tests.replica import INDEX, Replica

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable

    from aiohttp import web

    from mirror.sandbox import Sandbox
    from tests.proofs.conftest import Scene
    from tests.proofs.program import Daemon, Program
    from tests.replica.exchange import Exchange
    from tests.web.client import Client

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.programs]

PICO = "RPI_PICO-20260406-v1.28.0.uf2"


def one_board() -> Replica:
    """Return an upstream with one file."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0")
    return replica


async def status_of(daemon: Daemon) -> dict[str, Any]:
    """Return what the daemon says of itself."""
    got = await daemon.client.get("/v1/status.json")
    status: dict[str, Any] = json.loads(got.body)
    return status


async def test_it_crawls_at_once_and_after_a_restart_only_when_it_is_time(
    program: Program,
) -> None:
    """A restart within the interval asks nothing, serves at once, and says when it will ask."""
    replica = one_board()
    async with replica.running() as url:
        program = replace(program, upstream=url)
        async with program.serving() as daemon:
            await daemon.synced()
            served = await walk(daemon.client)
            stopped = await daemon.stop()
        asked = len(replica.requests)
        async with program.serving() as daemon:
            again = await walk(daemon.client)
            status = await status_of(daemon)

    next_run = datetime.fromisoformat(status["next_run"])
    assert stopped == 0
    assert list(served.files) == [PICO]
    assert again == served
    assert len(replica.requests) == asked
    assert timedelta(hours=5) < next_run - datetime.now(UTC) < timedelta(hours=7)
    assert (status["complete"], status["running"]) == (True, None)


async def test_without_internet_it_serves_what_is_held_and_says_when_it_tries_again(
    program: Program, sandbox: Sandbox
) -> None:
    """One line says that upstream can not be reached, and when it is asked again."""
    async with one_board().running() as url:
        node = Node(program.data, url, sandbox, clock=yesterday)
        await node.sync()
        before = await node.walked()
    settings = {"MPMIRROR_LOG__FORMAT": "json"}
    async with replace(program, settings=settings).serving() as daemon:
        said = json.loads(await daemon.says("can not be reached"))
        served = await walk(daemon.client)
        stopped = await daemon.stop()

    lines = [line for line in daemon.lines if "can not be reached" in line]
    wait = datetime.fromisoformat(said["next_run"]) - datetime.now(UTC)
    assert len(lines) == 1
    assert said["event"] == "upstream can not be reached; what is held is served"
    assert said["message"].startswith(f"{program.upstream}{INDEX}: no connection")
    assert timedelta(minutes=4) < wait <= timedelta(minutes=5)
    assert "held" not in said, "nothing was counted, so no count is told"
    assert served == before
    assert stopped == 0


def yesterday() -> datetime:
    """Tell the time of a node that last asked upstream a day ago."""
    return datetime.now(UTC) - timedelta(days=1)


async def test_a_sync_beside_a_daemon_is_the_daemons_and_is_shown(program: Program) -> None:
    """The second process shows the run that is under way; upstream is asked once."""
    replica, gate = Replica.of_boards(2), Gate(asyncio.Event())
    replica.misbehave(replica.names("RPI_PICO_W")[0], gate)
    async with replica.running() as url:
        program = replace(program, upstream=url)
        async with program.serving() as daemon:
            beside = await program.start("sync")
            shown = await told_until(beside, "fetch: ")
            gate.opened.set()
            out, _ = await beside.communicate()
            status = await status_of(daemon)
        paths = [request.path for request in replica.requests]

    assert beside.returncode == 0
    assert shown[0].startswith("A daemon holds the data")
    assert out.startswith(b"published: complete\n")
    assert status["complete"]
    assert len(paths) == len(set(paths))


@dataclass(frozen=True, slots=True)
class Gate:
    """Upstream answers well, when the gate is opened."""

    opened: asyncio.Event

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        """Wait, then answer."""
        await self.opened.wait()
        return await exchange.good()


async def told_until(process: Process, word: str) -> list[str]:
    """Return what *process* writes to standard error up to the line with *word*."""
    assert process.stderr is not None
    lines = [""]
    async with asyncio.timeout(120):
        while word not in lines[-1]:
            line = await process.stderr.readline()
            assert line, lines
            lines.append(line.decode())
    return lines[1:]


async def test_commands_ask_the_daemon_how_it_is(program: Program) -> None:
    """`mpmirror status` beside a daemon says what the daemon says, and ends as it is."""
    async with one_board().running() as url:
        program = replace(program, upstream=url)
        async with program.serving() as daemon:
            await daemon.synced()
            told = await program.run("status", "--json")
            served = await status_of(daemon)

    assert told.status == 0
    assert json.loads(told.out)["node"] == served["node"]
    assert json.loads(told.out)["publication"]["sequence"] == 1


async def test_two_workers_serve_one_port_and_follow_the_daemon(program: Program) -> None:
    """Both listen, the status comes through them, and a new publication reaches clients."""
    replica = one_board()
    async with replica.running() as url:
        program = replace(program, upstream=url)
        async with program.serving("--workers", "2") as daemon:
            number = daemon.client.number
            first = await daemon.client.get("/healthz")
            await until(lambda: len(listeners(daemon, number)) == 2)
            await daemon.says("sync ends")
            await followed(daemon.client, 1)
            status = await status_of(daemon)
            before = await walk(daemon.client)
            replica.release("RPI_PICO", "v1.29.0")
            await program.run("sync")
            await followed(daemon.client, 2)
            after = await walk(daemon.client)
            stopped = await daemon.stop()

    assert first.body == b"alive\n"
    assert status["publication"]["sequence"] == 1
    assert list(before.files) == [PICO]
    assert set(after.files) == set(replica.names())
    assert stopped == 0


def listeners(daemon: Daemon, number: int) -> set[int]:
    """Return the process ids of the workers that listen on TCP port *number*."""
    children = psutil.Process(daemon.process.pid).children(recursive=True)
    return {child.pid for child in children if listens(child, number)}


def listens(process: psutil.Process, number: int) -> bool:
    """Whether *process* listens on TCP port *number*; one that has just ended does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        lines = process.net_connections(kind="tcp4")
        return any((line.status, line.laddr[1:]) == ("LISTEN", (number,)) for line in lines)
    return False


async def followed(client: Client, sequence: int) -> None:
    """Wait until twenty answers in a row, each on its own connection, are of *sequence*."""
    row = 0
    async with asyncio.timeout(120):
        while row < 20:
            root = json.loads((await client.get("/v1/root.json")).body)
            row = row + 1 if root.get("sequence") == sequence else 0


async def test_publications_switch_whole_under_clients(scene: Scene) -> None:
    """Whenever a client comes, all it is told belongs together, and every byte is there."""
    seen = set()
    async with scene.node.served() as client:
        for publish in NEWS:
            for board in scene.replica.boards:
                publish(scene.replica, board)
            run = asyncio.create_task(scene.node.sync())
            while not run.done():
                seen.add((await walk(client)).sequence)
                await prove_feed(client)
            assert (await run).exit_status == 0
        await followed(client, 4)
        last = await walk(client)

    assert seen <= {1, 2, 3, 4}
    assert last.sequence == 4
    assert scene.before.files.items() <= last.files.items()


NEWS: Final[tuple[Callable[[Replica, str], object], ...]] = (
    lambda replica, board: replica.release(board, "v1.29.0"),
    lambda replica, board: replica.preview(board, "v1.29.0-preview.678.g5f2181f938"),
    lambda replica, board: replica.retitle(board, "Another name"),
)


async def prove_feed(client: Client) -> None:
    """Take one file of each board of the feed by its name, and find what the feed promised."""
    feed = json.loads((await client.get("/v1/feed.json")).body)
    for board in feed["boards"]:
        file = board["releases"][-1]["files"][0]
        got = await client.get(f"/resources/firmware/{file['name']}")
        assert hashlib.sha256(got.body).hexdigest() == file["hashes"]["sha256"]


async def test_a_download_goes_on_while_the_publication_switches(scene: Scene) -> None:
    """Who began on one publication finishes on it, byte for byte."""
    name = next(iter(scene.before.files))
    async with scene.node.served() as client, client.connected() as line:
        whole = (await client.get(f"/v1/files/{name}")).body
        await line.ask(f"/v1/files/{name}", Range="bytes=0-1023")
        beginning = await line.answer()
        scene.release()
        outcome = await scene.node.sync()
        await followed(client, outcome.sequence or 0)
        etag = beginning.fields["etag"]
        await line.ask(f"/v1/files/{name}", Range="bytes=1024-", If_Range=etag)
        rest = await line.answer()

    assert outcome.sequence == 2
    assert (beginning.status, rest.status) == (206, 206)
    assert beginning.body + rest.body == whole
    assert hashlib.sha256(whole).hexdigest() == scene.before.files[name]


async def test_a_second_daemon_on_the_same_data_is_refused(program: Program) -> None:
    """It says who has the data and ends with 6; the first serves on."""
    async with one_board().running() as url:
        program = replace(program, upstream=url)
        async with program.serving() as first:
            await first.synced()
            second = await program.run("serve")
            served = await walk(first.client)

    assert second.status == 6
    assert second.out == ""
    assert second.err == (
        f"mpmirror: process {first.process.pid} holds the data folder {program.data}\n"
    )
    assert list(served.files) == [PICO]


async def test_a_daemon_waits_for_a_command_that_only_looks(program: Program) -> None:
    """It begins as soon as the data folder is free, with what is held and without."""
    program.data.mkdir()
    async with one_board().running() as url:
        program = replace(program, upstream=url)
        for _ in range(2):
            with contextlib.ExitStack() as held:
                held.enter_context(locked(program.data))
                asyncio.get_running_loop().call_later(2.0, held.close)
                async with program.serving() as daemon:
                    await daemon.ready()
                    ended = await daemon.stop()
            assert ended == 0


async def test_sighup_changes_nothing(program: Program) -> None:
    """A daemon that has nothing to reload goes on, and still stops when it is told to."""
    async with one_board().running() as url, replace(program, upstream=url).serving() as daemon:
        await daemon.synced()
        send(daemon.process, signal.SIGHUP)
        await daemon.says("SIGHUP")
        served = await walk(daemon.client)
        stopped = await daemon.stop()

    assert list(served.files) == [PICO]
    assert stopped == 0
