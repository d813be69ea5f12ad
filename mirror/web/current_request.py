"""Which request is being answered, for whoever writes it down: no library of the web is needed."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

REQUEST: Final[ContextVar[str | None]] = ContextVar("request", default=None)
"""The id of the request that is being answered in this task; `mirror.web.request_ids` gives it."""
