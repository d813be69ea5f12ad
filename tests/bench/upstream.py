"""The upstream to measure against, as a process of its own: ``python -m tests.bench.upstream``.

It lists exactly so many files that are flashed, of the first boards of the replica, in the
mix of kinds that those boards have, and nothing of other kinds.  With ``--sizes`` images are
as large as upstream's are, are made beforehand, and are sent by ``sendfile``: so making them
costs no time while somebody waits.  Without it they are as small as their formats allow.
One line on standard output says where it is, when it is ready; the names of the files stand
in ``names`` in its folder.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mirror.catalog.kinds import Kind
from mirror.catalog.names import ArtifactName
from mirror.first_setup.estimate import typical_size
from tests.replica.images import Recipe
from tests.replica.replica import Replica

if TYPE_CHECKING:
    from tests.replica.stock import StoredFile

# Their flash has no room for the average program of their port.
_SMALL = {"samd21", "nrf51"}
# Fits into the partitions of every variant of an ESP32.
_MOST = 1_400_000
# A file has so many bytes for each byte of its program.
_EXPANSION = {Kind.UF2: 2.0, Kind.HEX: 2.8, Kind.ZIP: 2.0}


def main() -> None:
    """Read the command line and serve until a signal ends it."""
    parser = argparse.ArgumentParser("python -m tests.bench.upstream", description=__doc__)
    parser.add_argument("folder", type=Path, help="where images and names are written")
    parser.add_argument("--files", type=int, required=True)
    parser.add_argument("--boards", type=int, required=True)
    parser.add_argument("--sizes", action="store_true", help="as upstream's")
    parser.add_argument("--rate", type=float, metavar="BYTES", help="a second, all together")
    asyncio.run(_serve(parser.parse_args()))


class SizedReplica(Replica):
    """A replica whose files are as large as those of their like are upstream."""

    def find_file(self, name: str) -> StoredFile | None:
        """Return the file of that *name*, or None when the site answers 404."""
        file = super().find_file(name)
        if file is None or not isinstance(file.source, Recipe):
            return file
        kind = file.source.kind
        size = typical_size(file.source.board, kind) / _EXPANSION.get(kind, 1)
        return replace(file, source=replace(file.source, size=min(int(size), _MOST)))


def replica_of(files: int, boards: int, *, sizes: bool) -> Replica:
    """Return a replica of that many *boards* that lists *files* files, all of them flashed."""
    replica = (SizedReplica if sizes else Replica).of_many(files * 2, boards)
    listed = replica.names()
    fitting = [board for board in replica.boards if replica.fact(board).mcu not in _SMALL]
    named = [name for board in fitting for name in replica.names(board)]
    flashed = [name for name in named if ArtifactName.parse(name).kind.flashable]
    # Evenly, so that all boards and kinds keep their share.
    kept = {flashed[place * len(flashed) // files] for place in range(files)}
    for name in listed:
        if name not in kept:
            replica.withdraw(name)
    return replica


async def _serve(options: argparse.Namespace) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    replica = replica_of(options.files, options.boards, sizes=options.sizes)
    names = options.folder / "names"
    await asyncio.to_thread(names.write_text, "".join(f"{name}\n" for name in replica.names()))
    if options.sizes:
        await replica.unpack(options.folder)
    replica.rate = options.rate
    async with replica.running() as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    main()
