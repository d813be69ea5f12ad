"""What every answer of the public application has, and what no request can do."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from mirror.web.app import Serving
from mirror.web.holdings import Publications
from tests.web.building import PICO
from tests.web.conftest import NODE, served

if TYPE_CHECKING:
    from mirror.catalog.values import Digest
    from mirror.web.holdings import Blobs, OpenFile
    from tests.web.building import Builder
    from tests.web.client import Client

EVERYTHING = [
    "/v1/feed.json",
    "/v1/boards.json",
    "/v1/boards/RPI_PICO_W.json",
    f"/v1/files/{PICO}",
    f"/resources/firmware/{PICO}.sha256",
    "/v1/status.json",
    "/healthz",
    "/v1/nothing",
    "/v1/feed.json?kind=exe",
    "/resources/firmware/nothing.bin",
]
METHODS = ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND"]
# Path, status: what looks like a document and is none.
HOSTILE = [
    ("//v1/feed.json", 404),
    ("/v1//feed.json", 404),
    ("/v1/feed.json/", 404),
    ("/v1/./feed.json", 404),
    ("/v1/x/../feed.json", 404),
    ("/v1%2ffeed.json", 404),
    ("/v1/boards%2fRPI_PICO_W.json", 404),
    ("/v1/feed.json%00", 404),
    ("/v1/feed.json%0d%0aSet-Cookie:%20x", 404),
    ("/v1/feed.json;x=1", 404),
    ("/v1/../v1/feed.json", 404),
    ("/etc/passwd", 404),
    ("/../../etc/passwd", 404),
    ("/%2e%2e/%2e%2e/etc/passwd", 404),
    ("/.git/config", 404),
    ("/" + "a" * 3000, 404),
    ("/<script>alert(1)</script>", 404),
    ("/%1b[2J", 404),
    ("/%E0%A4%A", 404),
]


class FaultyBlobs:
    """Blobs that can be read, and that fail to open in a way that nobody foresaw."""

    def __init__(self, sound: Blobs) -> None:
        self.read = sound.read
        self.read_all = sound.read_all

    async def open(self, digest: Digest) -> OpenFile:
        """Fail."""
        raise ZeroDivisionError(digest)


@dataclass(frozen=True, slots=True)
class FaultyStore:
    """A store with such blobs."""

    blobs: FaultyBlobs
    publications: Publications


async def no_status() -> bytes:
    """Fail in a way that nobody foresaw."""
    raise ZeroDivisionError


@pytest.mark.parametrize("path", EVERYTHING)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-mpmirror-node", NODE),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox"),
        ("access-control-allow-origin", "*"),
        ("server", "mpmirror"),
    ],
)
async def test_every_answer_has_what_no_answer_may_lack(
    client: Client, path: str, name: str, value: str
) -> None:
    got = await client.get(path)

    assert value == got.fields[name]


@pytest.mark.parametrize("path", EVERYTHING)
async def test_every_answer_says_its_length_and_when_it_was_made(client: Client, path: str) -> None:
    got = await client.get(path)

    assert {"content-length", "date", "cache-control"} <= got.fields.keys()
    assert "transfer-encoding" not in got.fields


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["/v1/feed.json", "/v1/sync", "/nothing"])
async def test_who_wants_to_write_is_told_what_there_is(
    client: Client, method: str, path: str
) -> None:
    got = await client.get(path, method)

    assert (got.status, got.fields["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_a_method_on_a_firmware_path_is_answered_with_nothing(client: Client) -> None:
    got = await client.get(f"/resources/firmware/{PICO}", "POST")

    assert (got.status, got.body) == (405, b"")


@pytest.mark.parametrize("path", ["/v1/feed.json", f"/v1/files/{PICO}", "/nothing"])
async def test_a_page_of_another_origin_may_read(client: Client, path: str) -> None:
    got = await client.get(
        path,
        "OPTIONS",
        Origin="https://lab.test",
        Access_Control_Request_Method="GET",
        Access_Control_Request_Headers="range, if-none-match",
    )

    assert (
        got.status,
        got.fields["access-control-allow-origin"],
        got.fields["access-control-allow-methods"],
        got.fields["access-control-allow-headers"],
    ) == (
        204,
        "*",
        "GET, HEAD, OPTIONS",
        "If-Match, If-None-Match, If-Range, Range, X-Request-Id, X-Station",
    )


@pytest.mark.parametrize(("path", "status"), HOSTILE)
async def test_a_path_is_what_it_says_and_nothing_else(
    client: Client, path: str, status: int
) -> None:
    got = await client.get(path)

    assert (status, "NotFound") == (got.status, json.loads(got.body)["error"])


@pytest.mark.parametrize("host", ["evil.test", "evil.test:99", "x\ty", "[::1]", ""])
async def test_no_answer_is_made_from_the_host_that_a_request_names(
    client: Client, host: str
) -> None:
    """It is not looked at: the answer is the same, or the request is no HTTP."""
    usual = await client.get("/v1/feed.json")
    request = f"GET /v1/feed.json HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    received = await client.say(request.encode())

    assert received.endswith(b"\r\n\r\n" + usual.body)


async def test_a_request_with_a_whole_url_is_answered_like_one_with_a_path(client: Client) -> None:
    usual = await client.get("/v1/feed.json")
    got = await client.get("http://evil.test/v1/feed.json")

    assert (200, usual.body) == (got.status, got.body)


async def test_a_head_of_an_error_has_no_body(client: Client) -> None:
    got = await client.get("/v1/boards/NOTHING.json")
    async with client.connected() as line:
        await line.ask("/v1/boards/NOTHING.json", "HEAD")
        head = await line.answer("HEAD")
        await line.ask("/healthz")
        after = await line.answer()

    assert (404, got.fields["content-length"], 200) == (
        head.status,
        head.fields["content-length"],
        after.status,
    )


@pytest.mark.parametrize("path", ["/v1/feed.json", f"/v1/files/{PICO}"])
async def test_an_old_client_gets_its_answer_and_the_connection_ends(
    client: Client, path: str
) -> None:
    usual = await client.get(path)
    received = await client.say(f"GET {path} HTTP/1.0\r\n\r\n".encode())

    assert received.endswith(b"\r\nConnection: close\r\n\r\n" + usual.body)


async def test_an_old_client_that_wants_to_go_on_may(client: Client) -> None:
    async with client.connected() as line:
        await line.send(b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        first = await line.answer()
        await line.send(b"GET /healthz HTTP/1.0\r\n\r\n")
        second = await line.answer()

    assert (first.fields["connection"], second.status) == ("keep-alive", 200)


@pytest.mark.parametrize("expected", ["100-continue", "a miracle"])
async def test_what_a_request_expects_changes_nothing(client: Client, expected: str) -> None:
    """A refusal in words would be stored as firmware."""
    got = await client.get(f"/resources/firmware/{PICO}", Expect=expected)

    assert (got.status, len(got.body)) == (200, 100_000)


async def test_a_server_as_a_whole_can_be_asked_what_it_allows(client: Client) -> None:
    got = await client.get("*", "OPTIONS")

    assert (got.status, got.fields["allow"]) == (204, "GET, HEAD, OPTIONS")


async def test_errors_are_not_kept_by_caches(client: Client) -> None:
    """A 404 may be kept unless that is forbidden, and the file may be held tomorrow."""
    got = await client.get("/resources/firmware/nothing.bin")

    assert got.fields["cache-control"] == "no-store"


async def test_a_message_shows_foreign_text_as_json_does(client: Client) -> None:
    got = await client.get("/v1/boards/%1b%5b2J%22%3cb%3e.json")

    assert b"\x1b" not in got.body
    assert "'\\x1b[2J\"<b>'" in json.loads(got.body)["message"]


async def test_other_clients_are_answered_while_feeds_are_filtered(client: Client) -> None:
    queries = [f"/v1/feed.json?limit={number}" for number in range(1, 30)]
    filtering = asyncio.gather(*(client.get(path) for path in queries))
    alive = await client.get("/healthz")
    answers = await filtering

    assert (200, {200}) == (alive.status, {got.status for got in answers})


async def test_more_questions_than_can_be_worked_on_are_put_off(client: Client) -> None:
    """Nobody waits without end, and who is put off is told when to come again."""
    queries = [f"/v1/feed.json?limit={number}" for number in range(1, 150)]
    answers = await asyncio.gather(*(client.get(path) for path in queries))
    busy = [got for got in answers if got.status != 200]

    assert {(got.status, got.fields["retry-after"]) for got in busy} == {(503, "5")}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/status.json", b'{"error": "Internal", "message": "this node has a fault; '),
        (f"/resources/firmware/{PICO}", b""),
    ],
)
async def test_a_fault_of_ours_is_told_to_the_log_and_not_to_clients(
    builder: Builder, caplog: pytest.LogCaptureFixture, path: str, body: bytes
) -> None:
    store = FaultyStore(FaultyBlobs(builder.store.blobs), builder.store.publications)
    async with served(store, told=Serving(node=NODE, status=no_status)) as site:
        got = await site.client.get(path)

    assert (500, body) == (got.status, got.body[: len(body)])
    assert "could not be answered" in caplog.text
    assert b"ZeroDivision" not in got.body
