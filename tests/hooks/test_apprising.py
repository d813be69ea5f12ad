"""Apprise tells an event in a process of its own: within a time, and no address is shown."""

from __future__ import annotations

import json
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from mirror.errors import HookError
from mirror.hooks.apprising import Apprising
from tests.hooks.samples import target, waiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def service(status: int) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Have something listen that Apprise knows (``json://``) and that answers with *status*."""
    got: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        got.append(await request.read())
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/t0p-s3cret", take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1], got
    finally:
        await runner.cleanup()


@pytest.mark.programs
async def test_a_service_gets_the_sentence() -> None:
    one = waiting(1)
    async with service(200) as (number, got):
        send = Apprising(target(f"json://127.0.0.1:{number}/t0p-s3cret"), os.environ)
        await send(one)
    [body] = map(json.loads, got)

    assert body["message"] == json.loads(one.body)["text"]
    assert body["title"] == "mpmirror: alarm"


@pytest.mark.programs
async def test_a_service_that_does_not_take_it_is_a_failure() -> None:
    async with service(500) as (number, got):
        send = Apprising(target(f"json://127.0.0.1:{number}/t0p-s3cret"), os.environ)
        with pytest.raises(HookError) as caught:
            await send(waiting(1))

    assert str(caught.value) == "Apprise says that it was not taken"
    assert got


@pytest.mark.programs
async def test_an_address_that_apprise_does_not_know_is_said_without_it() -> None:
    with pytest.raises(HookError, match="does not know an address like this one") as caught:
        await Apprising(target("nothing://t0p-s3cret"), os.environ)(waiting(1))

    assert "s3cret" not in str(caught.value)


async def test_a_process_that_takes_too_long_is_killed() -> None:
    """It takes longer than that to begin."""
    with pytest.raises(HookError, match="Apprise took too long"):
        await Apprising(target("json://127.0.0.1:9/"), os.environ, seconds=0.01)(waiting(1))


async def test_no_secret_of_the_daemon_is_in_its_environment() -> None:
    environ = {"PATH": "/usr/bin", "CHAT_SECRET": "s3cret", "https_proxy": "http://p"}

    assert Apprising(target("json://a/"), environ).environ == {
        "PATH": "/usr/bin",
        "https_proxy": "http://p",
    }
