"""The daemon is asked over its socket, and whoever does not answer holds the lock."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from mirror.control import Reply, ask, stream
from mirror.errors import LockedError, MirrorError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the daemon would listen."""
    return tmp_path / "s"


@asynccontextmanager
async def daemon(path: Path, *words: bytes, stays: bool = False) -> AsyncIterator[None]:
    """A daemon that reads a request, says *words*, and hangs up unless it *stays*."""
    done = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.writelines(words)
        if stays:
            await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        done.set()

    server = await asyncio.start_unix_server(answer, path)
    try:
        yield
        await done.wait()
    finally:
        server.close()


async def lines_of(path: Path, *, idle: float | None = None) -> list[bytes]:
    """Return all lines of an answer."""
    return [line async for line in stream(path, "POST", "/v1/sync", idle=idle)]


async def test_an_answer_is_its_status_and_its_body(path: Path) -> None:
    async with daemon(path, b"HTTP/1.1 410 Gone\r\nContent-Length: 3\r\n\r\nabc"):
        reply = await ask(path, "GET", "/v1/status.json")

    assert Reply(410, b"abc") == reply


async def test_nobody_at_the_socket_is_a_lock_that_does_not_answer(path: Path) -> None:
    with pytest.raises(LockedError, match=f"the daemon at {path} does not answer"):
        await ask(path, "GET", "/v1/status.json")


async def test_a_daemon_that_hangs_is_one_that_does_not_answer(path: Path) -> None:
    async with daemon(path, stays=True):
        with pytest.raises(LockedError, match="does not answer"):
            await ask(path, "GET", "/v1/status.json", seconds=0.1)


@pytest.mark.parametrize(
    "words",
    [b"", b"hello\r\n", HEAD, HEAD + b"Content-Length: 9\r\n\r\nabc"],
)
async def test_an_answer_that_breaks_off_is_none(path: Path, words: bytes) -> None:
    async with daemon(path, words):
        with pytest.raises(LockedError, match="does not answer"):
            await ask(path, "GET", "/v1/status.json")


async def test_an_answer_without_end_is_refused(path: Path) -> None:
    async with daemon(path, HEAD + b"\r\n", b"x" * (65 << 20)):
        with pytest.raises(TooLargeError, match="status has over"):
            await ask(path, "GET", "/v1/status")


async def test_lines_come_without_their_ends(path: Path) -> None:
    async with daemon(path, HEAD + b"\r\n", b"one\n", b"two\r\n\nthree"):
        lines = await lines_of(path)

    assert lines == [b"one", b"two", b"", b"three"]


async def test_lines_that_break_off_are_not_taken_for_all(path: Path) -> None:
    async with daemon(path, HEAD + b"Content-Length: 90\r\n\r\n", b"one\ntw"):
        with pytest.raises(LockedError, match="does not answer"):
            await lines_of(path)


async def test_a_daemon_that_falls_silent_is_given_up(path: Path) -> None:
    async with daemon(path, HEAD + b"\r\n", b"one\n", stays=True):
        with pytest.raises(LockedError, match="does not answer"):
            await lines_of(path, idle=0.1)


async def test_a_line_without_end_is_refused(path: Path) -> None:
    async with daemon(path, HEAD + b"\r\n", b"x" * (5 << 20)):
        with pytest.raises(TooLargeError, match="a line of the daemon"):
            await lines_of(path)


async def test_a_refusal_says_why(path: Path) -> None:
    words = b'HTTP/1.1 503 No\r\nContent-Length: 8\r\n\r\n"Locked"'
    async with daemon(path, words):
        with pytest.raises(MirrorError, match='refuses: 503 "Locked"'):
            await lines_of(path)


async def test_a_redirect_is_not_followed(path: Path) -> None:
    """The daemon answers here or nowhere."""
    words = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with daemon(path, words):
        reply = await ask(path, "GET", "/v1/status.json")

    assert Reply(302, b"") == reply
