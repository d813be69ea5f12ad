"""The failures of network and protocol, in words for operators.

What the HTTP library raises becomes one `UpstreamUnavailableError` that says where and what,
without the names of its classes and without a character that a terminal would obey.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from mirror.errors import UpstreamUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

FAILURES: Final = (aiohttp.ClientError, HttpProcessingError, OSError, TimeoutError, ValueError)
"""What a request can end with and `unavailable` takes."""

_COUNTED: Final = re.compile(r"received ([0-9]+) of ([0-9]+) bytes")


def unavailable(url: str, error: BaseException) -> UpstreamUnavailableError:
    """Return what *error* is to whoever asked for *url*: where, and what, in one sentence."""
    says = next(text(error) for kind, text in _SENTENCES if isinstance(error, kind))
    return UpstreamUnavailableError(f"{url}: {says}")


def _detail(error: BaseException) -> str:
    """Return what was said, in one line that can not play with a terminal."""
    text = " ".join(_said(error).split())[:200]
    return "".join(character if character.isprintable() else "?" for character in text)


def _said(error: BaseException) -> str:
    # The library's own words name a TLS context by its place in memory, which is always another.
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return str(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.strerror or str(error.os_error)
    return str(error)


def _counted(error: BaseException) -> str:
    """Return how much came, where the library counted it; else it names classes of its own."""
    found = _COUNTED.search(str(error))
    return f", {found[1]} of {found[2]} bytes" if found else ""


# The first that fits, so the narrow ones come first.
_SENTENCES: tuple[tuple[type[BaseException], Callable[[BaseException], str]], ...] = (
    (aiohttp.ConnectionTimeoutError, lambda _: "no connection in time"),
    (TimeoutError, lambda _: "nothing came in time"),
    (aiohttp.ClientConnectorDNSError, lambda e: f"the name can not be resolved ({_detail(e)})"),
    (aiohttp.ClientConnectorCertificateError, lambda e: f"not trusted ({_detail(e)})"),
    (aiohttp.ClientProxyConnectionError, lambda e: f"no connection to the proxy ({_detail(e)})"),
    (aiohttp.ClientHttpProxyError, lambda e: f"the proxy does not let us through ({_detail(e)})"),
    (aiohttp.ClientConnectorError, lambda e: f"no connection ({_detail(e)})"),
    (aiohttp.ClientPayloadError, lambda e: f"the body was cut short{_counted(e)}"),
    (aiohttp.ClientResponseError, lambda e: f"the answer is not HTTP ({_detail(e)})"),
    (HttpProcessingError, lambda e: f"the answer is not HTTP ({_detail(e)})"),
    (OSError, lambda e: f"the connection broke off ({_detail(e)})"),
    (aiohttp.ClientError, lambda e: f"the connection broke off ({_detail(e)})"),
    (BaseException, lambda e: f"the answer is not HTTP ({_detail(e)})"),
)
