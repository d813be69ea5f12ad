"""The log of a worker: plain lines on its standard error, which the daemon's caller keeps."""

from __future__ import annotations

import logging


class _OneLine(logging.Formatter):
    """One line for each event: nothing in it can begin another, or move a terminal's cursor."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of *record*."""
        text = super().format(record)
        return "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
            for char in text
        )


def log_plainly() -> None:
    """Have everything that is logged written, one line for each."""
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine("%(asctime)s worker[%(process)d] %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO)
