"""Serve a replica of micropython.org from the command line, until SIGTERM or SIGINT.

One line on standard output says where, when it is ready to answer.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from tests.replica.drawn import drawn_photograph
from tests.replica.history import ALL, Depth
from tests.replica.misbehaviour import Misbehaviour
from tests.replica.replica import Replica


def main() -> None:
    """Read the command line and serve until a signal ends it."""
    asyncio.run(_serve(_parser().parse_args()))


def _parser() -> argparse.ArgumentParser:
    ways = ", ".join(map(_word, Misbehaviour))
    parser = argparse.ArgumentParser(
        "python -m tests.replica", description=__doc__, epilog=f"The ways to misbehave: {ways}."
    )
    add = parser.add_argument
    add("--listen", default="127.0.0.1:8090", metavar="HOST:PORT", help="PORT 0 takes a free one")
    add("--boards", type=int, metavar="N", help="only so many boards (default: all 225)")
    add("--all", action="store_true", help="the whole past, not three releases and one preview")
    add("--many", type=int, metavar="FILES", help="list at least so many files")
    add("--size", type=int, default=0, metavar="BYTES", help="least size of a program")
    add("--firmware", type=Path, metavar="DIR", help="list the real images of DIR too")
    add("--drawn", action="store_true", help="photographs that a person can tell apart")
    add("--rate", type=float, metavar="BYTES", help="bytes per second over all connections")
    add("--delay", type=float, default=0.0, metavar="SECONDS", help="before each answer")
    add("--seed", type=int, default=0, help="another seed makes other bytes")
    add(
        "--misbehave",
        type=_misbehaviour,
        action="append",
        default=[],
        metavar="PLACE=WAY",
        help="answer so for a file, a board or a path, * for any text; may be given again",
    )
    return parser


def _word(way: Misbehaviour) -> str:
    return way.name.lower().replace("_", "-")


def _misbehaviour(text: str) -> tuple[str, Misbehaviour]:
    # The last of them: a path can have a query with more.
    place, _, word = text.rpartition("=")
    ways = {_word(way): way for way in Misbehaviour}
    if not place or word not in ways:
        raise argparse.ArgumentTypeError(f"expected PLACE=WAY, not {text!r}")
    return place, ways[word]


def _replica(options: argparse.Namespace) -> Replica:
    limit, seed, size = options.boards, options.seed, options.size
    if options.many is not None:
        replica = Replica.of_many(options.many, limit, seed=seed, size=size)
    else:
        depth = ALL if options.all else Depth()
        replica = Replica.of_boards(limit, depth=depth, seed=seed, size=size)
    if options.firmware is not None:
        replica.serve_folder(options.firmware)
    if options.drawn:
        replica.photograph = drawn_photograph
    replica.rate = options.rate
    replica.delay = options.delay
    for place, way in options.misbehave:
        replica.misbehave(place, way, None)
    return replica


async def _serve(options: argparse.Namespace) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    host, _, listen = options.listen.rpartition(":")
    replica = _replica(options)
    async with replica.running(host, int(listen)) as url:
        boards, files = len(replica.boards), len(replica.names())
        sys.stdout.write(
            f"replica of micropython.org at {url} (boards: {boards}, files: {files})\n"
        )
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    main()
