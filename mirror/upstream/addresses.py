"""Which addresses may be connected to, decided after resolution.

A name can resolve to anything: to this machine, to a router, to a cloud's metadata
service.  So every address is judged, and one bad address among good ones refuses the
name: whoever controls such an answer controls which one is used.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

from mirror.errors import AddressRefusedError
from mirror.frozen import dataclass

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host name and a TCP port to the addresses of that name; `OSError` if there is none."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


@dataclass(frozen=True, slots=True)
class AddressRule:
    """What the configured upstream allows.

    *host* is its host: a literal address there allows exactly this address, ``localhost``
    allows loopback.  *private* allows addresses of private networks besides public ones.
    *typed* allows every address: a person at this machine typed the name, and means it.
    """

    host: str
    private: bool = False
    typed: bool = False

    def admit(self, host: str, addresses: Sequence[str]) -> None:
        """Raise `AddressRefusedError` unless every one of *addresses* of *host* is allowed."""
        for address in addresses:
            objection = self._objection(address)
            if objection:
                raise AddressRefusedError(
                    f"{host} resolves to {address}, {objection}: refused; if that is meant, "
                    "name the address itself in the upstream URL"
                )

    def _objection(self, address: str) -> str | None:
        objection = objection_to(address)
        if objection is None or self.typed or _same(address, self.host):
            return None
        allowed = {"a loopback address"} if self.host == "localhost" else set()
        allowed |= {"a private address"} if self.private else set()
        return None if objection in allowed else objection


def objection_to(address: str) -> str | None:
    """Return what speaks against *address* (``a loopback address``), None if it is public."""
    try:
        parsed = _unwrapped(ipaddress.ip_address(address))
    except ValueError:
        return "which is not an address"
    kinds = (
        (parsed.is_loopback, "a loopback address"),
        (parsed.is_unspecified, "the unspecified address"),
        (parsed.is_link_local, "a link-local address"),
        (parsed.is_multicast, "a multicast address"),
        (parsed.is_reserved, "a reserved address"),
        (parsed.is_private, "a private address"),
        (not parsed.is_global, "a shared address"),
    )
    return next((text for holds, text in kinds if holds), None)


async def system_resolve(host: str, listen: int) -> tuple[str, ...]:
    """Ask the system for the addresses of *host*; raise `OSError` if it knows none."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, listen, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"not a host name: {host[:80]!r}") from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _unwrapped(address: _Address) -> _Address:
    """Return the IPv4 address that an IPv6 address stands for, where it stands for one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _same(address: str, literal: str) -> bool:
    try:
        return ipaddress.ip_address(address) == ipaddress.ip_address(literal)
    except ValueError:
        return False
