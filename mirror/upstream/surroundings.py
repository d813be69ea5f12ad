"""What stands between this machine and upstream: proxies, certificates, names.

The environment is handed in by the composition root; this module reads nothing by
itself.  Through a proxy it is the proxy that resolves upstream's name, so the addresses
that are checked are then the proxy's own, which is whatever the operator set.
"""

from __future__ import annotations

import base64
import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mirror.errors import ConfigurationError
from mirror.frozen import dataclass
from mirror.upstream.addresses import Resolve, system_resolve

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: its URL without credentials, and the header that carries them."""

    url: str
    host: str
    listen: int
    authorization: str | None = None

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """Read ``http://[user:password@]host[:port]``; raise `ConfigurationError` otherwise.

        The message never shows the text: it may hold a password.
        """
        try:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            host, listen = parts.hostname or "", parts.port or 80
        except ValueError as error:
            raise ConfigurationError("the proxy is not a URL") from error
        if parts.scheme != "http" or not host:
            raise ConfigurationError("a proxy must be an http:// URL with a host")
        name = f"[{host}]" if ":" in host else host
        return cls(f"http://{name}:{listen}", host, listen, _basic(parts.username, parts.password))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Proxies per scheme, hosts to reach without, extra CA files, and how names resolve.

    ``private``: upstream's name may resolve to an address of a private network; ``typed``: to
    any address at all, for a person at this machine typed it.
    """

    http_proxy: Proxy | None = None
    https_proxy: Proxy | None = None
    no_proxy: tuple[str, ...] = ()
    ca_files: tuple[Path, ...] = ()
    resolve: Resolve = system_resolve
    private: bool = False
    typed: bool = False

    @classmethod
    def read(
        cls, environment: Mapping[str, str], *, private: bool = False, typed: bool = False
    ) -> Surroundings:
        """Read the customary variables, lower case before upper case as curl does.

        ``http_proxy``, ``https_proxy``, ``no_proxy``, ``SSL_CERT_FILE`` and
        ``REQUESTS_CA_BUNDLE``; raises `ConfigurationError` naming the bad one.
        """
        return cls(
            http_proxy=_proxy(environment, "http_proxy"),
            https_proxy=_proxy(environment, "https_proxy"),
            no_proxy=tuple(_value(environment, "no_proxy").lower().replace(",", " ").split()),
            ca_files=_ca_files(environment),
            private=private,
            typed=typed,
        )

    def proxy_for(self, scheme: str, host: str, listen: int) -> Proxy | None:
        """Return the proxy for a request, None to connect directly.

        This machine's own loopback is always reached directly: from a proxy it is another.
        """
        direct = _is_loopback(host) or any(_matches(rule, host, listen) for rule in self.no_proxy)
        if direct:
            return None
        return self.https_proxy if scheme == "https" else self.http_proxy


def _value(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""


def _proxy(environment: Mapping[str, str], name: str) -> Proxy | None:
    text = _value(environment, name).strip()
    if not text:
        return None
    try:
        return Proxy.parse(text)
    except ConfigurationError as error:
        raise ConfigurationError(f"{name.upper()}: {error}") from error


def _ca_files(environment: Mapping[str, str]) -> tuple[Path, ...]:
    names = (environment.get(key, "") for key in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
    return tuple(dict.fromkeys(Path(name) for name in names if name))


def _basic(user: str | None, password: str | None) -> str | None:
    if user is None:
        return None
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return "Basic " + base64.b64encode(pair).decode("ascii")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _matches(rule: str, host: str, listen: int) -> bool:
    if rule == "*":
        return True
    if _in_network(rule, host):
        return True
    name, _, port = rule.partition(":")
    if port and port != str(listen):
        return False
    suffix = name.removeprefix("*").removeprefix(".")
    return bool(suffix) and (host == suffix or host.endswith(f".{suffix}"))


def _in_network(rule: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(rule.strip("[]"), strict=False)
    except ValueError:
        return False
