"""How fast a cold sync is, beside aria2c over the same files: ``python -m tests.bench.sync``.

400 files of upstream's sizes and kinds, on 16 boards, come from a replica in a process of
its own over loopback: as fast as it goes, and held to 100 Mbit/s.  We are the real
`mpmirror sync`, from its start to its end: the crawl of the pages, the rate limit off,
verification, fsync and the publication included.  aria2c (Debian's ``aria2``) has a list of
the files and as many connections, and neither checks nor syncs.  Medians of the runs, in turns.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FILES: Final = 400
BOARDS: Final = 16
CONNECTIONS: Final = 4
# Bytes a second of the replica, turns, and the most that our time may be of aria2c's.  Many
# turns where they are short: a machine is now and then half as fast as a minute ago.
SETTINGS: Final = (("as fast as it goes", None, 9, 2.5), ("100 Mbit/s", 12_500_000, 1, 1.1))

_SECONDS: Final = 280


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: seconds of both, medians, and the most that their ratio may be."""

    name: str
    ours: float
    aria2: float
    target: float

    @property
    def ratio(self) -> float:
        """Our time as a share of aria2c's."""
        return self.ours / self.aria2


@contextmanager
def upstream(folder: Path, *options: str) -> Iterator[str]:
    """Run the upstream to measure against, with these options; give its URL."""
    command = [sys.executable, "-m", "tests.bench.upstream", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def environment(url: str) -> dict[str, str]:
    """Return the settings of a node that takes all files of *url* as fast as it can."""
    # What is installed is compiled, and no start of it has to do that.
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MPMIRROR_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {
        **ours,
        "MPMIRROR_UPSTREAM__URL": url,
        "MPMIRROR_UPSTREAM__REQUESTS_PER_SECOND": "0",
        "MPMIRROR_UPSTREAM__CONNECTIONS": str(CONNECTIONS),
        "MPMIRROR_POLICY__RELEASES": "all",
        "MPMIRROR_POLICY__PREVIEWS": "all",
        "MPMIRROR_POLICY__PACKAGES": "[]",
        "MPMIRROR_POLICY__PHOTOGRAPHS": "false",
        "MPMIRROR_DISK__KEEP_FREE": "100MB",
        "MPMIRROR_LOG__LEVEL": "error",
    }


def measure(folder: Path) -> list[Row]:
    """Compare cold syncs with aria2c, in each setting."""
    rows = []
    for name, rate, runs, target in SETTINGS:
        place = folder / name.replace(" ", "-").replace("/", "-")
        place.mkdir()
        options = ["--files", str(FILES), "--boards", str(BOARDS), "--sizes"]
        options += ["--rate", str(rate)] if rate else []
        with upstream(place, *options) as url:
            ours, aria2 = _in_turns(place, url, runs)
        rows.append(Row(name, ours, aria2, target))
        shutil.rmtree(place)
    return rows


def _in_turns(place: Path, url: str, runs: int) -> tuple[float, float]:
    names = (place / "names").read_text().split()
    listed = place / "list"
    listed.write_text("".join(f"{url}/resources/firmware/{name}\n" for name in names))
    ours, aria2 = [], []
    for number in range(runs):
        data = place / f"data-{number}"
        ours.append(_timed(partial(_sync, data, url)))
        held = sum(1 for path in data.glob("blobs/sha256/*/*") if path.is_file())
        assert held >= len(names)
        shutil.rmtree(data)
        plain = place / f"aria2-{number}"
        aria2.append(_timed(partial(_fetch, plain, listed)))
        assert len(list(plain.iterdir())) == len(names)
        shutil.rmtree(plain)
    return statistics.median(ours), statistics.median(aria2)


def _timed(work: Callable[[], None]) -> float:
    os.sync()
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _sync(data: Path, url: str) -> None:
    program = Path(sys.executable).with_name("mpmirror")
    command = [str(program), "--data", str(data), "sync"]
    subprocess.run(  # noqa: S603 - our own
        command, env=environment(url), check=True, capture_output=True, timeout=_SECONDS
    )


def _fetch(folder: Path, listed: Path) -> None:
    aria2c = shutil.which("aria2c")
    assert aria2c is not None
    command = [aria2c, "--quiet", f"--max-concurrent-downloads={CONNECTIONS}", "--split=1"]
    command += [f"--input-file={listed}", f"--dir={folder}", "--file-allocation=none"]
    subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603 - Debian's


def _table(rows: Sequence[Row]) -> Table:
    table = Table(
        title=f"cold sync of {FILES} files on {BOARDS} boards, load {os.getloadavg()[0]:.1f}"
    )
    for head in ("upstream", "aria2c s", "ours s", "ratio", "at most"):
        table.add_column(head, justify="right")
    for row in rows:
        figures = (f"{row.aria2:.2f}", f"{row.ours:.2f}", f"{row.ratio:.2f}", f"{row.target}")
        table.add_row(row.name, *figures)
    return table


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 0 when all targets are met, 1 when not, 2 without aria2c."""
    argparse.ArgumentParser("python -m tests.bench.sync", description=__doc__).parse_args(arguments)
    if shutil.which("aria2c") is None:
        sys.stderr.write("aria2c is needed: on Debian, apt install aria2\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder))
    Console().print(_table(rows))
    return 0 if all(row.ratio <= row.target for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
