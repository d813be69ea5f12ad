"""Serving over TLS: which certificates, at which addresses, and what SIGHUP does.

SIGHUP has the certificates read anew, here and in every worker, and nothing else: settings
are read at the start only.  Connections go on with what they began with.  Certificates that
can not be used change nothing, and that is said.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mirror.config import ListenAddress
from mirror.daemon.addresses import own_url
from mirror.errors import MirrorError
from mirror.frozen import dataclass
from mirror.storage.certificates import FOLDER, find_host_sets
from mirror.web.certificates import CertificateFiles, Certificates
from mirror.web.listening import tcp_sockets
from mirror.web.tls import Encrypted
from mirror.web.whereabouts import Whereabouts
from mirror.web.workers import Crew, reserved

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AsyncExitStack

    from mirror.config import Settings

_SOON: Final = timedelta(days=14)
_NOTHING_TO_RELOAD: Final = "SIGHUP: settings are read at the start only; nothing was changed."


def certificate_files_of(settings: Settings) -> CertificateFiles:
    """Return where the certificates of this node are."""
    own = settings.tls.certificate, settings.tls.key
    folder = settings.keys_dir / FOLDER
    return CertificateFiles(folder, None if None in own else own)  # type: ignore[arg-type]  # both are set


def whereabouts_of(settings: Settings) -> Whereabouts:
    """Return what this node tells clients of itself."""
    tls, url = settings.tls, own_url(settings)
    files = certificate_files_of(settings) if tls.listen or tls.proxy_listen else None
    proxy = None
    if url is not None and tls.proxy_listen:
        host = urlsplit(url).netloc.rpartition("@")[2].removesuffix(f":{urlsplit(url).port}")
        proxy = f"http://{host}:{tls.proxy_listen[0].number}"
    return Whereabouts(url, files, proxy)


@dataclass(frozen=True, slots=True)
class TlsDoors:
    """The addresses that are listened on over TLS, and those where tunnels are asked for."""

    encrypted: tuple[ListenAddress, ...] = ()
    tunnels: tuple[ListenAddress, ...] = ()


class Tls:
    """The part of a daemon that serves over TLS; *announce* is told what becomes of SIGHUP."""

    def __init__(self, settings: Settings, announce: Callable[[str], None]) -> None:
        self._listen = settings.tls.listen
        self._tunnels = settings.tls.proxy_listen
        self.announce = announce
        self._reloading: asyncio.Task[None] | None = None
        self.files = certificate_files_of(settings)
        self.certificates = Certificates(self.files)
        #: The workers, where there are some.
        self.crew = Crew()

    @property
    def wanted(self) -> bool:
        """Whether anything is served over TLS."""
        return bool(self._listen or self._tunnels)

    async def load(self) -> None:
        """Read the certificates, if TLS is wanted; raise what keeps them from being used."""
        if self.wanted:
            await asyncio.to_thread(self.certificates.load)
            self._warn()

    async def listening(self) -> tuple[Encrypted | None, TlsDoors]:
        """Return what this process itself serves over TLS, and at which addresses."""
        if not self.wanted:
            return None, TlsDoors()
        sockets, doors = await _bound(self._listen)
        tunnels, tunnel_doors = await _bound(self._tunnels)
        return Encrypted(sockets, self.certificates, tunnels), TlsDoors(doors, tunnel_doors)

    async def reserve(self, stack: AsyncExitStack) -> TlsDoors:
        """Keep each address for the workers until *stack* ends; return them."""
        return TlsDoors(
            *[
                tuple(
                    [
                        replace(
                            place,
                            number=await stack.enter_async_context(
                                reserved(place.host, place.number)
                            ),
                        )
                        for place in places
                    ]
                )
                for places in (self._listen, self._tunnels)
            ]
        )

    def reload(self) -> None:
        """Read the certificates anew, meanwhile; what comes of it is announced."""
        if not self.wanted:
            self.announce(_NOTHING_TO_RELOAD)
        elif self._reloading is None or self._reloading.done():
            self._reloading = asyncio.create_task(self._reload())

    async def _reload(self) -> None:
        try:
            await asyncio.to_thread(self.certificates.load)
        except MirrorError as error:
            self.announce(f"SIGHUP: {error}.  The certificates before stay.")
            return
        self.crew.reload()
        self.announce("SIGHUP: new connections are shown the certificates as they are now.")
        self._warn()

    def _warn(self) -> None:
        for line in expiring(self.files, datetime.now(UTC)):
            self.announce(line)


def expiring(files: CertificateFiles, now: datetime) -> Iterator[str]:
    """Say which of the lab's certificates end soon, or have ended."""
    for hosts in find_host_sets(files.folder):
        until, names = hosts.current.terms.until, " ".join(hosts.current.terms.hosts)
        if until - now > _SOON:
            continue
        ends = "ended" if until <= now else "ends"
        yield (
            f"The certificate for {names} {ends} at {until:%Y-%m-%d %H:%M} UTC: "
            f"`mpmirror lab-ca --rotate {names}`"
        )


async def _bound(
    places: Sequence[ListenAddress],
) -> tuple[list[socket.socket], tuple[ListenAddress, ...]]:
    bound = [await tcp_sockets(place.host, place.number) for place in places]
    doors = tuple(
        replace(place, number=sockets[0].getsockname()[1])
        for place, sockets in zip(places, bound, strict=True)
    )
    return [one for sockets in bound for one in sockets], doors
