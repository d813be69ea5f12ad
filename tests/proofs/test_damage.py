"""A running mirror notices damage, serves none of it, and heals by itself."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from tests.replica import Misbehaviour
from tests.upkeep.damaging import PICO, flip, site
from tests.web.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.proofs.program import Daemon, Program
    from tests.replica import Replica

pytestmark = pytest.mark.programs

PATH = f"/v1/files/{PICO}"


@asynccontextmanager
async def mirroring(
    replica: Replica, program: Program, *words: str
) -> AsyncIterator[tuple[Daemon, Program, bytes]]:
    """Sync, then serve; give the daemon, its program, and the bytes of one file."""
    async with replica.running() as url:
        program = replace(program, upstream=url)
        assert (await program.run("sync")).status == 0
        async with program.serving(*words) as daemon:
            await until(lambda: daemon.client.is_answered("/readyz"), seconds=60)
            # The full check looks at one blob and rests: it shall not be faster than a client.
            await until(lambda: checked_one(daemon), seconds=60)
            got = await daemon.client.get(PATH)
            assert got.status == 200
            yield daemon, program, got.body


def blob(program: Program, body: bytes) -> Path:
    name = sha256(body).hexdigest()
    return program.data / "blobs" / "sha256" / name[:2] / name


async def status_of(daemon: Daemon) -> dict[str, Any]:
    got = await daemon.client.get("/v1/status.json")
    return dict(json.loads(got.body))


async def upkeep_of(daemon: Daemon) -> dict[str, Any]:
    """Return that part of the status; nothing while the daemon has none."""
    return dict((await status_of(daemon)).get("upkeep", {}))


async def checked_one(daemon: Daemon) -> bool:
    check = (await upkeep_of(daemon)).get("check")
    return check is not None and check["blobs"] > 0


async def healed_one(daemon: Daemon) -> bool:
    return (await upkeep_of(daemon)).get("healed") == 1


@pytest.mark.parametrize("words", [(), ("--workers", "1")], ids=["alone", "workers"])
async def test_damage_that_a_client_meets_is_healed(program: Program, words: tuple[str]) -> None:
    """The client gets 503 and nothing; soon after it gets the bytes of before."""
    replica = site()
    async with mirroring(replica, program, *words) as (daemon, _, body):
        flip(blob(program, body))
        met = await daemon.client.get(PATH)
        await until(lambda: healed_one(daemon), seconds=60)
        healed = await daemon.client.get(PATH)
        status = await status_of(daemon)

    assert (met.status, met.body) == (503, b"")
    assert (healed.body, replica.count(PICO)) == (body, 2)
    assert (status["upkeep"]["damaged"], status["upkeep"]["healed"]) == (0, 1)
    assert (status["complete"], status["alarms"]) == (True, [])


async def test_a_check_beside_a_daemon_has_it_heal(program: Program) -> None:
    replica = site()
    async with mirroring(replica, program) as (daemon, asked, body):
        flip(blob(program, body))
        ended = await asked.run("check")
        await daemon.says("is healed")
        after = await asked.run("check")

    assert (ended.status, after.status) == (5, 0)
    assert "the daemon fetches it again" in ended.written
    assert replica.count(PICO) == 2


async def test_what_can_not_be_healed_is_not_served_and_said(program: Program) -> None:
    """Upstream has other bytes now: they are no cure, and nobody asks for them again at once."""
    replica = site()
    async with mirroring(replica, program) as (daemon, _, body):
        replica.misbehave(PICO, Misbehaviour.ONE_BIT_OFF, None)
        flip(blob(program, body))
        await daemon.client.get(PATH)
        await daemon.says("tried again in 1 day")
        got = [(await daemon.client.get(PATH)).status for _ in range(3)]
        status = await status_of(daemon)

    assert (got, replica.count(PICO)) == ([503, 503, 503], 2)
    assert {alarm["alarm"] for alarm in status["alarms"]} == {"bytes-changed", "damaged"}
    assert (status["complete"], status["upkeep"]["damaged"]) == (False, 1)
