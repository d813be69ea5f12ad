"""A daemon tells its hooks what happens, loses nothing when killed, and sealed asks no name."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.hooks.receiving import SECRET, example, receiving
from tests.proofs.program import send
from tests.proofs.test_sealed import SEALED, leaving, traced_to_the_end
from tests.replica import Replica

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hooks.receiving import Receiver
    from tests.proofs.program import Program

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.programs]

_SECONDS = 120.0


def told(program: Program, receiver: Receiver, events: str = "*") -> Program:
    """Return the program with a hook to *receiver*."""
    hook = {"url": receiver.url, "events": events, "secret_env": "CHAT_SECRET"}
    settings = {"MPMIRROR_HOOKS": json.dumps({"chat": hook}), "CHAT_SECRET": SECRET}
    return replace(program, settings={**program.settings, **settings})


async def got(receiver: Receiver, kind: str) -> str:
    """Wait for an event of *kind*; return its id."""
    read = example()
    async with asyncio.timeout(_SECONDS):
        while True:
            for headers, body in receiver.got:
                event = read(headers, body, SECRET, set(), now=float(headers["webhook-timestamp"]))
                if event is not None and event["type"] == kind:
                    return headers["webhook-id"]
            await asyncio.sleep(0.05)


async def test_a_killed_daemon_loses_no_event(program: Program) -> None:
    """The receiver is away when it happens, and the daemon is killed before it can be told."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    async with replica.running() as url, receiving() as receiver:
        one = told(replace(program, upstream=url), receiver, "new_release,sync_ended")
        async with one.serving() as daemon:
            await daemon.synced()
            await got(receiver, "sync_ended")
            replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
            receiver.answers = [(503, {})] * 1000
            await one.run("sync")
            failed = await got(receiver, "new_release")
            waits = await one.run("hooks", "list")
            send(daemon.process, signal.SIGKILL)
            await daemon.process.wait()
        receiver.got.clear()
        receiver.answers = []
        async with one.serving():
            taken = await got(receiver, "new_release")
            async with asyncio.timeout(_SECONDS):
                while "0 events wait" not in (await one.run("hooks", "list")).out:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)

    assert taken == failed
    assert receiver.ids.count(taken) == 1
    assert "it answered 503" in waits.out
    assert re.search("[1-9] events wait", waits.out)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace (Debian: strace) is not here")
async def test_a_sealed_daemon_tells_an_allowed_address_and_asks_for_no_name(
    program: Program, tmp_path: Path
) -> None:
    """Traced: nothing leaves this machine, though a hook is told, and traces are."""
    trace = tmp_path / "trace"
    traced = ("strace", "-D", "-f", "-e", "trace=connect,sendto,sendmsg,sendmmsg,openat", "-o")
    async with receiving() as receiver:
        sealed = {
            **SEALED,
            "MPMIRROR_OFFLINE_ALLOW": "127.0.0.1",
            # So that there is something to tell.
            "MPMIRROR_DISK__KEEP_FREE": "99%",
            "MPMIRROR_TRACES__URL": f"http://127.0.0.1:{receiver.number}",
        }
        one = told(program, receiver)
        one = replace(one, settings={**one.settings, **sealed})
        tried = await one.run("hooks", "test", "chat")
        async with replace(one, before=(*traced, str(trace))).serving() as daemon:
            await daemon.client.get("/healthz")
            await got(receiver, "disk_low")
            await daemon.stop()
    calls = await traced_to_the_end(trace)
    elsewhere = replace(one, settings={**one.settings, "MPMIRROR_OFFLINE_ALLOW": "10.0.0.9"})
    refused = await elsewhere.run("serve")

    assert "chat took a test event" in tried.out
    assert leaving(calls) == []
    assert calls.count(f"htons({receiver.number})") > 1
    assert refused.status == 2
    assert "offline = true: a hook leads to a literal address of offline_allow" in refused.err
