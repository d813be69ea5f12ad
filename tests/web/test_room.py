"""Who holds many places makes room for who holds few, and to be refused costs little."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from mirror.web.connections import Limits
from mirror.web.room import Room

ADDRESSES = st.sampled_from(["a", "b", "c", "d"])
STEPS = st.lists(st.tuples(ADDRESSES, st.sampled_from([None, 0.0, 1.0, 2.0])), max_size=40)


@dataclass(eq=False, slots=True)
class One:
    """A guest; ``looks`` counts how often it was asked since when it waits."""

    address: str
    waits: float | None
    gone: bool = False
    looks: list[int] = field(default_factory=lambda: [0])

    @property
    def closes_at(self) -> float | None:
        """When it is hung up on."""
        self.looks[0] += 1
        return self.waits

    def hang_up(self) -> None:
        """Be gone."""
        self.gone = True


@given(STEPS)
async def test_no_place_is_taken_twice_and_only_who_holds_more_and_waits_goes(
    steps: list[tuple[str, float | None]],
) -> None:
    """At every step of any history."""
    room = Room(Limits(connections=6, moment=0))
    inside: list[One] = []
    for address, waits in steps:
        held = Counter(one.address for one in inside)
        came = not room.is_full() or room.makes_room_for(address)
        for one in [one for one in inside if one.gone]:
            inside.remove(one)
            assert one.waits is not None
            assert held[one.address] > held[address] + 1
            assert held[one.address] == max(
                held[other.address] for other in (*inside, one) if other.waits is not None
            )
        if came:
            inside.append(One(address, waits))
            room.enter(inside[-1])

        assert len(inside) <= 6
        assert room.is_full() == (len(inside) == 6)


async def test_who_holds_more_than_half_of_all_places_is_not_granted_a_moment() -> None:
    """Thousands who come back together would keep everybody else out for that long."""
    room, now = Room(Limits(connections=4, moment=10)), asyncio.get_running_loop().time()
    crowd = [One("crowd", now + 15 + number) for number in range(3)]
    for one in (*crowd, One("other", now + 1)):
        room.enter(one)
    first, second = room.makes_room_for("newcomer"), room.makes_room_for("newcomer")

    assert (first, second) == (True, False)
    assert [one.gone for one in crowd] == [True, False, False]


async def test_nobody_is_looked_at_for_who_holds_most() -> None:
    """So thousands who are refused keep the loop from nobody."""
    room = Room(Limits(connections=500))
    looks = [0]
    for _ in range(500):
        room.enter(One("attacker", 0.0, looks=looks))

    assert not room.makes_room_for("attacker")
    assert looks == [0]
