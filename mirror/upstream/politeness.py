"""How hard upstream may be asked, and how much of it may come: plain limits, checked when made.

Every request of the mirror obeys one `Politeness`.  Times are seconds, sizes are bytes.
"""

from __future__ import annotations

import math
from datetime import timedelta

from mirror.errors import ConfigurationError
from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Politeness:
    """The limits of one `Fetcher`; raises `ConfigurationError` for limits that forbid all work.

    ``connections`` requests at once, ``requests_per_second`` of them begun (0: no limit).
    ``connect_seconds`` for name, connection and TLS; ``read_seconds`` for the head of an
    answer and for each wait inside a body; ``page_seconds`` and ``file_seconds`` for all
    waits of one body together, so that a trickle ends.  ``page_bytes`` holds before and
    after decompression.  ``attempts`` tries per page or file, with a first pause of about
    ``backoff_seconds``, doubled each time up to ``backoff_cap_seconds``.  A
    ``Retry-After`` of more than ``retry_after_cap`` ends the run instead of delaying it.
    """

    connections: int = 4
    requests_per_second: float = 2.0
    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    page_seconds: float = 120.0
    file_seconds: float = 3600.0
    page_bytes: int = 4 * 1024 * 1024
    file_bytes: int = 64 * 1024 * 1024
    attempts: int = 4
    backoff_seconds: float = 1.0
    backoff_cap_seconds: float = 60.0
    retry_after_cap: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        """Refuse a limit with which nothing could ever be fetched, or nothing bounded."""
        for name in ("connections", "attempts", "page_bytes", "file_bytes"):
            self._demand(name, "at least 1", holds=getattr(self, name) >= 1)
        for name in ("connect_seconds", "read_seconds", "page_seconds", "file_seconds"):
            value = getattr(self, name)
            self._demand(name, "finite and more than 0", holds=math.isfinite(value) and value > 0)
        for name in ("requests_per_second", "backoff_seconds", "backoff_cap_seconds"):
            value = getattr(self, name)
            self._demand(name, "finite and not negative", holds=math.isfinite(value) and value >= 0)
        self._demand("retry_after_cap", "not negative", holds=self.retry_after_cap >= timedelta(0))

    def _demand(self, name: str, expected: str, *, holds: bool) -> None:
        if not holds:
            raise ConfigurationError(f"{name} must be {expected}, not {getattr(self, name)}")


def user_agent(version: str, contact: str) -> str:
    """Return the line with which the mirror names itself: who it is, and where to complain.

    Raises `ConfigurationError` for a contact that could not stand in a header.
    """
    if not contact.isascii() or not contact.isprintable() or set(contact) & set("()\\"):
        raise ConfigurationError(
            f"the contact must be printable ASCII without parentheses, not {contact[:80]!r}"
        )
    return f"mpmirror/{version} (+{contact})" if contact else f"mpmirror/{version}"
