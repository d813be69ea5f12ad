"""What looking after the bytes costs: ``python -m tests.bench.upkeep``.

A check hashes 150 blobs of 2 MB from the disk, beside Debian's `sha256sum` over the same
files; before each run the files are dropped from the cache.  Then the real `mpmirror serve`
is asked by ``wrk``, in turns, for a file that the policy holds and for one that was fetched on
demand.  Last, the daemon is started anew and asked for one byte of a file: how much it reads
is in ``/proc/PID/io``: the whole file once, to verify it, and never again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.storage.quarantine import Bounds
from mirror.storage.store import Store, StoreReader, Terms
from mirror.upkeep.check import check
from tests.bench.figures import Figure, at_least, below, show
from tests.cache.node import HELD, OFFERED, two_releases
from tests.proofs.program import Program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.web.client import Client

BLOBS: Final = 150
BLOB_BYTES: Final = 2_000_000
IMAGE_BYTES: Final = 850_000
RUNS: Final = 5
LATER: Final = 20
CHECK: Final = 0.8
HIT: Final = 0.9
NEEDED: Final = ("sha256sum", "wrk")
POLICY: Final = {
    "MPMIRROR_POLICY__BOARDS": '["RPI_PICO"]',
    "MPMIRROR_POLICY__RELEASES": "1",
    "MPMIRROR_POLICY__PREVIEWS": "0",
}

_TO_FETCH: Final = 120.0
_RATE = re.compile(r"Requests/sec:\s+([0-9.]+)")
_ERRORS = re.compile(r"Socket errors|Non-2xx")


@dataclass(frozen=True, slots=True)
class Byte:
    """What it cost to serve one byte of a file: seconds, and bytes that the daemon read."""

    seconds: float
    read: int


async def checking(folder: Path) -> Figure:
    """Compare a check with `sha256sum`, both from the disk."""
    data = folder / "data"
    terms = Terms(None, Bounds())
    async with Store.open(data, clock=lambda: datetime.now(UTC), terms=terms) as store:
        for _ in range(BLOBS):
            await store.blobs.put(os.urandom(BLOB_BYTES))
    ours, theirs = [], []
    for _ in range(RUNS):
        reader = await StoreReader.open_for_reading(data)
        ours.append(await _checked(reader, data))
        theirs.append(await asyncio.to_thread(_summed, data))
    speed = BLOBS * BLOB_BYTES / statistics.median(ours) / 1e6
    ratio = statistics.median(theirs) / statistics.median(ours)
    return at_least(f"check ({speed:.0f} MB/s), share of sha256sum's speed", ratio, CHECK)


async def _checked(reader: StoreReader, data: Path) -> float:
    await asyncio.to_thread(_blobs_uncached, data)
    begun = time.perf_counter()
    report = await check(reader, lambda _done, _total: None)
    assert (report.blobs, report.damages) == (BLOBS, ())
    return time.perf_counter() - begun


def _summed(data: Path) -> float:
    paths = _blobs_uncached(data)
    begun = time.perf_counter()
    subprocess.run(["sha256sum", *map(str, paths)], check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607 - Debian's, over our own files
    return time.perf_counter() - begun


def _blobs_uncached(data: Path) -> list[Path]:
    paths = sorted(data.glob("blobs/sha256/*/*"))
    for path in paths:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return paths


async def serving(folder: Path) -> list[Figure]:
    """Compare a file on demand with a held one, and what the first serving costs with later."""
    async with two_releases(size=IMAGE_BYTES).running() as url:
        program = Program(folder, url, POLICY)
        assert (await program.run("sync")).status == 0
        async with program.serving() as daemon:
            await daemon.ready()
            number = daemon.client.number
            await _fetched(daemon.client)
            pairs = [[await _rate(number, name) for name in (HELD, OFFERED)] for _ in range(RUNS)]
        async with program.serving() as daemon:
            await daemon.ready()
            # It is answered when all of the daemon is loaded: what it reads then is for us.
            assert (await program.run("status")).status == 0
            first = await _one_byte(daemon.process.pid, daemon.client.number, HELD)
            later = [
                await _one_byte(daemon.process.pid, daemon.client.number, HELD)
                for _ in range(LATER)
            ]
    held, hit = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    seconds = statistics.median(byte.seconds for byte in later)
    # The median: beside us the daemon reads for its full check, now and then.
    again = statistics.median(byte.read for byte in later)
    return [
        at_least(
            f"on demand, fetched before ({hit:,.0f}/s), share of a held file", hit / held, HIT
        ),
        Figure(
            f"first byte of {IMAGE_BYTES * 2 / 1e6:.1f} MB after a start, and later",
            f"{first.seconds * 1000:.1f} ms, {seconds * 1000:.1f} ms",
            "-",
        ),
        at_least("read to verify at the first serving, files", first.read / (IMAGE_BYTES * 2), 1),
        below("read to verify at a later one, files", again / (IMAGE_BYTES * 2), 0.01, ""),
    ]


async def _fetched(client: Client) -> None:
    """Have the file on demand fetched: a busy machine answers 503 first, and asks to come again."""
    async with asyncio.timeout(_TO_FETCH):
        while (got := await client.get(f"/v1/files/{OFFERED}")).status != HTTPStatus.OK:
            assert got.status == HTTPStatus.SERVICE_UNAVAILABLE, got
            await asyncio.sleep(int(got.fields["retry-after"]))


async def _one_byte(daemon: int, number: int, name: str) -> Byte:
    before = _read_by(daemon)
    reader, writer = await asyncio.open_connection("127.0.0.1", number)
    begun = time.perf_counter()
    writer.write(f"GET /v1/files/{name} HTTP/1.1\r\nHost: a\r\nRange: bytes=0-0\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(1)
    seconds = time.perf_counter() - begun
    writer.close()
    assert b" 206 " in head, head
    return Byte(seconds, _read_by(daemon) - before)


def _read_by(process: int) -> int:
    facts = Path(f"/proc/{process}/io").read_text(encoding="ascii")
    return int(facts.partition("rchar: ")[2].split()[0])


async def _rate(number: int, name: str) -> float:
    url = f"http://127.0.0.1:{number}/v1/files/{name}"
    process = await asyncio.create_subprocess_exec(
        "wrk", "-t1", "-c8", "-d2s", url, stdout=asyncio.subprocess.PIPE
    )
    output = (await process.communicate())[0].decode()
    found = _RATE.search(output)
    if found is None or _ERRORS.search(output):
        raise RuntimeError(f"wrk {url} failed: {output}")
    return float(found[1])


async def measure(folder: Path) -> list[Figure]:
    """Measure all of it in *folder*."""
    (folder / "check").mkdir()
    checked = await checking(folder / "check")
    shutil.rmtree(folder / "check")
    return [checked, *await serving(folder)]


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 0 when all targets are met, 1 when not, 2 without the programs."""
    argparse.ArgumentParser("python -m tests.bench.upkeep", description=__doc__).parse_args(
        arguments
    )
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        sys.stderr.write(f"missing: {', '.join(missing)} (Debian: coreutils, wrk)\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="mpmirror-") as folder:
        figures = asyncio.run(measure(Path(folder)))
    return show("looking after what is held", figures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
