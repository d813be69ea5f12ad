"""What goes through the pipes between parent and child: a question with its bytes, an answer.

All of it blocks, and belongs in a thread.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, BinaryIO, TypeVar

from mirror.errors import ChildRefusedError, ChildUnavailableError, StorageError
from mirror.frozen import dataclass
from mirror.sandbox.frames import ANSWER_HEAD, MAX_ANSWER, request_head

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from mirror.sandbox.frames import Request

_CHUNK = 256 * 1024
_WIDTH = 1024 * 1024

_Thing = TypeVar("_Thing")


@dataclass(frozen=True, slots=True)
class Body:
    """Foreign bytes to read: *size* of them, from the beginning of *file*.

    That is an open file, which is left open, or what opens one, which is closed after it.
    """

    file: BinaryIO | Callable[[], BinaryIO]
    size: int

    @contextlib.contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Give the open file; raises what opening it raises."""
        if not callable(self.file):
            yield self.file
            return
        with self.file() as file:
            yield file


class BrokenOffError(Exception):
    """The child said less than a whole answer, or more than an answer may be."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer, not looked into yet."""

    status: int
    document: bytes
    last: bool


def tell(process: subprocess.Popen[bytes], request: Request, body: Body) -> None:
    """Give *process* a question and its bytes.

    Raises `BrokenOffError` when it listens no more, `StorageError` when *body* can not be opened
    or read.
    """
    pipe = there(process.stdin).fileno()
    with body.opened() as file:
        _write(pipe, request_head(request, body.size))
        try:
            source = file.fileno()
        except io.UnsupportedOperation:  # bytes in memory
            for chunk in _chunks(file, body.size):
                _write(pipe, chunk)
        else:
            _pass_on(pipe, source, body.size)


def _pass_on(pipe: int, source: int, size: int) -> None:
    """Let the system bring the first *size* bytes of *source*, an open file, to *pipe*."""
    done = 0
    try:
        while done < size:
            count = os.sendfile(pipe, source, done, size - done)
            if not count:
                raise StorageError(f"a file to judge ended {size - done} bytes too early")
            done += count
    except BrokenPipeError as error:
        raise BrokenOffError from error
    except OSError as error:
        raise StorageError(f"a file to judge could not be read: {error}") from error


def _chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    rest = size
    try:
        file.seek(0)
        while rest:
            chunk = file.read(min(rest, _CHUNK))
            if not chunk:
                raise StorageError(f"a file to judge ended {rest} bytes too early")
            rest -= len(chunk)
            yield chunk
    except OSError as error:
        raise StorageError(f"a file to judge could not be read: {error}") from error


def _write(pipe: int, data: bytes) -> None:
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(pipe, rest) :]
    except BrokenPipeError as error:
        raise BrokenOffError from error


def heard(process: subprocess.Popen[bytes]) -> Heard:
    """Wait for an answer; raise `BrokenOffError` for less, `ChildRefusedError` for more."""
    pipe = there(process.stdout).fileno()
    status, last, length = ANSWER_HEAD.unpack(_read(pipe, ANSWER_HEAD.size))
    if length > MAX_ANSWER:
        process.kill()
        raise ChildRefusedError(f"the reader's answer has {length} bytes, at most {MAX_ANSWER}")
    return Heard(status, _read(pipe, length), bool(last))


def _read(pipe: int, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = os.read(pipe, min(size - len(data), _CHUNK))
        if not piece:
            raise BrokenOffError
        data += piece
    return bytes(data)


def widened(pipe: IO[bytes] | None) -> None:
    """Make *pipe* wider, where the system lets us."""
    # At the usual 64 kB, parent and child wait for each other 16 times for every image.
    with contextlib.suppress(OSError):
        fcntl.fcntl(there(pipe).fileno(), fcntl.F_SETPIPE_SZ, _WIDTH)


def there(thing: _Thing | None) -> _Thing:
    """Return *thing*; raise `ChildUnavailableError` where no process was started."""
    if thing is None:
        raise ChildUnavailableError("the limited child process was not started")
    return thing
