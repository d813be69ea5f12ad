"""One serving process: ``python -m mirror.web.worker``, started by `mirror.web.workers`.

It shares the TCP port with its siblings, reads the data folder, holds no database and no
keys, and asks the daemon over its Unix socket for the status and for files on demand.  It
ends, within five seconds, on SIGTERM and when its parent is gone: the parent holds the other
end of its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from mirror.control import ask
from mirror.errors import ForeignDataError, LockedError, MirrorError
from mirror.storage.blobs import BlobReader
from mirror.storage.crawled import find_last_crawl
from mirror.storage.disk import Disk
from mirror.storage.layout import Layout
from mirror.storage.node import find_node
from mirror.storage.publications import PublicationReader
from mirror.web.accesses import spell_digests
from mirror.web.app import Serving, make_app
from mirror.web.listening import shared_tcp_sockets
from mirror.web.on_demand import decode_artifact, decode_failure
from mirror.web.server import serving

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mirror.catalog.values import Digest
    from mirror.web.artifacts import Artifact

_SECONDS = 5.0
# The daemon hashes the blob itself before it answers.
_TO_LOOK = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What a worker is told on its command line; *control* is the daemon's socket."""

    data: Path
    host: str
    number: int
    control: Path
    grace: timedelta

    def arguments(self) -> list[str]:
        """Return the command line that `parse` reads."""
        return [
            f"--data={self.data}",
            f"--host={self.host}",
            f"--number={self.number}",
            f"--control={self.control}",
            f"--grace={self.grace.total_seconds()}",
        ]

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> WorkerSettings:
        """Read the command line of a worker."""
        parser = argparse.ArgumentParser(prog="python -m mirror.web.worker")
        parser.add_argument("--data", type=Path, required=True)
        parser.add_argument("--host", required=True)
        parser.add_argument("--number", type=int, required=True)
        parser.add_argument("--control", type=Path, required=True)
        parser.add_argument("--grace", type=float, required=True)
        given = parser.parse_args(arguments)
        return cls(
            data=given.data,
            host=given.host,
            number=given.number,
            control=given.control,
            grace=timedelta(seconds=given.grace),
        )


@dataclass(frozen=True, slots=True)
class Held:
    """The part of a data folder that is served; importing it needs no database."""

    blobs: BlobReader
    publications: PublicationReader
    node: str


def open_held(folder: Path) -> Held:
    """Open the data folder *folder* for serving; this blocks, shortly.

    Raises `ForeignDataError` when it is not a data folder of this format, or has no node.
    """
    layout = Layout(folder)
    layout.refuse_other_format()
    node = find_node(folder)
    if node is None:
        raise ForeignDataError(f"{folder} was never opened for writing: it has no node.json")
    return Held(
        blobs=BlobReader(layout.blobs, Disk()),
        publications=PublicationReader(layout.publications, layout.channels),
        node=node.node_id,
    )


async def serve(settings: WorkerSettings, stop: asyncio.Event) -> None:
    """Serve until *stop* is set."""
    held = open_held(settings.data)
    told = Serving(
        node=held.node,
        status=partial(ask_status, settings.control),
        grace=settings.grace,
        on_demand=partial(ask_artifact, settings.control),
        damaged=partial(tell_damage, settings.control),
        last_crawl=partial(find_last_crawl, settings.data),
        accessed=partial(tell_accesses, settings.control),
    )
    app = make_app(held, told)
    sockets = await shared_tcp_sockets(settings.host, settings.number)
    async with serving(app, sockets):
        await stop.wait()


async def ask_status(control: Path) -> bytes:
    """Return the status that the daemon at *control* gives; `LockedError` when it does not."""
    reply = await ask(control, "GET", "/v1/status.json", seconds=_SECONDS)
    if reply.status != HTTPStatus.OK:
        raise LockedError(f"the daemon at {control} answers {reply.status} to a worker")
    return reply.body


async def ask_artifact(control: Path, name: str) -> Artifact:
    """Have the daemon at *control* fetch the file *name*; raise why it could not."""
    reply = await ask(control, "POST", f"/v1/fetch/{name}")
    if reply.status != HTTPStatus.OK:
        raise decode_failure(reply.body)
    return decode_artifact(reply.body)


async def tell_damage(control: Path, digest: Digest) -> None:
    """Tell the daemon at *control* that a blob is damaged; `LockedError` when it is not told."""
    reply = await ask(control, "POST", f"/v1/damaged/{digest}", seconds=_TO_LOOK)
    if reply.status != HTTPStatus.OK:
        raise LockedError(f"the daemon at {control} answers {reply.status} to a worker")


async def tell_accesses(control: Path, digests: Collection[Digest]) -> None:
    """Tell the daemon at *control* what was asked for; `LockedError` when it is not told."""
    path = f"/v1/accessed?digests={spell_digests(digests)}"
    reply = await ask(control, "POST", path, seconds=_SECONDS)
    if reply.status != HTTPStatus.OK:
        raise LockedError(f"the daemon at {control} answers {reply.status} to a worker")


def main(arguments: Sequence[str]) -> int:
    """Run a worker, and return its exit status."""
    _log_plainly()
    try:
        asyncio.run(_run(WorkerSettings.parse(arguments)))
    except MirrorError as error:
        logging.getLogger(__name__).critical("a worker can not serve: %s", error)
        return error.exit_status
    return 0


async def _run(settings: WorkerSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # Nothing is ever written there: it becomes readable when the parent is gone.
    loop.add_reader(sys.stdin.fileno(), stop.set)
    await serve(settings, stop)


class _OneLine(logging.Formatter):
    """One line for each event: nothing in it can begin another, or move a terminal's cursor."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
            for char in text
        )


def _log_plainly() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine("%(asctime)s worker[%(process)d] %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
