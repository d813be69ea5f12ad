"""The real daemon under a crowd that asks for what it does not hold (P5).

A thousand clients ask at once for twenty files: each is fetched once, everybody gets the
right bytes, and no process of the mirror grows beyond 200 MB.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from mirror.storage.disk import Disk
from mirror.storage.entries import Sighting
from mirror.storage.layout import Layout
from mirror.storage.ledger_reader import LedgerReader
from tests.cache.node import HELD, site_of_twenty
from tests.web.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.proofs.program import Program
    from tests.web.client import Client

pytestmark = pytest.mark.programs

CLIENTS: Final = 1000
IMAGE_BYTES: Final = 400_000
MOST_KB: Final = 200_000
POLICY: Final = {
    "MPMIRROR_POLICY__RELEASES": "1",
    "MPMIRROR_POLICY__PREVIEWS": "0",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What one client got for *name*: the status, and the SHA-256 of the body."""

    name: str
    status: int
    sha256: str


@pytest.mark.parametrize("workers", [0, 2])
async def test_a_crowd_makes_twenty_requests_and_gets_the_right_bytes(
    program: Program, workers: int, tell: Callable[[str], None]
) -> None:
    replica = site_of_twenty(IMAGE_BYTES)
    async with replica.running() as url:
        settings = {**POLICY, "MPMIRROR_WORKERS": str(workers)}
        mirror = replace(program, upstream=url, settings=settings)
        synced = await mirror.run("sync")
        assert synced.status == 0, synced
        names = [name for name in replica.names() if name != HELD]
        async with mirror.serving() as daemon:
            await until(lambda: daemon.client.is_answered("/readyz"))
            asked = [names[number % len(names)] for number in range(CLIENTS)]
            taken = await asyncio.gather(*(take(daemon.client, name) for name in asked))
            peaks = [peak_kb(pid) for pid in pids_of(daemon.process.pid)]
        digests = await digests_of(mirror.data)
    tell(f"{CLIENTS} clients, {len(names)} files, {workers} workers: {shown(peaks)}")

    assert len(names) == 20
    assert {Taken(name, 200, digests[name]) for name in names} == set(taken)
    assert {name: replica.count(name) for name in names} == dict.fromkeys(names, 1)
    assert max(peaks) < MOST_KB


async def take(client: Client, name: str) -> Taken:
    """Get *name*, and again as long as it is on its way, without keeping its bytes."""
    async with asyncio.timeout(60):
        taken = await take_once(client, name)
        while taken.status == 503:
            await asyncio.sleep(1)
            taken = await take_once(client, name)
    return taken


async def take_once(client: Client, name: str) -> Taken:
    """Get *name* once."""
    async with client.connected() as line:
        await line.ask(f"/v1/files/{name}")
        head = (await line.reader.readuntil(b"\r\n\r\n")).decode("ascii").lower()
        # Who has no place is told so and hung up on; who has one may have to come again.
        assert "connection: close" not in head
        left = int(head.partition("content-length: ")[2].split("\r\n")[0])
        hashing = hashlib.sha256()
        while left:
            chunk = await line.reader.read(min(left, 65536))
            assert chunk
            hashing.update(chunk)
            left -= len(chunk)
    return Taken(name, int(head.split(" ")[1]), hashing.hexdigest())


def pids_of(daemon: int) -> list[int]:
    """Return the processes of a mirror: the daemon, its workers, its limited children."""
    return [daemon, *(child.pid for child in psutil.Process(daemon).children(recursive=True))]


def peak_kb(pid: int) -> int:
    """Return how much memory a process had at most."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def shown(peaks: list[int]) -> str:
    """Say how much memory the processes had at most; the first is the daemon."""
    daemon, *others = (f"{peak / 1000:.0f} MB" for peak in peaks)
    return f"at most {daemon} in the daemon, {', '.join(others) or 'nothing'} in the others"


async def digests_of(data: Path) -> dict[str, str]:
    """Return the digests that the ledger has, by name."""
    ledger = LedgerReader(Layout(data).ledger, Disk())
    entries = [recorded.entry async for recorded in ledger.entries()]
    return {entry.name: entry.digest.hex for entry in entries if isinstance(entry, Sighting)}
