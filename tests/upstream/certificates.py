"""A certificate authority of our own for two names, made anew with openssl."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

OPENSSL = shutil.which("openssl")
REQUEST = (
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
    "-addext subjectAltName=DNS:localhost,DNS:upstream.example.org"
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A self-signed certificate for both names, and the server context that shows it."""

    file: Path
    context: ssl.SSLContext


def make_certificate(folder: Path) -> Certificate:
    """Make it in *folder*; skip the test where there is no openssl."""
    if OPENSSL is None:
        pytest.skip("no openssl here to make a certificate with")
    file, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(  # noqa: S603 - our own arguments
        [OPENSSL, *REQUEST.split(), "-keyout", str(key), "-out", str(file)],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return Certificate(file, context)
