"""What a worker logs: one line for each event, on standard error."""

from __future__ import annotations

import logging

from mirror.web.current_request import REQUEST


class _OneLine(logging.Formatter):
    """One line for each event: nothing in it can begin another, or move a terminal's cursor."""

    def format(self, record: logging.LogRecord) -> str:
        request = REQUEST.get()
        text = super().format(record) + (f" request={request}" if request else "")
        return "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
            for char in text
        )


def log_plainly() -> None:
    """Write what is logged on standard error, with the id of the request that it is about."""
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine("%(asctime)s worker[%(process)d] %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO)
