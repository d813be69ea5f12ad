"""The addresses of this machine that others in the room can type."""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.config import ListenAddress, Settings

# netdevice(7): asks the kernel for the IPv4 address of an interface; nothing is sent.
_SIOCGIFADDR: Final = 0x8915
_IPV6_TABLE: Final = Path("/proc/net/if_inet6")
_GLOBAL_SCOPE: Final = "00"


def own_url(settings: Settings) -> str | None:
    """Return the address that documents of this mirror give their clients, if there is one.

    It is ``public_url``, or else the address that is listened on where that is one certain
    address: not all of this machine's, and no TCP port that the system chooses.
    """
    if settings.public_url is not None:
        return settings.public_url
    listen = settings.listen
    if not listen.number:
        return None
    try:
        everywhere = ipaddress.ip_address(listen.host).is_unspecified
    except ValueError:
        everywhere = False
    return None if everywhere else f"http://{listen}"


def typed_urls(listen: ListenAddress, scheme: str = "http") -> list[str]:
    """Return the URLs under which *listen* can be reached, one for each of our addresses."""
    try:
        address = ipaddress.ip_address(listen.host)
    except ValueError:
        return [f"{scheme}://{listen}"]
    if not address.is_unspecified:
        return [f"{scheme}://{listen}"]
    found = [*_ipv4_addresses(), *(_ipv6_addresses() if address.version == 6 else ())]  # noqa: PLR2004 - IPv6
    return [f"{scheme}://{host}:{listen.number}" for host in found] or [f"{scheme}://{listen}"]


def _ipv4_addresses() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)
            except OSError:
                continue  # an interface without an IPv4 address
            address = ipaddress.IPv4Address(answer[20:24])
            if not address.is_loopback:
                yield str(address)


def _ipv6_addresses() -> Iterator[str]:
    try:
        lines = _IPV6_TABLE.read_text(encoding="ascii").splitlines()
    except OSError:
        return
    for line in lines:
        digits, _, _, scope, *_ = line.split()
        if scope == _GLOBAL_SCOPE:
            yield f"[{ipaddress.IPv6Address(bytes.fromhex(digits))}]"
