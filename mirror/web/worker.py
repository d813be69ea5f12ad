"""One serving process: ``python -m mirror.web``, started by `mirror.web.workers`.

It shares the TCP port with its siblings, reads the data folder, holds no database and no
keys, and asks the daemon over its Unix socket for the status and for files on demand.  It
ends, within five seconds, on SIGTERM and when its parent is gone: the parent holds the other
end of its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.errors import ForeignDataError, MirrorError
from mirror.frozen import dataclass
from mirror.storage.blobs import BlobReader
from mirror.storage.crawled import find_last_crawl
from mirror.storage.deliveries import Deliveries, DeliveryTerms
from mirror.storage.disk import Disk
from mirror.storage.freshness import find_freshness
from mirror.storage.history import find_history
from mirror.storage.layout import Layout
from mirror.storage.node import find_node
from mirror.storage.publications import PublicationReader
from mirror.storage.signatures import SignatureReader
from mirror.storage.tuf_folder import TufFolder
from mirror.tracing.late import tracing
from mirror.tracing.terms import TraceTerms
from mirror.web.app import SHELF, Serving, make_app
from mirror.web.asking import (
    ask_artifact,
    ask_status,
    tell_accesses,
    tell_damage,
    tell_traffic,
)
from mirror.web.certificates import CertificateFiles, Certificates
from mirror.web.delivered import add_terms, read_terms, spell_terms
from mirror.web.listening import shared_tcp_sockets
from mirror.web.server import serving
from mirror.web.tls import Encrypted
from mirror.web.whereabouts import Whereabouts
from mirror.web.worker_log import log_plainly

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence


_SECONDS = 5.0
#: What the parent writes to a worker's standard input to have its certificates read anew.
RELOAD: Final = b"r"
_MOST_SAID: Final = 4096
# The daemon hashes the blob itself before it answers.
_TO_LOOK = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What a worker is told on its command line; *control* is the daemon's socket.

    ``doors`` are hosts and numbers to serve at over TLS, with what is in ``certificates``;
    ``url`` is the address that clients are told, ``proxy`` the one for HTTPS_PROXY, which
    is answered at ``tunnels``.  ``channel`` is shown where a path names none.  ``tuf`` says that
    /tuf/ is served, ``deliveries`` on which terms it is written down who was given what, and
    ``traces`` who is told what took how long.
    """

    data: Path
    host: str
    number: int
    control: Path
    grace: timedelta
    doors: tuple[tuple[str, int], ...] = ()
    certificates: CertificateFiles | None = None
    stop_after: timedelta | None = None
    url: str | None = None
    tunnels: tuple[tuple[str, int], ...] = ()
    proxy: str | None = None
    channel: str = "current"
    tuf: bool = False
    deliveries: DeliveryTerms | None = None
    traces: TraceTerms | None = None

    def arguments(self) -> list[str]:
        """Return the command line that `parse` reads."""
        return [
            f"--data={self.data}",
            f"--host={self.host}",
            f"--number={self.number}",
            f"--control={self.control}",
            f"--grace={self.grace.total_seconds()}",
            f"--channel={self.channel}",
            *(f"--tls={number}@{host}" for host, number in self.doors),
            *(f"--tunnel={number}@{host}" for host, number in self.tunnels),
            *([f"--proxy={self.proxy}"] if self.proxy else []),
            *self._certificate_arguments(),
            *([f"--stop-after={self.stop_after.total_seconds()}"] if self.stop_after else []),
            *([f"--url={self.url}"] if self.url else []),
            *(["--tuf"] if self.tuf else []),
            *spell_terms(self.deliveries),
            *([f"--traces={self.traces.spell()}"] if self.traces else []),
        ]

    def _certificate_arguments(self) -> list[str]:
        files = self.certificates
        if files is None:
            return []
        own = [f"--certificate={files.own[0]}", f"--key={files.own[1]}"] if files.own else []
        return [f"--certificates={files.folder}", *own]

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> WorkerSettings:
        """Read the command line of a worker."""
        parser = argparse.ArgumentParser(prog="python -m mirror.web")
        parser.add_argument("--data", type=Path, required=True)
        parser.add_argument("--host", required=True)
        parser.add_argument("--number", type=int, required=True)
        parser.add_argument("--control", type=Path, required=True)
        parser.add_argument("--grace", type=float, required=True)
        parser.add_argument("--url")
        parser.add_argument("--channel", default="current")
        parser.add_argument("--proxy")
        parser.add_argument("--tunnel", action="append", default=[])
        parser.add_argument("--tls", action="append", default=[])
        parser.add_argument("--certificates", type=Path)
        parser.add_argument("--certificate", type=Path)
        parser.add_argument("--key", type=Path)
        parser.add_argument("--stop-after", type=float)
        parser.add_argument("--tuf", action="store_true")
        parser.add_argument("--traces", type=TraceTerms.parse)
        add_terms(parser)
        given = parser.parse_args(arguments)
        return cls(
            data=given.data,
            host=given.host,
            number=given.number,
            control=given.control,
            grace=timedelta(seconds=given.grace),
            doors=tuple(map(_read_door, given.tls)),
            certificates=_read_certificates(given),
            stop_after=timedelta(seconds=given.stop_after) if given.stop_after else None,
            url=given.url,
            tunnels=tuple(map(_read_door, given.tunnel)),
            proxy=given.proxy,
            channel=given.channel,
            tuf=given.tuf,
            deliveries=read_terms(given),
            traces=given.traces,
        )


