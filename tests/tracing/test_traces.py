"""Whoever traces sees where time goes; who does not pays nothing, and nobody waits for it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mirror.config import load_settings
from mirror.daemon.once import sync_once
from mirror.errors import ConfigurationError
from mirror.spans import NOTHING, TRACER, span, spanned
from mirror.tracing.late import tracing
from mirror.tracing.terms import TraceTerms
from tests.replica import Misbehaviour, Replica
from tests.sync.node import node_at
from tests.tracing.collecting import collecting

if TYPE_CHECKING:
    from pathlib import Path


PICO = "RPI_PICO-20260406-v1.28.0.uf2"
OLD = "RPI_PICO-20251209-v1.27.0.uf2"
FILE = {"download", "verify", "commit"}


def terms(url: str, requests: float = 1.0) -> TraceTerms:
    """Return terms by which all goes to *url*."""
    return TraceTerms(url, requests, "0.1.0")


async def test_a_run_is_a_tree_of_what_it_does(tmp_path: Path) -> None:
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    replica.misbehave(PICO, Misbehaviour.ZEROS, None)
    with collecting() as collector:
        async with replica.running() as url, node_at(tmp_path / "data", url) as node:
            environ = {"MPMIRROR_UPSTREAM__URL": url, "MPMIRROR_POLICY__PHOTOGRAPHS": "false"}
            settings = load_settings(
                {**environ, "MPMIRROR_POLICY__PACKAGES": "[]", "MPMIRROR_DATA_DIR": "data"},
                tmp_path,
            )
            async with tracing(terms(collector.url)) as traces:
                await traces.load()
                await sync_once(settings, node.store, lambda _progress: None)
    [run], [fetch] = collector.called("sync"), collector.called("fetch")
    files = {one.facts["name"]: one for one in collector.called("file")}

    assert (run.facts["outcome"], run.facts["exit_status"]) == ("published", 4)
    assert collector.within(run) >= {"crawl", "plan", "fetch", "publish"}
    assert {one.parent for one in files.values()} == {fetch.id}
    assert collector.within(files[OLD]) == FILE
    assert collector.within(files[PICO]) == FILE - {"commit"}
    assert (files[OLD].failed, files[PICO].failed) == (False, True)
    assert {one.trace for one in collector.spans} == {run.trace}
    assert (set(collector.paths), collector.services) == ({"/v1/traces"}, {"mpmirror"})


async def test_a_collector_that_is_away_holds_up_nobody() -> None:
    async with tracing(terms("http://127.0.0.1:9")) as traces:
        await traces.load()
        with span("work"):
            pass
        begun = time.monotonic()
    ended = time.monotonic()

    assert ended - begun < 10  # two seconds, on a machine that has others to serve


async def test_a_redirect_is_not_followed() -> None:
    """Who can redirect us could lead a sealed node out."""
    with collecting() as collector:
        collector.status = 307
        async with tracing(terms(collector.url)) as traces:
            await traces.load()
            with span("work"):
                pass

    assert set(collector.paths) <= {"/v1/traces"}


async def test_nothing_is_taken_down_before_the_library_is_there() -> None:
    async with tracing(terms("http://127.0.0.1:9")):
        assert span("work") is NOTHING


async def test_without_an_address_nobody_traces() -> None:
    @spanned("work")
    async def work() -> int:
        return 5

    async with tracing(None) as traces:
        await traces.load()
        traces.begin()

        assert TRACER.get() is None
        assert (span("work"), await work()) == (NOTHING, 5)


async def test_a_task_is_within_the_span_that_began_it() -> None:
    async def inner() -> None:
        with span("inner"):
            await asyncio.sleep(0)

    with collecting() as collector:
        async with tracing(terms(collector.url)) as traces:
            await traces.load()
            with span("outer"):
                await asyncio.create_task(inner())

    assert collector.within(collector.called("outer")[0]) == {"inner"}


def test_terms_go_through_a_command_line() -> None:
    some = TraceTerms("http://[::1]:4318", 0.25, "0.1.0")

    assert TraceTerms.parse(some.spell()) == some


@pytest.mark.programs
def test_a_daemon_that_traces_nothing_loads_nothing_for_it() -> None:
    code = (
        "import sys, mirror.daemon.serve, mirror.daemon.working, mirror.cli.sync;"
        "print([name for name in sys.modules if name.startswith(('opentelemetry', 'requests',"
        " 'google', 'apprise', 'mirror.tracing.otel'))])"
    )
    ran = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == "[]"


def test_a_sealed_node_tells_its_traces_to_an_address_that_is_allowed(tmp_path: Path) -> None:
    sealed = {"MPMIRROR_OFFLINE": "true", "MPMIRROR_OFFLINE_ALLOW": "10.0.0.9"}
    for url in ("http://collector.lab:4318", "http://10.0.0.8:4318", "http://localhost:4318"):
        with pytest.raises(ConfigurationError, match="traces go to a literal address of"):
            load_settings({**sealed, "MPMIRROR_TRACES__URL": url}, tmp_path)
    found = load_settings({**sealed, "MPMIRROR_TRACES__URL": "http://10.0.0.9:4318"}, tmp_path)

    assert found.traces.url == "http://10.0.0.9:4318"
