"""One POST to a receiver: at an address that was checked, within a time, and without redirects.

An operator typed the address, so a private network is as good as the Internet (a chat server of
the lab).  Loopback and link-local addresses are taken only where the address of the hook itself
names them: a name that leads there is refused.  Only 2xx says that an event was taken.  What went
wrong is said without the address, which is often a secret.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import aiohttp

from mirror.errors import AddressRefusedError, HookError
from mirror.upstream.fetch.wire import Guard, ssl_context
from mirror.upstream.origin import Origin
from mirror.upstream.retry import parse_retry_after

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mirror.hooks.queue import Waiting
    from mirror.hooks.targets import Target
    from mirror.upstream.surroundings import Proxy, Surroundings

_SECONDS: Final = 20.0
_TO_CONNECT: Final = 10.0
_TAKEN: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
_BUSY: Final = frozenset({429, 503})
_FAILURES: Final = (aiohttp.ClientError, OSError, TimeoutError, ValueError)


class Poster:
    """Posts to the http(s) address of *target*, out of these *surroundings*."""

    def __init__(
        self,
        target: Target,
        surroundings: Surroundings,
        user_agent: str,
        *,
        clock: Callable[[], datetime],
        seconds: float = _SECONDS,
    ) -> None:
        self._url = target.url
        self._secrets = target.secrets
        self._surroundings = replace(surroundings, private=True)
        self._user_agent = user_agent
        self._clock = clock
        self._seconds = seconds

    async def __call__(self, one: Waiting) -> None:
        """Send *one*; raise `HookError` unless the receiver says that it took it."""
        try:
            async with asyncio.timeout(self._seconds):
                status, wait = await self._post(one.id, one.body.encode())
        except AddressRefusedError as error:
            raise HookError(
                "its name leads to this machine, or to no address of its own"
            ) from error
        except _FAILURES as error:
            words = next(words for kind, words in _SENTENCES if isinstance(error, kind))
            raise HookError(words) from error
        if status in _TAKEN:
            return
        asked = parse_retry_after(wait, self._clock()) if status in _BUSY else None
        words = f"it answered {status}"
        if status in _REDIRECTS:
            words += ", and no redirect is followed"
        raise HookError(words, status=status, rest=asked)

    async def _post(self, message: str, body: bytes) -> tuple[int, str]:
        url = self._url
        proxy = self._surroundings.proxy_for(url.scheme, url.host, url.number)
        credentials = _credentials(proxy)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": self._user_agent,
            **self._secrets.headers(message, int(self._clock().timestamp()), body),
            # A tunnel shows them to the proxy alone; a plain request carries them itself.
            **(credentials if url.scheme == "http" else {}),
        }
        async with (
            await self._session() as session,
            session.post(
                url.text,
                data=body,
                headers=headers,
                allow_redirects=False,
                proxy=proxy.url if proxy else None,
                proxy_headers=credentials,
            ) as response,
        ):
            return response.status, response.headers.get("Retry-After", "")

    async def _session(self) -> aiohttp.ClientSession:
        """Return connections for one event: events are rare, and nothing is held between them."""
        url = self._url
        trusted = self._surroundings.ca_files
        context = await asyncio.to_thread(ssl_context, trusted) if url.scheme == "https" else True
        guard = Guard(Origin(url.scheme, url.host, url.number), self._surroundings)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=guard,
                use_dns_cache=False,
                socket_factory=guard.socket,
                ssl=context,
                force_close=True,
            ),
            timeout=aiohttp.ClientTimeout(connect=_TO_CONNECT, sock_connect=_TO_CONNECT),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )


def _credentials(proxy: Proxy | None) -> dict[str, str]:
    if proxy is None or proxy.authorization is None:
        return {}
    return {"Proxy-Authorization": proxy.authorization}


# The first that fits, so the narrow ones come first.  None names the address.
_SENTENCES: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (TimeoutError, "no answer came in time"),
    (aiohttp.ClientConnectorDNSError, "its name can not be resolved"),
    (aiohttp.ClientConnectorCertificateError, "its certificate is not trusted"),
    (aiohttp.ClientHttpProxyError, "the proxy does not let us through"),
    (aiohttp.ClientProxyConnectionError, "there is no connection to the proxy"),
    (aiohttp.ClientConnectorError, "there is no connection"),
    (OSError, "the connection broke off"),
    (aiohttp.ClientConnectionError, "the connection broke off"),
    (BaseException, "the answer is not HTTP"),
)
