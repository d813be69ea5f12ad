"""The id of a sync run, which stands in everything that the log says of it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

#: The id of the run that this task is a part of.
RUN: Final[ContextVar[str | None]] = ContextVar("run", default=None)
