"""Two thousand slow connections and a flood of heads keep no honest client waiting."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from tests.cache.node import two_releases
from tests.proofs.test_on_demand import MOST_KB, POLICY, peak_kb
from tests.web.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.proofs.program import Program

pytestmark = pytest.mark.programs

SLOW: Final = 2_000
HONEST: Final = 25
# Seconds after which who was cut off comes again.
PAUSE: Final = 5.0
SECOND: Final = 1.0
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


@asynccontextmanager
async def attacked(number: int) -> AsyncIterator[Attack]:
    """Attack until the block ends; it begins when every attacker has been there once."""
    attack = Attack(number)
    tasks = [asyncio.create_task(attack.one()) for _ in range(SLOW)]
    tasks += [asyncio.create_task(attack.flood()) for _ in range(4)]
    try:
        async with asyncio.timeout(60):
            while attack.opened < SLOW:  # noqa: ASYNC110 - counts of many tasks
                await asyncio.sleep(0.1)
        yield attack
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def ask(number: int, path: str, address: str) -> int:
    """Ask on a new connection from another machine's *address*; return the status, 0 for none."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", number, local_addr=(address, 0))
    except OSError:
        return 0
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(20):
            answer = await reader.read()
    except OSError:
        return 0
    finally:
        writer.transport.abort()
    return int(answer.split(b" ", 2)[1]) if answer else 0


async def honest(number: int) -> list[tuple[int, float]]:
    """Ask for what clients ask for, from machines of their own."""
    found = []
    loop = asyncio.get_running_loop()
    for turn in range(HONEST):
        begun = loop.time()
        path = ("/healthz", "/v1/boards.json")[turn % 2]
        status = await ask(number, path, f"127.0.1.{turn + 1}")
        found.append((status, loop.time() - begun))
        await asyncio.sleep(0.1)
    return found


async def test_honest_clients_are_answered_under_attack(
    program: Program, tell: Callable[[str], None]
) -> None:
    """Each within a second, and the daemon does not grow with the attack."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 2 * SLOW:
        pytest.skip(f"only {most} files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    async with two_releases().running() as url:
        mirror = replace(program, upstream=url, settings=POLICY)
        assert (await mirror.run("sync")).status == 0
        async with mirror.serving() as daemon:
            await until(lambda: daemon.client.is_answered("/v1/status.json"))
            before = peak_kb(daemon.process.pid)
            async with attacked(daemon.client.number) as attack:
                found = await honest(daemon.client.number)
            after = peak_kb(daemon.process.pid)
    seconds = sorted(took for _, took in found)
    tell(
        f"{attack.opened} slow connections: honest answers took {seconds[len(seconds) // 2]:.3f} s,"
        f" {seconds[-1]:.3f} s at most; {after - before} kB more memory at most"
    )

    assert {status for status, _ in found} == {200}
    # The median: a busy machine may keep one of many waiting for its own reasons.
    assert seconds[len(seconds) // 2] < SECOND
    assert after < MOST_KB
