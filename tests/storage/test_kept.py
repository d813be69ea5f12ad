"""What is asked for with every file is read once, and again after it changed."""

from __future__ import annotations

import asyncio

from mirror.storage.kept import Kept


class Source:
    """Something that changes, and counts how often it was read."""

    def __init__(self) -> None:
        self.value = "first"
        self.times = 0
        self.pause = asyncio.Event()
        self.pause.set()

    async def read(self) -> str:
        """Give the value as it is when this begins."""
        self.times += 1
        value = self.value
        await self.pause.wait()
        return value


async def test_it_is_read_once_however_often_it_is_asked_for() -> None:
    source = Source()
    kept = Kept(source.read)

    assert [await kept.get() for _ in range(3)] == ["first"] * 3
    assert source.times == 1


async def test_what_was_forgotten_is_read_again() -> None:
    source = Source()
    kept = Kept(source.read)
    await kept.get()
    source.value = "second"
    kept.forget()

    assert await kept.get() == "second"


async def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    """Even where the change came while it was on its way."""
    source = Source()
    kept = Kept(source.read)
    source.pause.clear()
    reading = asyncio.create_task(kept.get())
    await asyncio.sleep(0)
    source.value = "second"
    kept.forget()
    source.pause.set()

    assert (await reading, await kept.get()) == ("first", "second")


async def test_what_is_kept_is_seen_without_a_reading() -> None:
    """Before it was read, and after it was forgotten, nothing is kept."""
    source = Source()
    kept = Kept(source.read)
    seen = [kept.kept]
    await kept.get()
    seen.append(kept.kept)
    kept.forget()

    assert [*seen, kept.kept] == [None, "first", None]
    assert source.times == 1
