"""A certificate for 127.0.0.1, made on the spot by ``openssl``, for a replica behind TLS."""

from __future__ import annotations

import ssl
import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_OPENSSL: Final = (
    *("openssl", "req", "-x509", "-nodes", "-days", "2"),
    *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
)


def make_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return what `Replica.running` takes as *tls*, and the file that a client has to trust.

    Both are made in *folder*.  Blocks for a few milliseconds.
    """
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*_OPENSSL, *files], check=True, capture_output=True)  # noqa: S603 - fixed words
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context, certificate
