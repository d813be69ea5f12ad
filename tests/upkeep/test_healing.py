"""Damage is healed in turn, tried again later and later, and never too often."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import DigestMismatchError, MirrorError, UpstreamUnavailableError
from mirror.upkeep.healing import Backoff, Healing
from tests.sync.node import MORNING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ONE, TWO = Digest.of(b"one"), Digest.of(b"two")
AT_ONCE = Backoff(timedelta(0), timedelta(0))


class Doctor:
    """Heals, after as many failures as a test wants."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.asked: asyncio.Queue[Digest] = asyncio.Queue()

    async def heal(self, digest: Digest) -> None:
        """Fail, or heal."""
        self.asked.put_nowait(digest)
        if self.failures:
            raise self.failures.pop(0)


@contextlib.asynccontextmanager
async def healing_with(doctor: Doctor, backoff: Backoff | None = None) -> AsyncIterator[Healing]:
    healing = Healing(doctor.heal, clock=lambda: MORNING, backoff=backoff)
    task = asyncio.create_task(healing.run())
    try:
        yield healing
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def next_two(doctor: Doctor) -> list[Digest]:
    async with asyncio.timeout(5):
        return [await doctor.asked.get(), await doctor.asked.get()]


async def test_what_is_found_is_healed_in_turn() -> None:
    doctor = Doctor()
    async with healing_with(doctor) as healing:
        healing.note(ONE, "damaged")
        healing.note(TWO, "missing")
        healed = await next_two(doctor)
        await asyncio.sleep(0)

    assert (healed, healing.cases, healing.healed) == ([ONE, TWO], (), 2)


async def test_what_failed_waits_and_is_not_tried_sooner_when_it_is_found_again() -> None:
    doctor = Doctor(UpstreamUnavailableError("gone"))
    async with healing_with(doctor) as healing:
        healing.note(ONE, "damaged")
        await doctor.asked.get()
        await asyncio.sleep(0)
        noted = healing.note(ONE, "damaged")
        await asyncio.sleep(0.05)
        [case] = healing.cases

    assert (noted, doctor.asked.empty(), case.attempts, case.failure) == (True, True, 1, "gone")


@pytest.mark.parametrize("failure", [UpstreamUnavailableError("gone"), ZeroDivisionError()])
async def test_what_failed_is_tried_again(failure: Exception) -> None:
    doctor = Doctor(failure)
    async with healing_with(doctor, AT_ONCE) as healing:
        healing.note(ONE, "damaged")
        tried = await next_two(doctor)
        await asyncio.sleep(0)

    assert (tried, healing.cases) == ([ONE, ONE], ())


async def test_only_so_many_wait() -> None:
    healing = Healing(Doctor().heal, clock=lambda: MORNING)
    noted = [healing.note(Digest.of(bytes([n >> 8, n & 255])), "damaged") for n in range(1001)]

    assert (noted.count(True), noted[-1], len(healing.cases)) == (1000, False, 1000)


async def test_what_somebody_else_healed_is_dropped() -> None:
    """A sync run fetches what is missing too."""

    async def sound_but_one(digest: Digest) -> str | None:
        return "damaged" if digest == ONE else None

    healing = Healing(Doctor().heal, clock=lambda: MORNING)
    healing.note(ONE, "damaged")
    healing.note(TWO, "damaged")
    await healing.look_again(sound_but_one)

    assert [case.digest for case in healing.cases] == [ONE]


@pytest.mark.parametrize(
    ("attempts", "error", "pause"),
    [
        (1, MirrorError(""), timedelta(minutes=5)),
        (2, MirrorError(""), timedelta(minutes=10)),
        (9, MirrorError(""), timedelta(minutes=1280)),
        (10, MirrorError(""), timedelta(days=1)),
        (10**6, MirrorError(""), timedelta(days=1)),
        (1, DigestMismatchError(""), timedelta(days=1)),
    ],
)
def test_pauses_double_up_to_a_day(attempts: int, error: MirrorError, pause: timedelta) -> None:
    assert Backoff().after(attempts, error) == pause
