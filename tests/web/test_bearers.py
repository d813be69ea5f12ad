"""Over TCP only who has a token is let in, for what it is good for, and in the token's name."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiohttp
import pytest

from mirror.storage.tokens import Scope, Token, make_token
from mirror.web.admin import make_admin_app
from mirror.web.bearers import NEEDED, Failed
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from tests.web.operations import Operations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOON = datetime(2026, 8, 24, 12, tzinfo=UTC)
TOKENS = {scope: make_token(f"the-{scope}", [scope], NOON) for scope in Scope}


def kept() -> tuple[Token, ...]:
    return tuple(token for token, _ in TOKENS.values())


@asynccontextmanager
async def asked(token: str | None) -> AsyncIterator[aiohttp.ClientSession]:
    app = make_admin_app(Operations(), "0" * 32, kept)
    sockets = await tcp_sockets("127.0.0.1", 0)
    fields = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with (
        serving(app, sockets),
        aiohttp.ClientSession(
            f"http://127.0.0.1:{sockets[0].getsockname()[1]}", headers=fields
        ) as session,
    ):
        yield session


@pytest.mark.parametrize("scope", Scope)
async def test_a_token_is_good_for_its_scope_and_nothing_else(scope: Scope) -> None:
    async with asked(TOKENS[scope][1]) as session:
        let_in = set()
        for method, path in NEEDED:
            asked_for = path.format(channel="lab-stable")
            async with session.request(method, asked_for, data=b"{}") as response:
                if response.status != 403:
                    let_in.add((method, path))

    assert let_in == {way for way, needed in NEEDED.items() if needed is scope}


@pytest.mark.parametrize(
    "path", ["adopt?folder=/", "add", "prune?dry_run=no", "fetch/A", "accessed", "counted"]
)
async def test_what_is_for_the_socket_is_not_done_over_tcp(path: str) -> None:
    """Whatever the token is good for."""
    for _, text in TOKENS.values():
        async with asked(text) as session, session.post(f"/v1/{path}") as response:
            assert response.status == 403


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "nothing", 404, None),
        ("DELETE", "channels/lab-stable", 405, "GET,POST"),
        ("TRACE", "sync", 405, "POST"),
    ],
)
async def test_what_there_is_not_is_told_to_who_has_a_token(
    method: str, path: str, status: int, allowed: str | None
) -> None:
    async with (
        asked(TOKENS[Scope.READ][1]) as session,
        session.request(method, f"/v1/{path}") as response,
    ):
        assert (response.status, response.headers.get("Allow")) == (status, allowed)


@pytest.mark.parametrize(
    "token",
    [None, "", "mpmirror_wrong", TOKENS[Scope.READ][0].sha256],
    ids=["none", "empty", "wrong", "hash"],
)
async def test_without_a_token_nothing_is_told(token: str | None) -> None:
    """Nor with the hash of one."""
    async with asked(token) as session, session.get("/v1/status.json") as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert b"held" not in await response.read()


async def test_who_fails_too_often_is_told_to_wait() -> None:
    """Also with a right token: else guessing would cost nothing."""
    async with asked("mpmirror_wrong") as session:
        statuses = []
        for _ in range(6):
            async with session.get("/metrics") as response:
                statuses.append(response.status)
        right = {"Authorization": f"Bearer {TOKENS[Scope.READ][1]}"}
        async with session.get("/metrics", headers=right) as response:
            statuses.append(response.status)
            seconds = int(response.headers["Retry-After"])

    assert statuses == [401] * 5 + [429, 429]
    assert 0 < seconds <= 60


def test_a_failure_counts_for_a_minute_and_for_its_address() -> None:
    moment = 0.0
    failed = Failed(lambda: moment)
    for _ in range(5):
        failed.note("10.0.0.1")
    waits = [failed.wait("10.0.0.1"), failed.wait("10.0.0.2")]
    moment = 61.0

    assert waits == [60, 0]
    assert failed.wait("10.0.0.1") == 0


def test_failures_of_many_addresses_take_no_more_memory() -> None:
    """The oldest is forgotten."""
    failed = Failed(lambda: 0.0)
    for number in range(3000):
        for _ in range(5):
            failed.note(f"10.0.{number // 256}.{number % 256}")

    assert failed.wait("10.0.0.0") == 0
    assert failed.wait("10.0.11.183") == 60


async def test_who_promotes_is_who_the_token_says_and_nobody_else() -> None:
    """Whatever the order says of itself."""
    said = json.dumps({"by": "root", "operator": "token root", "login": "root"})
    async with (
        asked(TOKENS[Scope.PROMOTE][1]) as session,
        session.post("/v1/channels/lab-stable", data=said) as response,
    ):
        told = await response.json()

    assert (told["channel"], told["operator"]) == ("lab-stable", "token the-promote")


async def test_a_judgement_is_made_in_the_name_of_the_token() -> None:
    said = json.dumps({"what": "recall", "by": "root", "pin": {"by": "root"}})
    async with (
        asked(TOKENS[Scope.PROMOTE][1]) as session,
        session.post("/v1/judgements", data=said) as response,
    ):
        text = await response.text()

    assert text.count('"by": "token the-promote"') == 2
    assert "root" not in text
