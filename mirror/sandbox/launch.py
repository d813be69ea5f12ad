"""How a limited process begins, if need be before anything else of its parent has loaded.

This is loaded by the first lines of a command, so it loads next to nothing itself.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import mirror
from mirror.sandbox.programs import PROGRAM

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

MEMORY: Final = 384 * 1024 * 1024
"""Bytes of address space that a reader has unless somebody says otherwise."""


def launch(program: str, memory_bytes: int) -> subprocess.Popen[bytes]:
    """Begin a process that runs *program*; it says when it is ready.  Raises `OSError`."""
    # The child finds its modules where this process found them, and nowhere else: no
    # environment, no current folder, no start-up files (-I, -S).  What it compiles is kept as
    # this process would keep it: before it is limited it loads modules, and no foreign byte.
    flags = ["-I", "-S", *(["-B"] if sys.dont_write_bytecode else [])]
    places = [str(Path(mirror.__file__).parents[1]), *filter(os.path.isabs, sys.path)]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
        [sys.executable, *flags, "-c", program, str(memory_bytes), *places],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={},
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """End *process* at once, and leave nothing of it behind; this blocks for milliseconds."""
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()


class Ahead:
    """One usual reader, begun before it is known who will ask it: it loads beside its parent.

    A context manager: left, it ends the process unless somebody has taken it.  Where none can
    begin there is none to take, and whoever needs one will say why.
    """

    def __init__(self, *, wanted: bool) -> None:
        """Begin one on entering if it is *wanted*, and nothing otherwise."""
        self._wanted = wanted
        self._process: subprocess.Popen[bytes] | None = None

    def take(self) -> subprocess.Popen[bytes] | None:
        """Return the process, for the first who asks; who takes it has to end it."""
        process, self._process = self._process, None
        return process

    def __enter__(self) -> Self:
        if self._wanted:
            with contextlib.suppress(OSError):
                self._process = launch(PROGRAM, MEMORY)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process = self.take()
        if process is not None:
            end(process)
