"""Two real mirrors in a row: the second one names the first in its settings, and no more."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.replica import Replica
from tests.web.waiting import until

if TYPE_CHECKING:
    from tests.proofs.program import Daemon, Program

pytestmark = pytest.mark.programs

CONTENT = "/v1/channels/current/content.json"


async def test_a_mirror_of_a_mirror_needs_no_site(program: Program) -> None:
    """It holds and publishes the same, and a second run finds nothing to do."""
    replica = Replica.of("RPI_PICO", "ESP32_GENERIC")
    replica.release_everywhere("v1.28.0")
    second = replace(program, place=program.place / "b")
    second.place.mkdir()
    async with replica.running() as url:
        first = replace(program, upstream=url)
        assert (await first.run("sync")).status == 0
        async with first.serving() as daemon:
            await until(lambda: daemon.client.is_answered("/readyz"))
            there = await content_of(daemon)
            replica.requests.clear()
            behind = replace(second, upstream=f"http://127.0.0.1:{daemon.client.number}")
            synced = await behind.run("sync")
            again = await behind.run("sync")
    async with replace(behind, settings={"MPMIRROR_OFFLINE": "true"}).serving() as daemon:
        await until(lambda: daemon.client.is_answered("/readyz"))
        here = await content_of(daemon)

    assert (synced.status, "published: complete" in synced.out) == (0, True), synced
    assert (again.status, "unchanged: complete" in again.out) == (0, True), again
    assert replica.requests == []
    assert here["boards"] == there["boards"]
    assert (here["upstream"], here["through"]) == (url, [there["origin"]["lineage"]])


async def content_of(daemon: Daemon) -> dict[str, Any]:
    """Return the content root that is served."""
    got = await daemon.client.get(CONTENT)
    return dict(json.loads(got.body))
