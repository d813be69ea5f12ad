"""Which paths each name answers: other sites' names answer what is asked of those sites only.

Clients that have their hosts compiled in come with these names, by the room's DNS or through a
proxy.  A name chooses what is answered and is never part of an answer: no URL is made of it.
Every other name is the mirror's own, as are addresses, and a request that names no host.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirror.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

_PAGES: Final = (
    "/",
    "/boards/*",
    "/changes",
    "/download*",
    "/flash/*",
    "/healthz",
    "/licenses",
    "/pi/v2/*",
    "/readyz",
    "/releases*",
    "/resources/*",
    "/setup*",
    "/static/*",
    "/status",
    "/v1/*",
)

#: The paths that a name answers: as they stand, or all that begin so where a star is at the end.
ANSWERED: Final[Mapping[str, tuple[str, ...]]] = {
    # `/v1`, because the pages lead there, and so that another mirror that comes by this name
    # notices whom it asks.
    "micropython.org": _PAGES,
    "www.micropython.org": _PAGES,
    # mpflash: clients.md section 4.
    "api.github.com": ("/repos/micropython/micropython", "/repos/micropython/micropython/*"),
    # Thonny as it is installed, and Snakie: clients.md sections 5 and 8.
    "raw.githubusercontent.com": ("/thonny/thonny/master/data/*",),
    # The Arduino installer joins this host and the index's `url`.
    "downloads.arduino.cc": ("/micropython/*", "/resources/firmware/*"),
}

_ABSOLUTE = re.compile(r"https?://(?:[^/?#]*@)?([^/?#]*)", re.IGNORECASE)


def refuse_foreign_path(request: web.BaseRequest) -> None:
    """Raise `NotFoundError` when *request* is for a name that does not answer its path."""
    patterns = ANSWERED.get(_name_of(request))
    if patterns is not None and not any(_fits(request.path, pattern) for pattern in patterns):
        raise NotFoundError("the name that was asked answers nothing at this path here")


def _name_of(request: web.BaseRequest) -> str:
    """Return the host that is asked, without its port, as `ANSWERED` spells it."""
    # RFC 9112 section 3.2.2: what stands in the request line outranks the field.
    absolute = _ABSOLUTE.match(request.raw_path)
    named = absolute[1] if absolute else request.headers.get("Host", "")
    host, colon, number = named.rpartition(":")
    if colon and (number.isdecimal() or not number):
        named = host
    return named.lower().removesuffix(".")


def _fits(path: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return path.startswith(pattern[:-1])
    return path == pattern
