"""Other sites' names answer what is asked of those sites; every other name is the mirror's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from mirror.web.hosts import ANSWERED
from tests.web.building import PICO, image

if TYPE_CHECKING:
    from tests.web.client import Client

FEED: Final = "/v1/feed.json"
FILE: Final = f"/resources/firmware/{PICO}"
OWN: Final = ("127.0.0.1:8080", "[::1]:80", "mirror.lab", "MIRROR.LAB:8080", "", "micropython.net")
FOREIGN: Final = ("api.github.com", "raw.githubusercontent.com", "downloads.arduino.cc")
SPELLINGS: Final = (
    "api.github.com",
    "API.GitHub.com",
    "api.github.com:443",
    "api.github.com:",
    "api.github.com.",
    "api.github.com.:8080",
)


async def status_for(client: Client, target: str, *fields: str) -> int:
    """Return the status of the answer to a request that says exactly *target* and *fields*."""
    head = "\r\n".join([f"GET {target} HTTP/1.1", *fields, "Connection: close", "", ""])
    return int((await client.say(head.encode())).split(b" ")[1])


@pytest.mark.parametrize("host", OWN)
async def test_a_name_that_nobody_else_has_is_our_own(client: Client, host: str) -> None:
    assert await status_for(client, FEED, f"Host: {host}") == 200


async def test_a_request_that_names_no_host_is_for_us(client: Client) -> None:
    said = await client.say(f"GET {FEED} HTTP/1.0\r\n\r\n".encode())

    assert said.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("host", ["micropython.org", "www.micropython.org"])
async def test_micropython_org_answers_files_and_the_feed(client: Client, host: str) -> None:
    files = await status_for(client, FILE, f"Host: {host}")
    feed = await status_for(client, FEED, f"Host: {host}")
    others = await status_for(client, "/repos/micropython/micropython", f"Host: {host}")

    assert (files, feed, others) == (200, 200, 404)


@pytest.mark.parametrize("host", FOREIGN)
async def test_a_foreign_name_does_not_answer_the_feed(client: Client, host: str) -> None:
    assert await status_for(client, FEED, f"Host: {host}") == 404


@pytest.mark.parametrize("host", SPELLINGS)
async def test_a_name_is_the_same_however_it_is_spelled(client: Client, host: str) -> None:
    assert await status_for(client, FEED, f"Host: {host}") == 404


async def test_the_request_line_outranks_the_field(client: Client) -> None:
    """RFC 9112 section 3.2.2."""
    theirs = await status_for(client, f"http://u:p@api.github.com{FEED}", "Host: mirror.lab")
    ours = await status_for(client, f"http://mirror.lab:8080{FEED}", "Host: api.github.com")

    assert (theirs, ours) == (404, 200)


async def test_arduinos_host_answers_its_files(client: Client) -> None:
    assert await status_for(client, FILE, "Host: downloads.arduino.cc") == 200


async def test_a_file_that_a_name_does_not_answer_has_an_empty_body(client: Client) -> None:
    """Clients that save whatever comes save nothing."""
    said = await client.say(
        f"GET {FILE} HTTP/1.1\r\nHost: api.github.com\r\nConnection: close\r\n\r\n".encode()
    )
    head, _, body = said.partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 404 ")
    assert body == b""
    assert image(PICO) not in said


@pytest.mark.parametrize("host", ['evil.test"><script>', "mirror.lab/../", "\x7f", "a" * 3000])
async def test_no_name_comes_back_in_an_answer(client: Client, host: str) -> None:
    """Whatever the host is called, the answer is the same bytes or a refusal that is not it."""
    for path in (FEED, "/nothing", "/v1/boards.json"):
        said = await client.say(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        )

        assert host.encode() not in said


def test_the_table_is_closed() -> None:
    """No name of another site answers everything."""
    assert all(not pattern.startswith("*") for paths in ANSWERED.values() for pattern in paths)
    assert "/*" not in {pattern for paths in ANSWERED.values() for pattern in paths}
