"""Foreign bytes that make a child work, wait or die at a moment of the test's choice."""

from __future__ import annotations

import io
import os
import signal
import threading
from typing import TYPE_CHECKING

from mirror.sandbox.programs import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "https://micropython.org/download/NICE_BOARD/"


def page(product: str = "Nice", content: str = "") -> bytes:
    """Return a small board page."""
    name = "NICE_BOARD-20260406-v1.28.0.bin"
    link = f'<div><a href="/resources/firmware/{name}">{name}</a></div>'
    return f"<html><h2>{product}</h2>{content}<h2>Firmware</h2>{link}</html>".encode()


SLOW_PAGE = page(content="<b>x</b>" * 500_000)
"""Whole, within the limit of size, and several seconds of work for a parser."""


class DeadlyFile(io.BytesIO):
    """A file that kills the child which waits for its bytes, the first *times* it is read."""

    def __init__(
        self, data: bytes, pids: Callable[[], tuple[int, ...]], times: int, by: int = signal.SIGKILL
    ) -> None:
        super().__init__(data)
        self._by = by
        self._pids = pids
        self._times = times

    def read(self, size: int | None = -1, /) -> bytes:
        """Kill whoever waits, and give the bytes all the same."""
        if self._times:
            self._times -= 1
            for pid in self._pids():
                os.kill(pid, self._by)
        return super().read(size)


class SlowFile(io.BytesIO):
    """A file that gives its first bytes, and the rest when it is told to."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked = threading.Event()
        self.more = threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        """Give the first bytes at once, more of them when told to."""
        if self.asked.is_set():
            self.more.wait(10)
        self.asked.set()
        return super().read(size)


STARVED = PROGRAM.replace(
    "from mirror.sandbox.child import main\nmain()",
    """import time
from mirror.sandbox import child
confine = child.confine
def confined(*limits):
    confine(*limits)
    child.verify = lambda body, claim: time.sleep(60)
child.confine = confined
child.main()""",
)
"""What a child runs that reads pages as any, and gets no processor time for images."""
