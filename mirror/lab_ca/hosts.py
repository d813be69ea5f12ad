"""The hosts that an authority may vouch for: exactly those asked for, spelled one way."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import TYPE_CHECKING, Final

from mirror.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

_LABEL: Final = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_HOST: Final = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_LONGEST: Final = 253
_MOST: Final = 20
_SHORT: Final = 6


def read_hosts(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the hosts in *texts*, each once, in order; raise `ConfigurationError` for others."""
    hosts = sorted({_read(text) for text in texts})
    if not 1 <= len(hosts) <= _MOST:
        raise ConfigurationError(f"expected 1 to {_MOST} hosts, not {len(hosts)}")
    return tuple(hosts)


def name_of(hosts: tuple[str, ...]) -> str:
    """Return the name of the folder for what is issued for *hosts*."""
    digest = hashlib.sha256(" ".join(hosts).encode()).hexdigest()
    return f"{hosts[0]}-{digest[:_SHORT]}"


def _read(text: str) -> str:
    host = text.lower().removesuffix(".")
    if _is_address(host):
        raise ConfigurationError(
            f"{text[:80]!r} is an address: an authority vouches for names only, such as mirror.lab"
        )
    if "*" in host:
        raise ConfigurationError(f"{text[:80]!r}: name each host, there are no patterns here")
    # One label alone would be a whole top-level domain to whoever knows it as one.
    if len(host) > _LONGEST or _HOST.fullmatch(host) is None:
        raise ConfigurationError(
            f"expected the name of a host with a dot in it, such as mirror.lab, not {text[:80]!r}"
        )
    return host


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        # A resolver may take "127.1" and "2130706433" for addresses too.
        return text.replace(".", "").isdigit()
    return True
