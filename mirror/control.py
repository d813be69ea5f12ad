"""Ask the daemon over its Unix socket, from the command line and from workers.

Whoever finds the data folder locked sends its question here.  No name is resolved and no
other machine is asked: the socket is the only way.  Where nobody answers, or an answer
breaks off, that is a `LockedError`: the folder is held by a process that can not be reached.
"""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.http_exceptions import LineTooLong

from mirror import errors
from mirror.errors import LockedError, MirrorError, TooLargeError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

# Any host would do: the connection goes to the socket.
_BASE: Final = "http://localhost"
_TO_CONNECT: Final = 5.0
_MOST_BYTES: Final = 64 * 1024 * 1024
_LONGEST_LINE: Final = 1024 * 1024
# Errors that are made of a message alone.
_AS_THEY_ARE: Final = (
    errors.ArtifactNotFoundError,
    errors.ConfigurationError,
    errors.DamagedError,
    errors.DiskFullError,
    errors.GoneError,
    errors.KeyRefusedError,
    errors.MalformedImageError,
    errors.MalformedOrderError,
    errors.MalformedValueError,
    errors.PublicationNotFoundError,
    errors.RecalledError,
    errors.SignatureRefusedError,
    errors.StorageError,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the daemon answered: an HTTP *status*, and the *body*."""

    status: int
    body: bytes


async def answers(socket_path: Path) -> bool:
    """Say whether somebody takes connections at *socket_path* at this moment."""
    try:
        async with asyncio.timeout(_TO_CONNECT):
            _, writer = await asyncio.open_unix_connection(socket_path)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


async def ask(
    socket_path: Path, method: str, path: str, *, seconds: float = 10.0, body: bytes = b""
) -> Reply:
    """Ask *path* (with its query) of the daemon, and return its answer within *seconds*.

    *body* is sent with the question.  Raises `LockedError` when it does not answer,
    `TooLargeError` beyond 64 MB.
    """
    async with _asking(socket_path, method, path, seconds, body) as response:
        answer = bytearray()
        async for chunk in response.content.iter_any():
            answer += chunk
            if len(answer) > _MOST_BYTES:
                raise TooLargeError(f"the daemon's answer to {path} has over {_MOST_BYTES} bytes")
        return Reply(response.status, bytes(answer))


async def stream(
    socket_path: Path,
    method: str,
    path: str,
    *,
    body: bytes | None = None,
    idle: float | None = None,
) -> AsyncGenerator[bytes, None]:
    """Yield the lines of the daemon's answer as they come, without their line ends.

    *body* is sent with the question.  *idle* is the longest time between two lines, in
    seconds; None waits for ever.  Close the iterator (`contextlib.aclosing`) when you leave it
    early.  Raises `LockedError` when the daemon does not answer or breaks off, `TooLargeError`
    for a line beyond 1 MB, and as `refusal_of` when it refuses.
    """
    async with _asking(socket_path, method, path, None, body) as response:
        if response.status != HTTPStatus.OK:
            words = await response.content.read(_LONGEST_LINE)
            raise refusal_of(Reply(response.status, words))
        while line := await _line(response, idle):
            yield line.rstrip(b"\r\n")


def refusal_of(reply: Reply) -> MirrorError:
    """Return the error that the daemon answered with, so that it has its own exit status."""
    try:
        said = json.loads(reply.body)
        name, message = str(said["error"]), str(said["message"])
    except (ValueError, KeyError, TypeError):
        words = reply.body[:500].decode(errors="replace").strip()
        return MirrorError(f"the daemon refuses: {reply.status} {words}")
    kind = getattr(errors, f"{name}Error", MirrorError)
    return kind(message) if kind in _AS_THEY_ARE else MirrorError(message)


async def _line(response: aiohttp.ClientResponse, idle: float | None) -> bytes:
    try:
        async with asyncio.timeout(idle):
            return await response.content.readline()
    except LineTooLong as error:
        raise TooLargeError(f"a line of the daemon has over {_LONGEST_LINE} bytes") from error


@asynccontextmanager
async def _asking(
    socket_path: Path,
    method: str,
    path: str,
    seconds: float | None,
    body: bytes | None = None,
) -> AsyncIterator[aiohttp.ClientResponse]:
    sent = None if body is None else io.BytesIO(body)  # as aiohttp wants what is large
    limit = aiohttp.ClientTimeout(total=seconds, sock_connect=_TO_CONNECT)
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(str(socket_path)),
                timeout=limit,
                read_bufsize=_LONGEST_LINE // 2,  # aiohttp takes lines of twice that
            ) as session,
            session.request(method, _BASE + path, data=sent, allow_redirects=False) as response,
        ):
            yield response
    except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
        raise LockedError(
            f"the daemon at {socket_path} does not answer: it has just ended, or another command "
            "is at work on the data; try again in a moment"
        ) from error
