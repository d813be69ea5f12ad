"""One child process as its parent sees it: started, asked, and ended.

All methods but `abandon` block, and belong in a thread; one thread at a time may use a child.
`abandon` may be called from anywhere at any time: whatever the thread waits for then ends
within milliseconds, and the next start is a new process.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, TypeVar

from pydantic import ValidationError

import mirror
from mirror.catalog.texts import one_line
from mirror.errors import (
    BundleRefusedError,
    ChildRefusedError,
    ChildUnavailableError,
    DocumentRefusedError,
    FirmwareHeadingMissingError,
    PageRefusedError,
    PictureRefusedError,
    RefusedError,
    StorageError,
)
from mirror.sandbox.frames import (
    ANSWER_HEAD,
    MAX_ANSWER,
    OUT_OF_MEMORY,
    REFUSAL,
    Status,
    request_head,
)
from mirror.sandbox.programs import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.sandbox.frames import Request
    from mirror.shapes import Shape

_CHUNK = 256 * 1024
_MAX_TEXT = 1000
_MIB = 1024 * 1024
_ENDING_SECONDS = 1.0

_Answer = TypeVar("_Answer")
_Thing = TypeVar("_Thing")

# What a reader may say of foreign bytes; every other error is the child's own failure.
_REFUSALS: dict[str, type[RefusedError]] = {
    error.__name__: error
    for error in (
        PageRefusedError,
        FirmwareHeadingMissingError,
        DocumentRefusedError,
        PictureRefusedError,
        BundleRefusedError,
    )
}


@dataclass(frozen=True, slots=True)
class Body:
    """Foreign bytes to read: *size* of them, from the beginning of *file*."""

    file: BinaryIO
    size: int


class Child:
    """One limited process, started when it is needed and again when it has ended."""

    def __init__(self, memory_bytes: int, program: str = PROGRAM) -> None:
        self._memory_bytes = memory_bytes
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._abandoned = False

    @property
    def pid(self) -> int | None:
        """The process id, None before the first start and after `stop`."""
        return self._process.pid if self._process is not None else None

    @property
    def ready(self) -> bool:
        """Whether `start` would have nothing to do; this does not block."""
        return not self._abandoned and self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Have a process that is ready to be asked; raise `ChildUnavailableError` if none is."""
        if self.ready:
            return
        self._abandoned = False
        self._launch()

    def ask(self, request: Request, body: Body, expected: Shape[_Answer]) -> _Answer:
        """Ask *request* about *body* and return the answer, checked to be *expected*.

        A child that dies is started and asked once more: a process can be killed for reasons
        that the bytes have no part in.  Raises what the reader raised; `ChildRefusedError`
        when the child died twice, grew too large or answered nonsense; `StorageError` when
        the bytes could not be read from *body*; `ChildUnavailableError`.
        """
        try:
            return self._asked(request, body, expected)
        except _DiedError:
            self._launch()
        try:
            return self._asked(request, body, expected)
        except _DiedError as error:
            raise ChildRefusedError(f"the reader {error}") from error

    def abandon(self) -> None:
        """Kill the process; a thread that waits for it gets an error."""
        # Flag first, then look: a thread that is just starting one looks the other way round.
        self._abandoned = True
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """End the process, if any, and leave nothing of it behind."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                _there(pipe).close()
        process.wait()

    def _launch(self) -> None:
        self.stop()
        self._process = process = _started(self._program, self._memory_bytes)
        if self._abandoned:
            process.kill()
        try:
            _heard(process)
        except (_BrokenOffError, ChildRefusedError) as error:
            self.stop()
            raise ChildUnavailableError("the limited child process did not start") from error

    def _asked(self, request: Request, body: Body, expected: Shape[_Answer]) -> _Answer:
        process = _there(self._process)
        in_step = False
        try:
            _tell(process, request, body)
            heard = _heard(process)
            in_step = not heard.last
            return _told(heard, expected)
        except _BrokenOffError as error:
            raise self._blamed(process) from error
        except ValidationError as error:
            in_step = False
            raise ChildRefusedError("the reader gave an answer that is none") from error
        finally:
            if not in_step:
                self.stop()

    def _blamed(self, process: subprocess.Popen[bytes]) -> Exception:
        """Return the error that says why *process* broke off."""
        try:
            status = process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            return ChildRefusedError("the reader gave an answer that is none")
        if self._abandoned:
            return ChildUnavailableError("the limited child process was given up")
        if status == OUT_OF_MEMORY:
            allowed = self._memory_bytes // _MIB
            return ChildRefusedError(f"the reader needed more than {allowed} MiB of memory")
        if status == -signal.SIGALRM:
            return ChildRefusedError("the reader took far too long")
        if status < 0:
            return _DiedError(f"died with signal {-status}")
        return _DiedError(f"ended with status {status}")


class _BrokenOffError(Exception):
    """The child said less than a whole answer, or more than an answer may be."""


class _DiedError(Exception):
    """The child ended for a reason of which the bytes may be innocent."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """One answer, not looked into yet."""

    status: int
    document: bytes
    last: bool


def _started(program: str, memory_bytes: int) -> subprocess.Popen[bytes]:
    # The child finds its modules where this process found them, and nowhere else: no
    # environment, no current folder, no start-up files (-I, -S).
    places = [str(Path(mirror.__file__).parents[1]), *filter(os.path.isabs, sys.path)]
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            [sys.executable, "-I", "-S", "-B", "-c", program, str(memory_bytes), *places],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            start_new_session=True,
        )
    except OSError as error:
        raise ChildUnavailableError(f"no limited child process could start: {error}") from error
    _widened(process.stdin)
    return process


def _widened(pipe: IO[bytes] | None) -> None:
    # At the usual 64 kB, parent and child wait for each other 16 times for every image.
    with contextlib.suppress(OSError):
        fcntl.fcntl(_there(pipe).fileno(), fcntl.F_SETPIPE_SZ, _MIB)


def _tell(process: subprocess.Popen[bytes], request: Request, body: Body) -> None:
    pipe = _there(process.stdin).fileno()
    _write(pipe, request_head(request, body.size))
    try:
        source = body.file.fileno()
    except io.UnsupportedOperation:  # bytes in memory
        for chunk in _chunks(body):
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
        raise _BrokenOffError from error
    except OSError as error:
        raise StorageError(f"a file to judge could not be read: {error}") from error


def _chunks(body: Body) -> Iterator[bytes]:
    rest = body.size
    try:
        body.file.seek(0)
        while rest:
            chunk = body.file.read(min(rest, _CHUNK))
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
        raise _BrokenOffError from error


def _heard(process: subprocess.Popen[bytes]) -> _Heard:
    pipe = _there(process.stdout).fileno()
    status, last, length = ANSWER_HEAD.unpack(_read(pipe, ANSWER_HEAD.size))
    if length > MAX_ANSWER:
        process.kill()
        raise ChildRefusedError(f"the reader's answer has {length} bytes, at most {MAX_ANSWER}")
    return _Heard(status, _read(pipe, length), bool(last))


def _read(pipe: int, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = os.read(pipe, min(size - len(data), _CHUNK))
        if not piece:
            raise _BrokenOffError
        data += piece
    return bytes(data)


def _told(heard: _Heard, expected: Shape[_Answer]) -> _Answer:
    if heard.status == Status.ANSWER:
        return expected.validate_json(heard.document)
    refusal = REFUSAL.validate_json(heard.document)
    text = one_line(refusal.text, _MAX_TEXT)
    if heard.status == Status.REFUSAL and refusal.error in _REFUSALS:
        raise _REFUSALS[refusal.error](text)
    raise ChildRefusedError(f"the reader failed: {one_line(refusal.error, 80)}: {text}")


def _there(thing: _Thing | None) -> _Thing:
    if thing is None:
        raise ChildUnavailableError("the limited child process was not started")
    return thing
