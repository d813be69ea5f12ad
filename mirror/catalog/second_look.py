"""What has to confirm a new artifact before it is published."""

from __future__ import annotations

from datetime import timedelta

from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True)
class SecondLook:
    """A second fetch that much later (None: no second fetch), files of the same build, or both.

    The default asks for nothing.
    """

    after: timedelta | None = None
    siblings: bool = False
