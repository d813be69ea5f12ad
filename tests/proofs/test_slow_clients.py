"""Two thousand slow connections and a flood of heads keep no honest client waiting.

What is measured is what the mirror lets a client wait: the time in which the machine had no
processor for the mirror, or for who asks, is the machine's own and is taken off.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.cache.node import two_releases
from tests.proofs.test_on_demand import MOST_KB, POLICY, peak_kb
from tests.web.waiting import until

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable

    from tests.proofs.program import Program

pytestmark = pytest.mark.programs

SLOW: Final = 2_000
# For longer than it takes the attackers to come again.
HONEST: Final = 60
SECOND: Final = 1.0


@asynccontextmanager
async def attacked(number: int) -> AsyncIterator[Process]:
    """Attack until the block ends; it begins when every attacker has been there once."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.proofs.slow_attack", str(number), str(SLOW)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(180):
            assert await process.stdout.readline() == b"there\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def ended(attack: Process) -> int:
    """End *attack*; return how many connections it opened."""
    async with asyncio.timeout(60):
        said, _ = await attack.communicate(b"")
    return int(said)


async def ask(number: int, path: str, address: str) -> int:
    """Ask on a new connection from another machine's *address*; return the status, 0 for none."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", number, local_addr=(address, 0))
    except OSError:
        return 0
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(60):
            answer = await reader.read()
    except OSError:
        return 0
    finally:
        writer.transport.abort()
    return int(answer.split(b" ", 2)[1]) if answer else 0


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer: its status, how long it took, and how much of that the machine had no time."""

    status: int
    took: float
    starved: float

    @property
    def seconds(self) -> float:
        """How long the mirror let the client wait."""
        return max(0.0, self.took - self.starved)


def starved(*pids: int | str) -> float:
    """Return the seconds in which the first thread of each process could have run, and did not."""
    # Linux, sched-stats: time on the processor, time of waiting for one, and how often; in ns.
    files = [Path(f"/proc/{pid}/schedstat") for pid in pids]
    return sum(int(file.read_text().split()[1]) for file in files if file.exists()) / 1e9


async def honest(number: int, pid: int) -> list[Asked]:
    """Ask *pid* for what clients ask for, from machines of their own."""
    found = []
    loop = asyncio.get_running_loop()
    for turn in range(HONEST):
        begun, before = loop.time(), starved(pid, "self")
        path = ("/healthz", "/v1/boards.json")[turn % 2]
        status = await ask(number, path, f"127.0.1.{turn + 1}")
        found.append(Asked(status, loop.time() - begun, starved(pid, "self") - before))
        await asyncio.sleep(0.1)
    return found


async def test_honest_clients_are_answered_under_attack(
    program: Program, tell: Callable[[str], None]
) -> None:
    """Each within a second, and the daemon does not grow with the attack."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 2 * SLOW:
        pytest.skip(f"only {most} files may be open here")
    async with two_releases().running() as url:
        mirror = replace(program, upstream=url, settings=POLICY)
        assert (await mirror.run("sync")).status == 0
        async with mirror.serving() as daemon:
            await until(lambda: daemon.client.is_answered("/v1/status.json"))
            before = peak_kb(daemon.process.pid)
            async with attacked(daemon.client.number) as attack:
                found = await honest(daemon.client.number, daemon.process.pid)
                opened = await ended(attack)
            after = peak_kb(daemon.process.pid)
    seconds = sorted(one.seconds for one in found)
    took = sorted(one.took for one in found)
    tell(
        f"{opened} slow connections: honest answers took {seconds[HONEST // 2]:.3f} s,"
        f" {seconds[-1]:.3f} s at most (by the clock {took[HONEST // 2]:.3f} s and {took[-1]:.3f}"
        f" s); {after - before} kB more memory at most"
    )

    assert {one.status for one in found} == {200}
    assert seconds[-1] < SECOND
    assert after < MOST_KB
