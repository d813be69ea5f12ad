"""Have room on the disk for what is taken in: what is asked of whoever can make some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from mirror.errors import DiskFullError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

Taken = TypeVar("Taken")


class RoomMaker(Protocol):
    """Makes room on the disk; raises `DiskFullError` when there is none to be made."""

    async def demand(self, size: int) -> None:
        """Find room for *size* more bytes."""

    def taking(self, size: int) -> AbstractAsyncContextManager[None]:
        """Have room for *size* more bytes, which are held and written down in the block."""

    async def make(self, size: int) -> None:
        """Make room for *size* more bytes."""


async def with_room(
    room: RoomMaker,
    take: Callable[[Callable[[int], None] | None], Awaitable[Taken]],
    expecting: Callable[[int], None] | None,
) -> Taken:
    """Return what *take* does; where the disk is full, once more after room was made.

    *take* is given what is told how many bytes are to come, and so is *expecting*.
    """
    to_come = 0

    def expect(size: int) -> None:
        nonlocal to_come
        to_come = size
        if expecting is not None:
            expecting(size)

    # Where nothing more may be kept, nothing is asked for.
    await room.demand(0)
    try:
        return await take(expect)
    except DiskFullError:
        await room.make(to_come)
    # What had come of it is continued.
    return await take(expecting)
