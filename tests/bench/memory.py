"""What 20,000 artifacts cost: memory of a cold sync, and the first answer after a start.

``python -m tests.bench.memory``.  A real `mpmirror sync` takes 2,000 and then 20,000 tiny
files from a replica; the peak of its own memory (VmHWM, children apart) is compared.  Then
`mpmirror serve` is started on the larger store, and the time until the index and a file were
answered is taken, imports included; the median of three starts.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil
from rich.console import Console
from rich.table import Table

from tests.bench.sync import environment, upstream

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZES: Final = (2_000, 20_000)
BOARDS: Final = 225
# The most that is allowed: bytes of the process, bytes for each artifact, seconds.
MOST_BYTES: Final = 200_000_000
MOST_EACH: Final = 1_000
FIRST_ANSWER: Final = 1.0

_STARTS: Final = 3
_MOST_TOLD: Final = 2_000
_SECONDS: Final = 570
_PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Sync:
    """One cold sync: artifacts, and peaks in bytes of the process and of its children."""

    artifacts: int
    peak: int
    children: int
    seconds: float


def sync(folder: Path, files: int) -> Sync:
    """Sync *files* tiny files into *folder*, and look at the memory meanwhile."""
    played = folder.with_name(f"{folder.name}-upstream")
    played.mkdir()
    told = folder.with_name(f"{folder.name}-told")
    options = ("--files", str(files), "--boards", str(BOARDS))
    with upstream(played, *options) as url, told.open("wb") as written:
        begun = time.monotonic()
        command = [str(_program()), "--data", str(folder), "sync"]
        with subprocess.Popen(  # noqa: S603 - our own
            command, env=environment(url), stdout=written, stderr=written
        ) as process:
            peak, children = watch_peak(process)
        if process.returncode:
            last = told.read_text(encoding="utf-8", errors="replace")[-_MOST_TOLD:]
            raise SystemExit(f"mpmirror sync ended with status {process.returncode}:\n{last}")
    return Sync(files, peak, children, time.monotonic() - begun)


def watch_peak(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Wait for the end of *process*; return the most bytes that it and its children had."""
    peak = children = 0
    ends = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < ends:
        try:
            peak = max(peak, _peak_of(process.pid))
            family = psutil.Process(process.pid).children(recursive=True)
            children = max(children, sum(_peak_of(child.pid) for child in family))
        except (OSError, psutil.Error):
            continue  # it ended between two looks
        time.sleep(0.05)
    process.kill()
    return peak, children


def _peak_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"VmHWM:\s+([0-9]+) kB", status)
    return int(found[1]) * 1024 if found else 0


def first_answers(folder: Path) -> float:
    """Return the seconds from a start of the daemon to its first answers, the median."""
    names = [path.name for path in (folder / "blobs" / "sha256").glob("*/*")][:1]
    return statistics.median(_first_answers(folder, names[0]) for _ in range(_STARTS))


def _first_answers(folder: Path, digest: str) -> float:
    place = {**environment("http://127.0.0.1:1"), "MPMIRROR_OFFLINE": "true"}
    command = [str(_program()), "--data", str(folder), "serve", "--listen", "127.0.0.1:0"]
    begun = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own
        command, env=place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            listen = re.search(r":([0-9]+)$", process.stdout.readline().strip())
            assert listen is not None
            for path in ("/v1/boards.json", f"/v1/blobs/sha256:{digest}"):
                _ask(int(listen[1]), path)
            return time.monotonic() - begun
        finally:
            process.send_signal(signal.SIGTERM)


def _ask(number: int, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", number, timeout=_PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == http.HTTPStatus.OK, (path, answer.status)
    finally:
        connection.close()


def _program() -> Path:
    return Path(sys.executable).with_name("mpmirror")


def _table(runs: Sequence[Sync], each: float, seconds: float) -> Table:
    table = Table(title=f"memory and start, load {os.getloadavg()[0]:.1f}")
    for head in ("what", "measured", "at most"):
        table.add_column(head, justify="right")
    for run in runs:
        what = f"peak of a cold sync of {run.artifacts:,} artifacts ({run.seconds:.0f} s)"
        table.add_row(what, f"{run.peak / 1e6:.0f} MB", f"{MOST_BYTES / 1e6:.0f} MB")
        table.add_row("its children together", f"{run.children / 1e6:.0f} MB", "-")
    table.add_row("growth for each artifact", f"{each:.0f} B", f"{MOST_EACH} B")
    table.add_row("start to first answers", f"{seconds:.2f} s", f"{FIRST_ANSWER} s")
    return table


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return 0 when nothing is above what is allowed, else 1."""
    parser = argparse.ArgumentParser("python -m tests.bench.memory", description=__doc__)
    parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / str(files) for files in SIZES]
        runs = [sync(folder, files) for folder, files in zip(folders, SIZES, strict=True)]
        seconds = first_answers(folders[-1])
    small, large = runs
    each = (large.peak - small.peak) / (large.artifacts - small.artifacts)
    Console().print(_table(runs, each, seconds))
    return 0 if large.peak <= MOST_BYTES and each < MOST_EACH and seconds <= FIRST_ANSWER else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
