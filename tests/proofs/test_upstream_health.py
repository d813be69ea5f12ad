"""The real program keeps quiet hours and budgets, outlives its upstream, and says so."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.cache.node import HELD, OFFERED, site_of_twenty, two_releases
from tests.replica import Misbehaviour, Replica
from tests.web.waiting import until

if TYPE_CHECKING:
    from tests.proofs.program import Daemon, Program
    from tests.web.client import Client

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.programs]

NEWEST_ONLY = {"MPMIRROR_POLICY__RELEASES": "1", "MPMIRROR_POLICY__PREVIEWS": "0"}
FILES = "/v1/files/"


async def status_of(daemon: Daemon) -> dict[str, Any]:
    """Return what the daemon says of itself."""
    status: dict[str, Any] = json.loads((await daemon.client.get("/v1/status.json")).body)
    return status


def hours_around_now() -> tuple[str, datetime]:
    """Return quiet hours that began two hours ago, as a setting, and when they end."""
    now = datetime.now().astimezone()
    begin, end = now - timedelta(hours=2), now + timedelta(hours=2)
    return f"{begin:%H:%M}-{end:%H:%M}", end.replace(second=0, microsecond=0)


async def test_in_quiet_hours_only_what_somebody_asks_for_is_fetched(program: Program) -> None:
    """The schedule waits for their end and says so; an operator and a client are served."""
    hours, end = hours_around_now()
    settings = {**NEWEST_ONLY, "MPMIRROR_UPSTREAM__QUIET_HOURS": hours}
    replica = two_releases()
    async with replica.running() as url:
        mirror = replace(program, upstream=url, settings=settings)
        async with mirror.serving() as daemon:
            beside = await mirror.run("status")
            status = await status_of(daemon)
            unasked = len(replica.requests)
            synced = await mirror.run("sync")
            await daemon.ready()
            on_demand = await daemon.client.get(FILES + OFFERED)

    assert datetime.fromisoformat(status["next_run"]) == end
    assert status["next_run_why"] == f"upstream.quiet_hours = {hours}"
    assert f", because of upstream.quiet_hours = {hours}\n" in beside.out
    assert unasked == 0
    assert synced.status == 0, synced
    assert on_demand.status == 200


async def test_a_budget_counts_for_everybody_and_over_a_restart(program: Program) -> None:
    """The file in hand comes; then no request goes out until the hour is over."""
    settings = {**NEWEST_ONLY, "MPMIRROR_UPSTREAM__BYTES_PER_HOUR": "10MB"}
    replica = Replica.of("RPI_PICO", size=6_000_000)
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    async with replica.running() as url:
        mirror = replace(program, upstream=url, settings=settings)
        first = await mirror.run("sync")
        asked = len(replica.requests)
        second = await mirror.run("sync")
        async with mirror.serving() as daemon:
            await daemon.ready()
            held = await daemon.client.get(FILES + HELD)
            on_demand = await daemon.client.get(FILES + OFFERED)
            status = await status_of(daemon)

    assert (first.status, second.status) == (0, 4)
    assert "upstream.bytes_per_hour" in second.out
    assert len(replica.requests) == asked
    assert (held.status, on_demand.status, on_demand.body) == (200, 503, b"")
    assert 3000 < int(on_demand.fields["retry-after"]) <= 3600
    assert status["next_run"] is not None


async def all_say_an_age(client: Client) -> bool:
    """Whether every process that serves says one: twenty connections reach them all."""
    answers = [await client.get("/v1/boards.json") for _ in range(20)]
    return all("age" in got.fields for got in answers)


@pytest.mark.parametrize("workers", ["0", "2"])
async def test_an_upstream_that_fails_is_left_alone_and_the_data_say_their_age(
    program: Program, workers: str
) -> None:
    """Whoever serves: 502 for what fails, then 503 with a wait, and no request goes out."""
    settings = {**NEWEST_ONLY, "MPMIRROR_WORKERS": workers}
    replica = site_of_twenty()
    others = [name for name in replica.names() if name != HELD]
    async with replica.running() as url:
        mirror = replace(program, upstream=url, settings=settings)
        assert (await mirror.run("sync")).status == 0
        async with mirror.serving() as daemon:
            await daemon.ready()
            fresh = await daemon.client.get("/v1/feed.json")
            replica.misbehave("*", Misbehaviour.UNAVAILABLE, None)
            failed = await mirror.run("sync")
            await until(lambda: all_say_an_age(daemon.client), seconds=60)
            stale = await daemon.client.get("/v1/feed.json")
            tried = [(await daemon.client.get(FILES + name)).status for name in others[:4]]
            asked = len(replica.requests)
            refused = await daemon.client.get(FILES + others[5])
            status = await status_of(daemon)
            told = await mirror.run("status")

    [host] = status["upstream_health"]["hosts"]
    assert (failed.status, tried) == (3, [502] * 4)
    assert (refused.status, refused.body) == (503, b"")
    assert 1 <= int(refused.fields["retry-after"]) <= 30
    assert len(replica.requests) == asked
    assert "age" not in fresh.fields
    assert (stale.status, stale.body) == (200, fresh.body)
    assert int(stale.fields["age"]) < 300
    assert (host["breaker"], host["failures"], host["host"]) == ("open", 5, url)
    assert status["upstream_health"]["stale"]
    assert f"upstream: {url} failed 5 times in a row, tried again at " in told.out


async def test_a_second_upstream_stands_in(program: Program) -> None:
    """The daemon says who; what it holds is complete, and fresh."""
    second = two_releases()
    async with second.running() as url:
        settings = {"MPMIRROR_UPSTREAM__FALLBACKS": url}
        mirror = replace(program, settings=settings)
        async with mirror.serving() as daemon:
            await daemon.synced()
            status = await status_of(daemon)
            feed = await daemon.client.get("/v1/feed.json")

    [first, _] = status["upstream_health"]["hosts"]
    assert status["complete"]
    assert status["upstream"] == json.loads(feed.body)["upstream"] == program.upstream
    assert status["upstream_health"]["fallback"] == url
    assert first["reason"] is not None
    assert "age" not in feed.fields
    assert f'"source":"{url}/resources/firmware/{HELD}"' in feed.body.decode()
