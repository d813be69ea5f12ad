"""Where clients find this node, and by which names: what `/setup` fills in."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from mirror.frozen import dataclass
from mirror.publication.setup.model import Place
from mirror.storage.certificates import find_host_sets, read_authorities
from mirror.web.certificates import CertificateFiles


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The node's own *url*, None while it has none; its certificates, None without TLS."""

    url: str | None = None
    certificates: CertificateFiles | None = None
    proxy: str | None = None

    def place(self) -> Place:
        """Return what clients are told; this blocks, shortly."""
        files = self.certificates
        hosts = [] if files is None else find_host_sets(files.folder)
        return Place(
            url=self.url,
            tls=files is not None,
            hosts=tuple(sorted({host for one in hosts for host in one.current.terms.hosts})),
            own_certificate=files is not None and files.own is not None,
            proxy=self.proxy,
            address=_literal(self.url),
        )

    def authorities(self) -> bytes:
        """Return the authorities that clients may trust, as PEM; this blocks, shortly."""
        return b"" if self.certificates is None else read_authorities(self.certificates.folder)


#: Of a node that knows nothing of itself.
NOWHERE: Final = Whereabouts()


def _literal(url: str | None) -> str | None:
    try:
        return str(ipaddress.ip_address(urlsplit(url or "").hostname or ""))
    except ValueError:
        return None
