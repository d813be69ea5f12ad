"""Where to listen and which site to ask, as values that are checked when made."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mirror.catalog.values import TextValue
from mirror.errors import ConfigurationError, MalformedValueError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")
_LISTEN = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[^\[\]:]+)):(?P<number>[0-9]{1,5})")
_UNIX = "unix:"

#: sun_path holds 108 bytes on Linux, the last of them NUL (unix(7)).
MAX_SOCKET_PATH = 107
_MAX_TCP_PORT = 65_535


@dataclass(frozen=True, slots=True)
class ListenAddress(TextValue):
    """A TCP address to listen on: ``127.0.0.1:8080``, ``[::1]:8080``, ``localhost:0``.

    ``number`` is the TCP port; 0 lets the system choose one.
    """

    host: str
    number: int

    @classmethod
    def parse(cls, text: str) -> ListenAddress:
        """Read ``HOST:NUMBER``; raise `MalformedValueError` for anything else."""
        found = _LISTEN.fullmatch(text)
        if found is None or int(found["number"]) > _MAX_TCP_PORT:
            raise MalformedValueError(
                f'expected an address such as "127.0.0.1:8080" or "[::]:8080", not {text[:80]!r}'
            )
        return cls(_checked_host(found["six"] or found["host"]), int(found["number"]))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.number}"

    @property
    def only_here(self) -> bool:
        """Whether nobody but this machine can reach the address."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True, slots=True)
class SocketAddress(TextValue):
    """A Unix socket to listen on: ``unix:/run/mpmirror/admin.sock``."""

    path: Path

    def __post_init__(self) -> None:
        """Refuse a path that the system would cut or refuse later, in worse words."""
        size = len(str(self.path).encode(errors="surrogateescape"))
        if size > MAX_SOCKET_PATH:
            raise MalformedValueError(
                f"a socket path has at most {MAX_SOCKET_PATH} bytes, this one {size}: choose a "
                f'shorter one, such as "unix:/run/mpmirror/admin.sock", not {self.path}'
            )

    @classmethod
    def parse(cls, text: str) -> SocketAddress:
        """Read ``unix:PATH``; raise `MalformedValueError` for anything else."""
        path = text.removeprefix(_UNIX)
        if path in ("", text) or "\0" in path:
            raise MalformedValueError(
                f'expected a Unix socket such as "unix:/run/mpmirror/admin.sock", not {text[:80]!r}'
            )
        return cls(Path(path))

    def __str__(self) -> str:
        return f"{_UNIX}{self.path}"


def parse_base_url(text: str) -> str:
    """Return the http(s) URL *text* without its final slash.

    A path is refused: MicroPython's pages and flashing clients build every address from
    the root.  So are a user name, a query and a fragment.  Raises `ConfigurationError`.
    """
    if re.search(r"[^!-~]|\\", text):
        raise _not_a_url(text)
    try:
        url = urlsplit(text)
        tcp_port = url.port
    except ValueError as error:
        raise _not_a_url(text) from error
    if url.scheme not in {"http", "https"} or not url.hostname or "@" in url.netloc:
        raise _not_a_url(text)
    if url.path not in {"", "/"} or "?" in text or "#" in text:
        raise ConfigurationError(f"expected the root of a site, without a path, not {text[:80]!r}")
    host = _checked_url_host(url.hostname, text)
    return f"{url.scheme}://{host}" + (f":{tcp_port}" if tcp_port is not None else "")


def leads_to(url: str | None, allowed: Collection[IpAddress]) -> bool:
    """Whether *url*, if there is one, names one of these addresses itself."""
    if url is None:
        return True
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "") in allowed
    except ValueError:
        return False


def _checked_host(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        pass
    if _HOST.fullmatch(text) is None or text.replace(".", "").isdigit():
        raise MalformedValueError(f"expected a host name or an IP address, not {text[:80]!r}")
    return text


def _checked_url_host(host: str, text: str) -> str:
    try:
        host = _checked_host(host)
    except MalformedValueError as error:
        raise _not_a_url(text) from error
    return f"[{host}]" if ":" in host else host


def _not_a_url(text: str) -> ConfigurationError:
    return ConfigurationError(f'expected a URL such as "https://mirror.lab", not {text[:80]!r}')
