"""What a person at a terminal, or a script behind a pipe, gets to see.

Every text that this module writes is foreign: a board's name and a file's name come from
others.  So nothing that is written can move the cursor, change a colour, hide itself or
begin a new line: `plain` is the only way out, and no markup is read.  Answers go to
standard output; what is only of the moment (progress, errors) goes to standard error.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO, cast

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from mirror.catalog.texts import visible
from mirror.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType

    from rich.progress import Progress, TaskID

#: Seconds between two lines of progress where there is no terminal.
LINE_EVERY = 10.0


def plain(text: str) -> str:
    r"""Return *text* in one line that obeys nobody: ``\x1b`` instead of an escape.

    Control characters, line ends, marks that turn the direction of writing, and whatever
    else has no shape of its own are written as escapes.
    """
    return visible(text)


def say(text: str = "", style: str = "") -> None:
    """Write one line to standard output; raise `StorageError` when that can not be written."""
    with _answering():
        _console(sys.stdout).print(Text(plain(text), style=style))


def complain(text: str) -> None:
    """Write one line to standard error."""
    _console(sys.stderr).print(Text(plain(text)))


def say_json(document: object) -> None:
    """Write *document* as JSON, for a script; nothing else goes to standard output then."""
    # ASCII only: the escapes of JSON are the ones that fit here.
    hand_over(json.dumps(document, indent=2, ensure_ascii=True).encode() + b"\n")


def hand_over(document: bytes) -> None:
    """Write JSON as it is, to its last line end, for a script."""
    finish()
    with _answering():
        sys.stdout.buffer.write(document)


def say_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table in columns; nothing is cut, and no row is more than one line."""
    table = [[plain(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(cell_len(row[column]) for row in table) for column in range(len(heads))]
    for row in table:
        padded = [set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True)]
        say("  ".join(padded).rstrip(), style="bold" if row is table[0] else "")


def finish() -> None:
    """Have all that was said written; raise `StorageError` when that can not be."""
    with _answering():
        sys.stdout.flush()


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # who reads has seen enough
        raise
    except OSError as error:
        # What waits to be written is tried once more at the end of the process.
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        raise StorageError(
            f"standard output can not be written: {error.strerror or error}"
        ) from error


def keep_open() -> None:
    """Give standard input, output and errors that are closed something to stand on.

    Else the next file that is opened would have the number of one of them, and get what is
    said.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    sys.stdin = sys.stdin or _standing(0, "r")
    sys.stdout = sys.stdout or _standing(1, "w")
    sys.stderr = sys.stderr or _standing(2, "w")


def _standing(number: int, mode: str) -> TextIO:
    return cast("TextIO", os.fdopen(number, mode, encoding="utf-8", closefd=False))


def keep_writing() -> None:
    """Let no letter that the terminal's encoding lacks end a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _console(stream: object) -> Console:
    return Console(stderr=stream is sys.stderr, highlight=False, soft_wrap=True, emoji=False)


def _bars(console: Console) -> Progress:
    # Here, because few commands have bars, and they take long to load.
    from rich.progress import (  # noqa: PLC0415 - see above
        BarColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TextColumn("{task.fields[detail]}", markup=False),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


class Steps:
    """How far a long command is: bars on a terminal, a plain line now and then elsewhere.

    A context manager; `show` may be called as often as there is news.  Written to standard
    error, so that the answer on standard output stays clean.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._console = _console(sys.stderr)
        self._on_terminal = self._console.is_terminal
        self._bars = _bars(self._console)
        self._tasks: dict[str, TaskID] = {}
        self._last: dict[str, float] = {}
        self._written: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def show(self, step: str, done: int, total: int, detail: str = "") -> None:
        """Say that *done* of *total* are done in *step*, a fixed word of ours."""
        if self._on_terminal:
            self._move_bar(step, done, total, plain(detail))
        else:
            self._write_line(step, done, total, detail)

    def _move_bar(self, step: str, done: int, total: int, detail: str) -> None:
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=total, detail=detail)
        self._bars.update(self._tasks[step], completed=done, total=total, detail=detail)

    def _write_line(self, step: str, done: int, total: int, detail: str) -> None:
        now, written = self._clock(), (done, total)
        last, at = self._written.get(step), self._last.get(step, -LINE_EVERY)
        if written == last or (done < total and now - at < LINE_EVERY):
            return
        self._last[step], self._written[step] = now, written
        with contextlib.suppress(BrokenPipeError):
            complain(f"{step}: {done} of {total}" + (f", {detail}" if detail else ""))
