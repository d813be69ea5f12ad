"""Where a hook leads: an http(s) address that is posted to, or an address that Apprise knows.

An address of a hook is a secret as often as not, so that its text is shown nowhere: only the
scheme and the host are.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import field
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mirror.errors import ConfigurationError
from mirror.frozen import dataclass
from mirror.hooks.kinds import USUAL, Kind
from mirror.hooks.signing import Secrets

if TYPE_CHECKING:
    from collections.abc import Collection

_MOST_URL: Final = 2000
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]{0,31})://(.*)", re.DOTALL)
_WEB: Final = ("http", "https")
_TCP_PORTS: Final = {"http": 80, "https": 443}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Url:
    """The address of a hook; ``str`` shows what may be shown of it."""

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no address, in words that do not show it."""
        found = _SCHEME.fullmatch(self.text)
        if found is None or len(self.text) > _MOST_URL or re.search(r"[^!-~]", self.text):
            raise ConfigurationError(
                "expected an address such as https://chat.lab/hooks/1, or one of Apprise such as"
                " mailto://…"
            )
        if self.is_web and (not self.host or "@" in urlsplit(self.text).netloc):
            raise ConfigurationError(
                "expected an http(s) address with a host, and without a user name or password"
            )

    @property
    def scheme(self) -> str:
        """What stands before ``://``."""
        return self.text.partition("://")[0]

    @property
    def is_web(self) -> bool:
        """Whether it is posted to; else it is Apprise's."""
        return self.scheme in _WEB

    @property
    def host(self) -> str:
        """The host of an http(s) address; nothing where there is none."""
        try:
            parts = urlsplit(self.text)
            wrong = parts.port == 0
        except ValueError:
            return ""
        return "" if wrong else parts.hostname or ""

    @property
    def number(self) -> int:
        """The TCP port of an http(s) address."""
        return urlsplit(self.text).port or _TCP_PORTS[self.scheme]

    def __str__(self) -> str:
        if not self.is_web:
            return f"{self.scheme}://…"
        parts = urlsplit(self.text)
        more = "/…" if parts.path not in {"", "/"} or parts.query or parts.fragment else ""
        return f"{self.scheme}://{parts.netloc}{more}"

    def refuse_sealed(self, allowed: Collection[Address]) -> None:
        """Raise `ConfigurationError` unless an offline node may connect to it (P9)."""
        if not self.is_web:
            raise ConfigurationError(
                "offline = true: what Apprise connects to can not be bounded; use an http(s)"
                " address of offline_allow"
            )
        if not _is_one_of(self.host, allowed):
            raise ConfigurationError(
                "offline = true: a hook leads to a literal address of offline_allow, and no other"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A hook, ready to be told *events*: its *name*, its address, and its secrets."""

    name: str
    url: Url
    events: frozenset[Kind] = frozenset(USUAL)
    secrets: Secrets = field(default_factory=Secrets)
    give_up_after: timedelta = timedelta(days=3)


def _is_one_of(host: str, allowed: Collection[Address]) -> bool:
    try:
        return ipaddress.ip_address(host) in allowed
    except ValueError:
        return False
