"""One child process as its parent sees it: started, asked, and ended.

All methods but `abandon` block, and belong in a thread; one thread at a time may use a child.
`abandon` may be called from anywhere at any time: whatever the thread waits for then ends
within milliseconds, and the next start is a new process.
"""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

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
)
from mirror.sandbox.frames import OUT_OF_MEMORY, REFUSAL, Status
from mirror.sandbox.launch import end, launch
from mirror.sandbox.pipes import BrokenOffError, heard, tell, there, widened
from mirror.sandbox.programs import PROGRAM

if TYPE_CHECKING:
    from mirror.sandbox.frames import Request
    from mirror.sandbox.pipes import Body, Heard
    from mirror.shapes import Shape

_MAX_TEXT = 1000
_MIB = 1024 * 1024
_ENDING_SECONDS = 3.0
# The time that the scheduler gave all threads of a process: CPUCLOCK_SCHED.
_SCHEDULED = 2

_Answer = TypeVar("_Answer")

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


class Child:
    """One limited process, started when it is needed and again when it has ended."""

    def __init__(
        self,
        memory_bytes: int,
        program: str = PROGRAM,
        begun: subprocess.Popen[bytes] | None = None,
    ) -> None:
        """Ask *begun* first, a process of this *program* that is not asked yet; None: a new one."""
        self._memory_bytes = memory_bytes
        self._begun = begun
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._before = 0.0
        self._abandoned = False

    @property
    def pid(self) -> int | None:
        """The process id, None before the first start and after `stop`."""
        return self._process.pid if self._process is not None else None

    @property
    def ready(self) -> bool:
        """Whether `start` would have nothing to do; this does not block."""
        return not self._abandoned and self._process is not None and self._process.poll() is None

    @property
    def spent(self) -> float:
        """Seconds of processor time that the question under way has cost; this does not block."""
        process = self._process
        return max(0.0, _processor_seconds(process) - self._before) if process is not None else 0.0

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
        the bytes could not be read from *body*; `ChildUnavailableError`, also when it was killed
        twice, which no reader does to itself.
        """
        try:
            return self._asked(request, body, expected)
        except _DiedError:
            self._launch()
        try:
            return self._asked(request, body, expected)
        except _DiedError as error:
            if error.killed:
                raise ChildUnavailableError(
                    "not judged: the reader was killed twice, as when the machine's memory is short"
                ) from error
            raise ChildRefusedError(f"the reader {error}") from error

    def abandon(self) -> None:
        """Kill the process; a thread that waits for it gets an error."""
        # Flag first, then look: a thread that is just starting one looks the other way round.
        self._abandoned = True
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """End the process, if any, and leave nothing of it behind."""
        for process in (self._process, self._begun):
            if process is not None:
                end(process)
        self._process = self._begun = None

    def _launch(self) -> None:
        self._process = process = self._taken_or_started()
        widened(process.stdin)
        if self._abandoned:
            process.kill()
        try:
            heard(process)
        except (BrokenOffError, ChildRefusedError) as error:
            self.stop()
            raise ChildUnavailableError("the limited child process did not start") from error

    def _taken_or_started(self) -> subprocess.Popen[bytes]:
        begun, self._begun = self._begun, None
        self.stop()
        if begun is None:
            return _started(self._program, self._memory_bytes)
        if begun.poll() is None:
            return begun
        end(begun)
        return _started(self._program, self._memory_bytes)

    def _asked(self, request: Request, body: Body, expected: Shape[_Answer]) -> _Answer:
        process = there(self._process)
        self._before = _processor_seconds(process)
        in_step = False
        try:
            tell(process, request, body)
            answer = heard(process)
            in_step = not answer.last
            return told(answer, expected)
        except BrokenOffError as error:
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
        return _by_signal(-status) if status < 0 else _DiedError(f"ended with status {status}")


def _by_signal(number: int) -> Exception:
    if number == signal.SIGPROF:
        return ChildRefusedError("the reader took far too long")
    if number == signal.SIGALRM:
        return ChildUnavailableError("not judged: the machine has no time for the reader")
    return _DiedError(f"died with signal {number}", killed=number == signal.SIGKILL)


class _DiedError(Exception):
    """The child ended for a reason of which the bytes may be innocent; or are, if *killed*."""

    def __init__(self, text: str, *, killed: bool = False) -> None:
        super().__init__(text)
        self.killed = killed


def _processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """Return what *process* has used so far; 0 when it is gone."""
    # The number of its clock, as clock_getcpuclockid(3) makes it, which Python does not offer
    # (Linux: include/linux/posix-timers.h).  To read /proc takes eight calls and 80 µs.
    clock = ~process.pid << 3 | _SCHEDULED
    try:
        return time.clock_gettime(clock)
    except OSError:
        return 0.0


def _started(program: str, memory_bytes: int) -> subprocess.Popen[bytes]:
    try:
        return launch(program, memory_bytes)
    except OSError as error:
        raise ChildUnavailableError(f"no limited child process could start: {error}") from error


def told(heard: Heard, expected: Shape[_Answer]) -> _Answer:
    """Return the answer that was *heard*, checked to be *expected*, or raise what the reader did.

    Raises `ValidationError` for what is no answer.
    """
    if heard.status == Status.ANSWER:
        return expected.validate_json(heard.document)
    refusal = REFUSAL.validate_json(heard.document)
    text = one_line(refusal.text, _MAX_TEXT)
    if heard.status == Status.REFUSAL and refusal.error in _REFUSALS:
        raise _REFUSALS[refusal.error](text)
    raise ChildRefusedError(f"the reader failed: {one_line(refusal.error, 80)}: {text}")
