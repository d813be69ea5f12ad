"""Operators get documents and lines over the Unix socket, and errors in full."""

from __future__ import annotations

import json
import logging
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest

from mirror.catalog.values import Digest
from mirror.control import ask, stream
from mirror.errors import (
    ArtifactNotFoundError,
    ConfigurationError,
    FetchFailedError,
    LockedError,
    MalformedOrderError,
    MalformedValueError,
    MirrorError,
    NotYetError,
    RecalledError,
)
from mirror.web.asking import ask_artifact
from tests.web.operations import FETCHED, RUNS, STATUS, Operations, administered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def operations() -> Operations:
    return Operations()


@pytest.fixture
async def admin(tmp_path: Path, operations: Operations) -> AsyncIterator[Path]:
    """The socket on which operators are answered."""
    async with administered(tmp_path / "admin", operations):
        yield tmp_path / "admin"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/status.json", STATUS),
        ("/v1/runs.json", RUNS),
        ("/v1/remembered.json?board=RPI%20PICO", b'{"board":"RPI PICO"}\n'),
        ("/v1/remembered.json", b'{"board":""}\n'),
    ],
)
async def test_a_document_comes_whole(admin: Path, path: str, expected: bytes) -> None:
    reply = await ask(admin, "GET", path)

    assert (reply.status, reply.body) == (200, expected)


async def test_lines_say_which_node_they_are_from_too(tmp_path: Path) -> None:
    async with (
        administered(tmp_path / "admin", Operations()),
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(tmp_path / "admin"))) as session,
        session.post("http://localhost/v1/sync") as response,
    ):
        assert response.headers["X-Mpmirror-Node"] == "0" * 32
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_folder_to_adopt_is_named_in_the_query(admin: Path) -> None:
    async with aclosing(stream(admin, "POST", "/v1/adopt?folder=%2Fa%20b")) as lines:
        assert [line async for line in lines] == [b'{"folder":"/a b"}']


async def test_a_build_to_add_is_described_in_the_query(admin: Path) -> None:
    reply = await ask(admin, "POST", "/v1/add?file=%2Fa&board=B&why=a%20b")

    assert json.loads(reply.body) == {"file": "/a", "board": "B", "why": "a b"}


async def test_a_worker_is_told_what_was_fetched(admin: Path) -> None:
    assert await ask_artifact(admin, FETCHED.name) == FETCHED


async def test_a_worker_is_told_why_nothing_was_fetched(admin: Path) -> None:
    with pytest.raises(FetchFailedError):
        await ask_artifact(admin, "B-20260406-v1.28.0.bin")


async def test_a_worker_is_told_how_long_a_fetch_takes(admin: Path) -> None:
    """In whole seconds, rounded up."""
    with pytest.raises(NotYetError) as told:
        await ask_artifact(admin, "late")

    assert told.value.retry_after == timedelta(seconds=7)


async def test_a_sync_is_shown_line_by_line_and_ends_with_its_outcome(admin: Path) -> None:
    lines = [line async for line in stream(admin, "POST", "/v1/sync")]

    assert lines == [
        b'{"done":0}',
        b'{"done":1}',
        b'{"done":2}',
        b'{"outcome":"published"}',
    ]


@pytest.mark.parametrize(
    ("query", "expected"), [("", b'{"since":"None"}'), ("?since=2026", b'{"since":"2026"}')]
)
async def test_the_ledger_is_read_from_where_one_asks(
    admin: Path, query: str, expected: bytes
) -> None:
    lines = [line async for line in stream(admin, "GET", f"/v1/ledger.jsonl{query}")]

    assert lines == [expected]


async def test_an_error_under_way_is_the_last_line(admin: Path) -> None:
    """It says what happened, and what the command shall end with."""
    lines = [line async for line in stream(admin, "GET", "/v1/ledger.jsonl?since=full")]

    assert json.loads(lines[-1]) == {
        "error": "DiskFull",
        "message": "no space left on the disk",
        "exit_status": 1,
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MalformedOrderError("no order"), 400),
        (MalformedValueError("no digest"), 400),
        (ConfigurationError("it moves by itself"), 409),
        (RecalledError("it was recalled"), 409),
        (ArtifactNotFoundError("no such alarm"), 404),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_what_was_asked_wrongly_is_no_fault_of_the_node(
    admin: Path, operations: Operations, error: MirrorError, status: int
) -> None:
    operations.prune_fails = error
    reply = await ask(admin, "POST", "/v1/prune?dry_run=yes")

    assert (reply.status, json.loads(reply.body)["message"]) == (status, str(error))


