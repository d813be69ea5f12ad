"""What is kept of an answer is small, names who gave it, and gives no secret away."""

from __future__ import annotations

import hashlib
import ssl
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from mirror.upstream.fetch import Fetcher, Surroundings
from mirror.upstream.fetch.testimony import (
    MOST_BYTES,
    MOST_HEADERS,
    address_of,
    headers_worth_keeping,
)
from tests.upstream.certificates import make_certificate
from tests.upstream.conftest import making
from tests.upstream.doubles import Clock, FilePartial
from tests.upstream.scripted import Scripted, reply

if TYPE_CHECKING:
    from pathlib import Path


async def test_over_tls_the_certificate_is_known_by_its_digest(
    tmp_path: Path, partial: FilePartial
) -> None:
    """The SHA-256 of its DER form, as other tools print it."""
    certificate = make_certificate(tmp_path)
    upstream = Scripted()
    upstream.answer("/f.bin", reply(200, b"firmware"))
    async with upstream.running(certificate.context):
        base = f"https://localhost:{upstream.listen}"
        async with making(base, Clock(), surroundings=_trusting(certificate.file)) as fetcher:
            download = await fetcher.download(f"{base}/f.bin", partial)

    der = ssl.PEM_cert_to_DER_cert(certificate.file.read_text())
    assert download.certificate is not None
    assert download.certificate.hex == hashlib.sha256(der).hexdigest()
    assert download.peer == f"127.0.0.1:{upstream.listen}"


async def test_without_tls_there_is_no_certificate_and_no_cookie_is_kept(
    upstream: Scripted, base: str, fetcher: Fetcher, partial: FilePartial
) -> None:
    upstream.answer("/f.bin", reply(200, b"x", "Server: nginx", "Set-Cookie: a=b", "Via: one"))

    download = await fetcher.download(f"{base}/f.bin", partial)

    assert download.certificate is None
    assert download.headers == (("Server", "nginx"), ("Via", "one"))


@given(st.lists(st.tuples(st.text(max_size=50), st.text(max_size=300)), max_size=60))
def test_whatever_is_sent_what_is_kept_stays_small_and_plain(
    headers: list[tuple[str, str]],
) -> None:
    kept = headers_worth_keeping(headers)

    assert len(kept) <= MOST_HEADERS
    assert sum(len(name) + len(value) for name, value in kept) <= MOST_BYTES
    assert all(f"{name}{value}".isascii() for name, value in kept)
    assert all(f"{name}{value}".isprintable() for name, value in kept)


def test_an_address_of_version_six_is_told_from_its_tcp_port() -> None:
    assert address_of(("::1", 443, 0, 0)) == "[::1]:443"
    assert address_of(("192.0.2.1", 80)) == "192.0.2.1:80"
    assert address_of(None) is None


def _trusting(file: Path) -> Surroundings:
    async def resolve(_host: str, _listen: int) -> list[str]:
        return ["127.0.0.1"]

    return Surroundings(ca_files=(file,), resolve=resolve, private=True)
