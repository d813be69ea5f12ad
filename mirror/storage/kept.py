"""A small part of the index that is asked for with every file: read once, until it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """What *read* gave last; `forget` makes the next `get` read again.

    What was read while it was forgotten is given, and not kept: it may be older than the change.
    """

    def __init__(self, read: Callable[[], Awaitable[Value]]) -> None:
        self._read = read
        self._kept: Value | None = None
        self._times_forgotten = 0

    @property
    def kept(self) -> Value | None:
        """What the next `get` gives at once; None when it has to read."""
        return self._kept

    def forget(self) -> None:
        """Have it read again."""
        self._kept = None
        self._times_forgotten += 1

    async def get(self) -> Value:
        """Return it as it is now."""
        if self._kept is not None:
            return self._kept
        before = self._times_forgotten
        value = await self._read()
        if before == self._times_forgotten:
            self._kept = value
        return value
