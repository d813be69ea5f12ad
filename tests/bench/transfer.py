"""What a bundle costs beside plain tools: ``python -m tests.bench.transfer``.

About 2 GB of files as large as upstream's are exported and imported by the real commands, starts
included, in turns with ``tar | sha256sum`` over the same blobs, all from the cache.  An import
writes, syncs and judges each file in the limited child too.  The peak of each command's own memory
(VmHWM, children apart) is that of the whole bundle and of one a tenth as large: it must not grow.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.bench.figures import Figure, at_least, below, show
from tests.bench.memory import watch_peak
from tests.bench.sync import environment, upstream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILES: Final = 2_320
BOARDS: Final = 60
RUNS: Final = 3
EXPORT: Final = 0.7
IMPORT: Final = 0.2
GROWTH: Final = 1.25
_LAST_WORDS: Final = 4000
_PLAIN: Final = 'tar c -C "$0" blobs/sha256 | sha256sum'


@dataclass(frozen=True, slots=True)
class Cost:
    """One command: its seconds, the most bytes of memory that it had, and what it wrote."""

    seconds: float
    peak: int
    out: str


@dataclass(frozen=True, slots=True)
class Carried:
    """Medians of one bundle of *size* bytes, in seconds; and the highest peaks, in bytes."""

    size: int
    plain: float
    out: float
    taken: float
    out_peak: int
    taken_peak: int


def run(place: Path, url: str, *words: str) -> Cost:
    """Run a command of a node in *place*."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "mirror", *words]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - our own
            command, env=_settings(place, url), stdout=subprocess.PIPE, stderr=said
        ) as process,
    ):
        peak, _ = watch_peak(process)
        assert process.stdout is not None
        out = process.stdout.read().decode()
        said.seek(0)
        why = said.read().decode(errors="replace")[-_LAST_WORDS:]
    if process.returncode:
        words = (*words, "ended with status", str(process.returncode), "and said:", why or out)
        raise SystemExit(f"mpmirror {' '.join(words)}")
    return Cost(time.perf_counter() - begun, peak, out)


def _settings(place: Path, url: str) -> Mapping[str, str]:
    own = {"MPMIRROR_DATA_DIR": str(place / "data"), "MPMIRROR_KEYS_DIR": str(place / "keys")}
    return {**environment(url), "MPMIRROR_CONFIG": os.devnull, **own}


def measure(folder: Path, files: int) -> Carried:
    """Carry so many *files* across, a few times."""
    (folder / "upstream").mkdir(parents=True)
    options = ("--files", str(files), "--boards", str(BOARDS), "--sizes")
    with upstream(folder / "upstream", *options) as url:
        run(folder / "here", url, "sync")
    shutil.rmtree(folder / "upstream")
    bundle = folder / "x.mpb"
    plain, out, taken = [], [], []
    for _ in range(RUNS):
        plain.append(_summed(folder / "here" / "data"))
        out.append(run(folder / "here", "http://127.0.0.1:1", "export", str(bundle), "--json"))
        taken.append(_taken(folder / "there", bundle, folder / "here" / "keys", out[-1].out))
    return Carried(
        bundle.stat().st_size,
        statistics.median(plain),
        statistics.median(cost.seconds for cost in out),
        statistics.median(cost.seconds for cost in taken),
        max(cost.peak for cost in out),
        max(cost.peak for cost in taken),
    )


def _summed(data: Path) -> float:
    begun = time.perf_counter()
    subprocess.run(["sh", "-c", _PLAIN, str(data)], check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607 - Debian's, over our own files
    return time.perf_counter() - begun


def _taken(there: Path, bundle: Path, keys: Path, said: str) -> Cost:
    shutil.rmtree(there, ignore_errors=True)
    fingerprint = json.loads(said)["fingerprint"]
    words = ("key", "trust", str(keys / "node.pub"), "--fingerprint", fingerprint)
    run(there, "http://127.0.0.1:1", *words)
    return run(there, "http://127.0.0.1:1", "import", str(bundle))


def figures_of(small: Carried, large: Carried) -> list[Figure]:
    """Return what was measured, beside its targets."""
    size = f"{large.size / 1e9:.2f} GB"
    out, taken = large.size / large.out / 1e6, large.size / large.taken / 1e6
    return [
        at_least(
            f"export of {size} ({out:.0f} MB/s), share of tar | sha256sum",
            large.plain / large.out,
            EXPORT,
        ),
        at_least(f"import of it ({taken:.0f} MB/s), share", large.plain / large.taken, IMPORT),
        below(
            f"memory of the export ({large.out_peak / 1e6:.0f} MB), times that of a tenth",
            large.out_peak / small.out_peak,
            GROWTH,
            "",
        ),
        below(
            f"memory of the import ({large.taken_peak / 1e6:.0f} MB), times that of a tenth",
            large.taken_peak / small.taken_peak,
            GROWTH,
            "",
        ),
    ]


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 0 when all targets are met, 1 when not."""
    parser = argparse.ArgumentParser("python -m tests.bench.transfer", description=__doc__)
    parser.add_argument("--files", type=int, default=FILES)
    files = parser.parse_args(arguments).files
    with tempfile.TemporaryDirectory(prefix="mpmirror-") as folder:
        small = measure(Path(folder) / "small", files // 10)
        shutil.rmtree(Path(folder) / "small")
        large = measure(Path(folder) / "large", files)
    return show("across the gap", figures_of(small, large))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
