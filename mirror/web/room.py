"""Who is inside: how many connections there may be, of whom, and who makes room for whom.

When all places are taken, one that has asked for nothing for longest makes room, of the address
that holds most, for one of an address that holds fewer: who holds many open keeps nobody else
out.  A handshake, or a request for a tunnel, that is under way takes a place like a connection.
What somebody costs for whom there is no room does not grow with the places.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mirror.web.connections import Limits


class Guest(Protocol):
    """One who takes a place."""

    @property
    def address(self) -> str:
        """The address it comes from."""

    @property
    def closes_at(self) -> float | None:
        """When it is hung up on unless it asks for something; None while it is answered."""

    def hang_up(self) -> None:
        """End it at once."""


class Room:
    """The places of one process, within *limits*."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.fitting()
        self.idle = limits.idle
        # Who closes later than this from now on has come, or asked, within the moment.
        self._moment = limits.idle - limits.moment
        self._guests: set[Guest] = set()
        self._held: Counter[str] = Counter()

    def is_full(self) -> bool:
        """Whether all places are taken."""
        return len(self._guests) >= self._most

    def enter(self, guest: Guest) -> None:
        """Give *guest* a place."""
        if guest not in self._guests:
            self._guests.add(guest)
            self._held[guest.address] += 1

    def leave(self, guest: Guest) -> None:
        """Take back the place of *guest*, if it has one."""
        if guest in self._guests:
            self._guests.remove(guest)
            self._held[guest.address] -= 1
            if not self._held[guest.address]:
                del self._held[guest.address]

    def makes_room_for(self, newcomer: str) -> bool:
        """Hang up on who has asked for nothing for the longest time, if that was a moment.

        It is one of the address that holds most, and more than the *newcomer* who waits: who
        opens many makes room for who opens few, and a crowd drives out nobody of its own.  Who
        holds more than half of all places is not granted the moment.
        """
        few = self._held[newcomer] + 1 if newcomer in self._held else 1
        if max(self._held.values(), default=0) <= few:
            return False
        longest = self._longest(few)
        if longest is None:
            return False
        self.leave(longest)
        longest.hang_up()
        return True

    def _longest(self, few: int) -> Guest | None:
        latest = asyncio.get_running_loop().time() + self._moment
        found: Guest | None = None
        order = (0, 0.0)
        for guest in self._guests:
            held = self._held[guest.address]
            if held <= few or -held > order[0]:
                continue
            closes_at = guest.closes_at
            if closes_at is None or (closes_at > latest and held <= self._most // 2):
                continue
            if found is None or (-held, closes_at) < order:
                found, order = guest, (-held, closes_at)
        return found


class Visitor:
    """One who has come in over *transport* and is not connected yet, with *idle* seconds to be."""

    def __init__(self, transport: asyncio.Transport, idle: float) -> None:
        self.address = address_of(transport)
        self.closes_at: float | None = asyncio.get_running_loop().time() + idle
        self._transport = transport

    def hang_up(self) -> None:
        """End it at once."""
        self._transport.abort()


def address_of(transport: asyncio.BaseTransport | None) -> str:
    """Return the address at the other end, empty for a Unix socket."""
    peer = transport and transport.get_extra_info("peername")
    return peer[0] if isinstance(peer, tuple) else ""
