"""Certificates of the tests' own, made on the spot, and clients that trust them."""

from __future__ import annotations

import ssl
import subprocess
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.web.app import SHELF, Serving, make_app
from mirror.web.certificates import CertificateFiles, Certificates
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from mirror.web.tls import Encrypted
from tests.web.client import Client
from tests.web.conftest import NODE, Site, status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirror.web.connections import Limits
    from mirror.web.holdings import Holdings

_OPENSSL: Final = (
    *("openssl", "req", "-x509", "-nodes", "-days", "2"),
    *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
)


@dataclass(frozen=True, slots=True)
class Papers:
    """A certificate for 127.0.0.1 and *host* in a folder of its own."""

    folder: Path
    host: str = "mirror.lab"

    @property
    def certificate(self) -> Path:
        """The certificate, which signs itself."""
        return self.folder / "certificate.pem"

    @property
    def key(self) -> Path:
        """Its private key."""
        return self.folder / "key.pem"

    @property
    def files(self) -> CertificateFiles:
        """Where a server finds them."""
        return CertificateFiles(self.folder / "none", (self.certificate, self.key))

    def make(self) -> Papers:
        """Make them, or others in their place."""
        self.folder.mkdir(exist_ok=True)
        files = ["-keyout", str(self.key), "-out", str(self.certificate)]
        names = f"subjectAltName=IP:127.0.0.1,DNS:{self.host}"
        subprocess.run(  # noqa: S603 - fixed words
            [*_OPENSSL, "-subj", f"/CN={self.host}", "-addext", names, *files],
            check=True,
            capture_output=True,
        )
        return self

    def trusted(self) -> ssl.SSLContext:
        """Return the context of a client that trusts this certificate and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))


@dataclass(frozen=True, slots=True)
class TlsSite:
    """A server over TLS; *site* is the same over plain HTTP."""

    client: Client
    site: Site
    certificates: Certificates
    proxy: int


@asynccontextmanager
async def encrypted(
    store: Holdings, papers: Papers, limits: Limits | None = None
) -> AsyncIterator[TlsSite]:
    """Serve *store* over TLS and beside it over plain HTTP."""
    certificates = Certificates(papers.files)
    certificates.load()
    app = make_app(store, Serving(node=NODE, status=status))
    plain, secret, tunnels = [await tcp_sockets("127.0.0.1", 0) for _ in range(3)]
    numbers = [sockets[0].getsockname()[1] for sockets in (plain, secret, tunnels)]
    async with serving(app, plain, limits, Encrypted(secret, certificates, tunnels)):
        yield TlsSite(
            Client(numbers[1], papers.trusted()),
            Site(Client(numbers[0]), app[SHELF]),
            certificates,
            numbers[2],
        )
