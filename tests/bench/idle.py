"""What small machines ask: ``python -m tests.bench.idle``.

*An idle day*: a daemon that holds as many artifacts as upstream lists is asked for four syncs
without news and a thousand downloads, back to back; strace (Debian's) counts its fsyncs, and
``/proc/PID/io`` the bytes that it wrote.  *A slow line*: the time to the first byte of 2 MB on
demand behind 10 Mbit/s.  *Memory*: the daemon and its children together in a first sync of
images as large as upstream's, at most, sampled; what they share is counted once (PSS).
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import psutil

from tests.bench.figures import Figure, below, show
from tests.bench.sync import upstream
from tests.bench.upkeep import POLICY
from tests.cache.node import OFFERED, two_releases
from tests.proofs.program import Program
from tests.web.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

FILES: Final = 3_800
BOARDS: Final = 225
SYNCS: Final = 4
DOWNLOADS: Final = 1_000
MOST_SYNCS_OF_DISK: Final = 100
MOST_WRITTEN_MB: Final = 20
FIRST_BYTE: Final = 5.0
LINE: Final = 10_000_000 / 8
ON_DEMAND_BYTES: Final = 1_000_000
SIZED: Final = 200
# Of 512 MB, a system without a screen wants about 150.
MOST_MEMORY_MB: Final = 350

EVERYTHING: Final = {"MPMIRROR_POLICY__RELEASES": "all", "MPMIRROR_POLICY__PREVIEWS": "all"}
_CALLS: Final = ("fsync", "fdatasync", "sync_file_range", "msync")


@dataclass(frozen=True, slots=True)
class Day:
    """What the daemon did to its disk: calls that wait for it, and bytes written."""

    syncs: int
    written: int


async def idle_day(folder: Path) -> list[Figure]:
    """Let a day without news pass, as fast as it goes."""
    played = folder / "upstream"
    played.mkdir()
    with upstream(played, "--files", str(FILES), "--boards", str(BOARDS)) as url:
        program = Program(folder, url, EVERYTHING | {"MPMIRROR_LOG__LEVEL": "warning"})
        first = await program.run("sync")
        assert first.status == 0, first.written[-2000:]
        names = await asyncio.to_thread((played / "names").read_text)
        async with program.serving() as daemon:
            await daemon.ready()
            day = await _watched(program, daemon.process.pid, daemon.client.number, names.split())
    return [
        below(f"idle day, {FILES} artifacts: fsyncs", day.syncs, MOST_SYNCS_OF_DISK, ""),
        below("idle day: written", day.written / 1e6, MOST_WRITTEN_MB, "MB"),
    ]


async def _watched(program: Program, daemon: int, number: int, names: list[str]) -> Day:
    # Clients are answered first; this waits until operators are, too.
    await Client(number).get("/v1/status.json")
    told = await program.run("status")
    assert told.status == 0, told.written[-2000:]
    report = program.place / "strace"
    tracing = await asyncio.create_subprocess_exec(
        *(
            "strace",
            "-f",
            "-c",
            "-e",
            f"trace={','.join(_CALLS)}",
            "-o",
            str(report),
            "-p",
            str(daemon),
        ),
        stderr=asyncio.subprocess.PIPE,
    )
    assert tracing.stderr is not None
    await tracing.stderr.readline()  # it is attached
    before = _written(daemon)
    for _ in range(SYNCS):
        outcome = await program.run("sync")
        assert outcome.status == 0, outcome.written[-2000:]
        await _download(number, names[: DOWNLOADS // SYNCS])
    written = _written(daemon) - before
    tracing.send_signal(signal.SIGINT)
    await tracing.wait()
    rows = [row.split() for row in (await asyncio.to_thread(report.read_text)).splitlines()]
    # Share, seconds, microseconds for each, calls, errors if there are any, name.
    return Day(sum(int(row[3]) for row in rows if row and row[-1] in _CALLS), written)


async def _download(number: int, names: Sequence[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", number)
    for name in names:
        writer.write(f"GET /v1/files/{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").lower()
        assert " 200 " in head, head
        await reader.readexactly(int(head.partition("content-length: ")[2].split()[0]))
    writer.close()


def _written(process: int) -> int:
    facts = Path(f"/proc/{process}/io").read_text(encoding="ascii")
    return int(facts.partition("\nwrite_bytes: ")[2].split()[0])


async def slow_line(folder: Path) -> list[Figure]:
    """Ask for 2 MB that are not held, behind 10 Mbit/s."""
    replica = two_releases(size=ON_DEMAND_BYTES)
    async with replica.running() as url:
        program = Program(folder, url, POLICY)
        assert (await program.run("sync")).status == 0
        async with program.serving() as daemon:
            await daemon.ready()
            replica.rate = LINE
            reader, writer = await asyncio.open_connection("127.0.0.1", daemon.client.number)
            begun = time.perf_counter()
            writer.write(f"GET /v1/files/{OFFERED} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").lower()
            await reader.readexactly(1)
            seconds = time.perf_counter() - begun
            writer.close()
    size = int(head.partition("content-length: ")[2].split()[0]) / 1e6
    answered = f"first byte of {size:.1f} MB on demand behind 10 Mbit/s"
    return [below(answered, seconds if " 200 " in head else 1e9, FIRST_BYTE, "s")]


async def first_sync(folder: Path) -> list[Figure]:
    """Watch the memory of a daemon from its start to the end of its first sync."""
    played = folder / "upstream"
    played.mkdir()
    peaks = Peaks()
    with upstream(played, "--files", str(SIZED), "--boards", str(BOARDS), "--sizes") as url:
        async with Program(folder, url, EVERYTHING).serving() as daemon:
            watching = asyncio.create_task(peaks.watch(daemon.process.pid))
            await daemon.synced()
            watching.cancel()
            await asyncio.wait([watching])
    return [
        Figure("first sync: the daemon alone, at most", f"{peaks.own / 1e6:.0f} MB", "-"),
        below("first sync: with its children", peaks.together / 1e6, MOST_MEMORY_MB, "MB"),
    ]


@dataclass(slots=True)
class Peaks:
    """The most memory in bytes of a process, and of it and its children at one moment."""

    own: int = 0
    together: int = 0

    async def watch(self, process: int) -> NoReturn:
        """Look twenty times a second, until cancelled."""
        while True:
            children = [child.pid for child in psutil.Process(process).children(recursive=True)]
            sizes = [_memory(one) for one in (process, *children)]
            self.own = max(self.own, sizes[0])
            self.together = max(self.together, sum(sizes))
            await asyncio.sleep(0.05)


def _memory(process: int) -> int:
    try:
        facts = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0  # it ended between two looks
    return int(facts.partition("\nPss:")[2].split()[0]) * 1024


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 0 when all targets are met, 1 when not, 2 without strace."""
    parser = argparse.ArgumentParser("python -m tests.bench.idle", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all, unless named")
    parts = parser.parse_args(arguments).parts or list(PARTS)
    if shutil.which("strace") is None:
        sys.stderr.write("strace is needed: on Debian, apt install strace\n")
        return 2
    figures: list[Figure] = []
    for part in parts:
        with tempfile.TemporaryDirectory(prefix="mpmirror-") as folder:
            figures += asyncio.run(PARTS[part](Path(folder)))
    return show("small machines", figures)


PARTS: Final[dict[str, Callable[[Path], Coroutine[None, None, list[Figure]]]]] = {
    "day": idle_day,
    "line": slow_line,
    "memory": first_sync,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