async def test_an_error_of_the_daemon_is_told_in_full(admin: Path, operations: Operations) -> None:
    operations.status_fails = True
    reply = await ask(admin, "GET", "/v1/status.json")

    assert (reply.status, json.loads(reply.body)) == (
        503,
        {"error": "Locked", "message": "/data is held by process 7", "exit_status": 6},
    )


async def test_a_fault_under_way_breaks_the_answer_off(
    admin: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A reader must not take what came for all there is."""
    caplog.set_level(logging.CRITICAL)
    with pytest.raises(LockedError, match="does not answer"):
        _ = [line async for line in stream(admin, "GET", "/v1/ledger.jsonl?since=fault")]


async def test_who_leaves_early_ends_the_lines(admin: Path, operations: Operations) -> None:
    async with aclosing(stream(admin, "GET", "/v1/ledger.jsonl?since=endless")) as lines:
        first = await anext(lines)
    await operations.closed.wait()

    assert first == b'{"since":"endless"}'


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/sync", 405),
        ("DELETE", "/v1/status.json", 405),
        ("GET", "/v1/feed.json", 404),
        ("POST", "/nothing", 404),
    ],
)
async def test_what_operators_can_not_do_is_refused(
    admin: Path, method: str, path: str, status: int
) -> None:
    reply = await ask(admin, method, path)

    assert reply.status == status


async def test_what_somebody_found_damaged_is_taken_by_its_digest(
    admin: Path, operations: Operations
) -> None:
    digest = Digest.of(b"some bytes")
    reply = await ask(admin, "POST", f"/v1/damaged/{digest}")

    assert (reply.status, operations.damages.get_nowait()) == (200, digest)


@pytest.mark.parametrize("digest", ["sha256:0", "x", "sha256:" + "G" * 64])
async def test_what_is_no_digest_is_refused(
    admin: Path, operations: Operations, digest: str
) -> None:
    reply = await ask(admin, "POST", f"/v1/damaged/{digest}")

    assert (reply.status, operations.damages.empty()) == (400, True)


async def test_an_order_may_be_as_long_as_many_names_and_no_longer(admin: Path) -> None:
    """More than other questions may say; what is too long is refused in words."""
    async with aclosing(stream(admin, "POST", "/v1/pins", body=b"x" * 1_000_000)) as lines:
        told = [line async for line in lines]

    assert told == [b'{"bytes":1000000}']
    with pytest.raises(MirrorError, match="an order has at most"):
        async with aclosing(stream(admin, "POST", "/v1/pins", body=b"x" * 3_000_000)) as lines:
            await anext(lines)


@pytest.mark.parametrize(
    ("word", "said"), [("yes", b'{"dry_run":true,"rules":"R"}\n'), ("no", b'{"dry_run":false}\n')]
)
async def test_a_prune_is_dry_only_where_one_says_so(admin: Path, word: str, said: bytes) -> None:
    reply = await ask(admin, "POST", f"/v1/prune?dry_run={word}", body=b"R")

    assert (reply.status, reply.body) == (200, said)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/prune",
        "/v1/prune?dry_run=perhaps",
        "/v1/accessed?digests=abc",
        "/v1/accessed?digests=,",
    ],
)
async def test_what_is_not_understood_is_refused(admin: Path, path: str) -> None:
    reply = await ask(admin, "POST", path)

    assert (reply.status, json.loads(reply.body)["error"]) == (400, "BadQuery")


async def test_a_judgement_is_handed_on_and_answered(admin: Path) -> None:
    done = await ask(admin, "POST", "/v1/judgements", body=b"hide")
    refused = await ask(admin, "POST", "/v1/judgements", body=b"forbidden")

    assert (done.status, done.body) == (200, b'{"text":"hide"}\n')
    assert json.loads(refused.body) == {
        "error": "Recalled",
        "message": "it was recalled",
        "exit_status": 4,
    }


async def test_a_judgement_without_measure_is_refused(admin: Path) -> None:
    refused = await ask(admin, "POST", "/v1/judgements", body=b"x" * 20_000)

    assert refused.status == 413