def _read_door(text: str) -> tuple[str, int]:
    number, _, host = text.partition("@")
    return host, int(number)


def _read_certificates(given: argparse.Namespace) -> CertificateFiles | None:
    if given.certificates is None:
        return None
    own = None if given.certificate is None else (given.certificate, given.key)
    return CertificateFiles(given.certificates, own)


@dataclass(frozen=True, slots=True)
class Held:
    """The part of a data folder that is served; importing it needs no database."""

    blobs: BlobReader
    publications: PublicationReader
    signatures: SignatureReader
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
        signatures=SignatureReader(layout.signatures),
        node=node.node_id,
    )


async def serve(
    settings: WorkerSettings, stop: asyncio.Event, certificates: Certificates | None = None
) -> None:
    """Serve until *stop* is set, also over TLS when *certificates*, loaded, are given."""
    held = open_held(settings.data)
    told = Serving(
        node=held.node,
        status=partial(ask_status, settings.control),
        grace=settings.grace,
        on_demand=partial(ask_artifact, settings.control),
        damaged=partial(tell_damage, settings.control),
        last_crawl=partial(find_last_crawl, settings.data),
        accessed=partial(tell_accesses, settings.control),
        counted=partial(tell_traffic, settings.control),
        signatures=held.signatures.of,
        freshness=partial(find_freshness, settings.data),
        history=partial(find_history, settings.data),
        stop_after=settings.stop_after,
        channel=settings.channel,
        tuf=TufFolder(settings.data).find if settings.tuf else None,
        deliveries=Deliveries(settings.deliveries) if settings.deliveries else None,
        whereabouts=Whereabouts(
            settings.url,
            settings.certificates if settings.doors or settings.tunnels else None,
            settings.proxy,
        ),
    )
    async with tracing(settings.traces) as traces:
        app = make_app(held, told)
        sockets = await shared_tcp_sockets(settings.host, settings.number)
        async with serving(app, sockets, encrypted=await _encrypted(settings, certificates)):
            await app[SHELF].settle()
            traces.begin()
            await stop.wait()


async def _encrypted(
    settings: WorkerSettings, certificates: Certificates | None
) -> Encrypted | None:
    if certificates is None:
        return None
    return Encrypted(await _shared(settings.doors), certificates, await _shared(settings.tunnels))


async def _shared(doors: Sequence[tuple[str, int]]) -> list[socket.socket]:
    return [bound for host, number in doors for bound in await shared_tcp_sockets(host, number)]


def main(arguments: Sequence[str]) -> int:
    """Run a worker, and return its exit status."""
    log_plainly()
    try:
        settings = WorkerSettings.parse(arguments)
        certificates = None
        if (settings.doors or settings.tunnels) and settings.certificates:
            certificates = Certificates(settings.certificates)
            certificates.load()
        asyncio.run(_run(settings, certificates))
    except MirrorError as error:
        _log.critical("a worker can not serve: %s", error)
        return error.exit_status
    return 0


async def _run(settings: WorkerSettings, certificates: Certificates | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # It can be read when the parent has something to say, and when the parent is gone.
    loop.add_reader(sys.stdin.fileno(), _listen, sys.stdin.fileno(), stop, certificates)
    await serve(settings, stop, certificates)


def _listen(pipe: int, stop: asyncio.Event, certificates: Certificates | None) -> None:
    said = os.read(pipe, _MOST_SAID)
    if not said:
        stop.set()
    elif certificates is not None:
        try:
            certificates.load()  # a few small files
        except MirrorError as error:
            _log.error("the certificates before stay: %s", error)
