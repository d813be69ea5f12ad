"""One request, one answer, over HTTP/1.1: the only place that knows the HTTP library.

`Wire` connects only to addresses that the rule of the upstream admits, follows nothing,
keeps no cookie, undoes no compression, and gives every failure of network or protocol
as an `UpstreamUnavailableError` that says what and where.  It knows no status and no
policy; those are the fetcher's.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, cast

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from mirror.errors import AddressRefusedError, ConfigurationError, UpstreamUnavailableError
from mirror.upstream.addresses import AddressRule
from mirror.upstream.fetch.failures import FAILURES, unavailable
from mirror.upstream.fetch.testimony import address_of, certificate_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from aiohttp.connector import AddrInfoType, Connection

    from mirror.catalog.values import Digest
    from mirror.upstream.origin import Origin
    from mirror.upstream.politeness import Politeness
    from mirror.upstream.surroundings import Proxy, Surroundings

READ_BYTES = 256 * 1024
"""How much is read from a socket at once; the library holds back the peer at twice that."""

_LONGEST_HEADER = 1000


class Answer:
    """An answer whose head has come.  Close it, or its connection is lost to the others.

    *received* is told of every piece of the body, in bytes, as it comes over the line.
    """

    def __init__(
        self,
        url: str,
        response: _Response,
        body_seconds: float,
        received: Callable[[int], None],
    ) -> None:
        self.url = url
        self.status = response.status
        self.peer = response.peer
        self.certificate = response.certificate
        self._response = response
        self._received = received
        self._seconds_left = body_seconds
        self._clock = asyncio.get_running_loop().time

    def header(self, name: str) -> str | None:
        """Return the header if it is there once, in printable ASCII and of sane length."""
        values = self._response.headers.getall(name, [])
        if len(values) != 1 or not values[0].isascii() or not values[0].isprintable():
            return None
        return values[0].strip() if len(values[0]) <= _LONGEST_HEADER else None

    def raw_headers(self, name: str) -> list[str]:
        """Return every value of the header just as it came: foreign text."""
        return self._response.headers.getall(name, [])

    def all_headers(self) -> Iterable[tuple[str, str]]:
        """Return all headers just as they came: foreign text."""
        return self._response.headers.items()

    @property
    def length(self) -> int | None:
        """The ``Content-Length`` in bytes; None when the answer has none."""
        return self._response.content_length

    @property
    def framed(self) -> bool:
        """Whether an early end of the body can be told from its end."""
        chunked = "chunked" in self._response.headers.get("Transfer-Encoding", "").lower()
        return chunked or self.length is not None

    async def read(self) -> bytes:
        """Return the next bytes, as many as are there, ``b""`` at the end."""
        began = self._clock()
        try:
            chunk = await self._response.content.readany()
        except FAILURES as error:
            raise unavailable(self.url, error) from error
        self._received(len(chunk))
        # Only the waiting counts: a slow disk of ours is not a slow upstream.
        self._seconds_left -= self._clock() - began
        if self._seconds_left < 0:
            raise UpstreamUnavailableError(f"{self.url}: the body came too slowly")
        return chunk

    def close(self) -> None:
        """Give the connection back if the body was read to its end, else cut it."""
        self._response.release()


class Wire:
    """Connections to one upstream, from `open` to `close`; *received* is as for `Answer`."""

    def __init__(
        self,
        origin: Origin,
        politeness: Politeness,
        surroundings: Surroundings,
        user_agent: str,
        received: Callable[[int], None],
    ) -> None:
        self._received = received
        self._origin = origin
        self._politeness = politeness
        self._surroundings = surroundings
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession | None = None
        self._trusted: ssl.SSLContext | None = None

    async def open(self) -> None:
        """Be ready to connect; raise `ConfigurationError` if a CA file can not be read."""
        if self._origin.scheme == "https":
            await self._trust()
        guard = Guard(self._origin, self._surroundings)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._politeness.connections,
                resolver=guard,
                use_dns_cache=False,
                socket_factory=guard.socket,
            ),
            timeout=aiohttp.ClientTimeout(
                connect=self._politeness.connect_seconds,
                sock_connect=self._politeness.connect_seconds,
                sock_read=self._politeness.read_seconds,
            ),
            headers={"User-Agent": self._user_agent, "Accept": "*/*"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            read_bufsize=READ_BYTES,
            response_class=_Response,
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def get(self, url: str, headers: Mapping[str, str], body_seconds: float) -> Answer:
        """Send one GET for *url*, which `Origin` wrote, and return the answer with its head."""
        if self._session is None:
            raise UpstreamUnavailableError(f"{url}: the fetcher is not running")
        head_seconds = self._politeness.connect_seconds + self._politeness.read_seconds
        proxy = self._proxy_for(url)
        credentials = _credentials(proxy)
        secure = not url.startswith("http:")
        # A tunnel shows them to the proxy alone; a plain request carries them itself.
        carried = {} if secure else credentials
        # Reading whom the system trusts takes as long as a page or two: only where it matters,
        # which is also after a redirect of a plain upstream to its secure self.
        context = await self._trust() if secure else True
        try:
            # The library bounds each read only; a head that trickles in would have no end.
            async with asyncio.timeout(head_seconds):
                response = await self._session.get(
                    url,
                    headers={**headers, **carried},
                    ssl=context,
                    allow_redirects=False,
                    proxy=proxy.url if proxy else None,
                    proxy_headers=credentials,
                )
        except FAILURES as error:
            raise unavailable(url, error) from error
        # The session was told to make no others.
        return Answer(url, cast("_Response", response), body_seconds, self._received)

    async def _trust(self) -> ssl.SSLContext:
        """Return whom to believe, which is read once."""
        if self._trusted is None:
            self._trusted = await asyncio.to_thread(ssl_context, self._surroundings.ca_files)
        return self._trusted

    def _proxy_for(self, url: str) -> Proxy | None:
        scheme = url.partition(":")[0]
        return self._surroundings.proxy_for(scheme, self._origin.host, self._origin.listen)


class _Response(aiohttp.ClientResponse):
    """An answer that knows who gave it: afterwards the connection may be gone already."""

    peer: str | None = None
    certificate: Digest | None = None

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        transport = connection.transport
        if transport is not None:
            self.peer = address_of(transport.get_extra_info("peername"))
            self.certificate = certificate_of(transport.get_extra_info("ssl_object"))
        return await super().start(connection)


class Guard(AbstractResolver):
    """Resolves names for the library, and makes sockets only for addresses that passed."""

    def __init__(self, origin: Origin, surroundings: Surroundings) -> None:
        self._rule = AddressRule(
            origin.host, private=surroundings.private, typed=surroundings.typed
        )
        self._resolve = surroundings.resolve
        proxies = (surroundings.http_proxy, surroundings.https_proxy)
        self._proxies = {(proxy.host, proxy.listen) for proxy in proxies if proxy}
        # Literal addresses never come to `resolve`: these two kinds were set by the operator.
        self._literals = {origin.host, *(proxy.host for proxy in proxies if proxy)}
        self._admitted: dict[str, frozenset[str]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve *host* and judge every address of it (*family* is the library's wish)."""
        del family
        addresses = await self._resolve(host, port)
        if not addresses:
            raise OSError(f"{host} has no address")
        if (host, port) not in self._proxies:
            self._rule.admit(host, addresses)
        self._admitted[host] = frozenset(addresses)
        return [_resolved(host, address, port) for address in addresses]

    async def close(self) -> None:
        """Nothing to close."""

    def socket(self, wanted: AddrInfoType) -> socket.socket:
        """Make the socket for a connection; the last look at where it goes."""
        address = str(wanted[4][0])
        if address not in self._literals and not any(
            address in admitted for admitted in self._admitted.values()
        ):
            raise AddressRefusedError(f"{address} was never checked: not connected to")
        return socket.socket(wanted[0], wanted[1], wanted[2])


def _resolved(host: str, address: str, listen: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host,
        host=address,
        port=listen,
        family=family,
        proto=0,
        flags=socket.AI_NUMERICHOST,
    )


def _credentials(proxy: Proxy | None) -> dict[str, str]:
    if proxy is None or proxy.authorization is None:
        return {}
    return {"Proxy-Authorization": proxy.authorization}


def ssl_context(files: Sequence[Path]) -> ssl.SSLContext:
    """Trust what the system does and *files* besides; raise `ConfigurationError` for a bad one."""
    context = ssl.create_default_context()
    for file in files:
        try:
            context.load_verify_locations(file)
        except OSError as error:  # ssl.SSLError is one
            raise ConfigurationError(f"the CA file {file} can not be used: {error}") from error
    return context
