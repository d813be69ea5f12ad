"""Over TLS everything is as without it: bytes, limits, ends; and certificates change alive."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import ssl
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from mirror.errors import ConfigurationError
from mirror.web.certificates import CertificateFiles, Certificates
from mirror.web.connections import Limits
from tests.web.building import ESP, PICO, Builder, image
from tests.web.papers import Papers, TlsSite, encrypted
from tests.web.test_blob_response import TABLE, blob, none_open
from tests.web.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PATH: Final = f"/resources/firmware/{PICO}"
LARGE: Final = image(ESP, 20_000_000)
CURL: Final = shutil.which("curl")
OPENSSL: Final = shutil.which("openssl")

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="no openssl to make a certificate with")


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    """A certificate for 127.0.0.1."""
    return Papers(tmp_path / "papers").make()


@pytest.fixture
async def site(builder: Builder, papers: Papers) -> AsyncIterator[TlsSite]:
    """The usual images, served over TLS."""
    async with encrypted(builder.store, papers) as site:
        yield site


async def run(*words: str) -> bytes:
    """Return what a program writes."""
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    return out


async def shown(site: TlsSite) -> bytes:
    """Return the digest of the certificate that a new connection is shown."""
    async with site.client.connected() as line:
        transport = line.writer.get_extra_info("ssl_object")
        return hashlib.sha256(transport.getpeercert(binary_form=True)).digest()


async def test_every_conditional_request_is_answered_as_over_plain_http(site: TlsSite) -> None:
    """One connection takes the whole table: no answer is longer or shorter than it says."""
    async with site.client.connected() as line:
        for fields, expected in TABLE:
            await line.ask(PATH, **fields)
            got = await line.answer()

            assert expected == (got.status, got.fields.get("content-range"), got.body), fields


@pytest.mark.skipif(CURL is None, reason="no curl")
async def test_curl_takes_a_large_file_whole_and_resumes_it(
    builder: Builder, papers: Papers, tmp_path: Path
) -> None:
    await builder.publish({ESP: LARGE})
    target = tmp_path / "out"
    async with encrypted(builder.store, papers) as site:
        url = f"https://127.0.0.1:{site.client.number}/v1/files/{ESP}"
        asked = ("curl", "-sS", "--cacert", str(papers.certificate), url, "-o", str(target))
        said = await run(*asked)
        whole = target.read_bytes()
        target.write_bytes(LARGE[:7_654_321])
        said += await run(*asked, "-C", "-")

    assert said == b""
    assert whole == LARGE
    assert target.read_bytes() == LARGE


@pytest.mark.parametrize(
    ("version", "taken"), [("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)]
)
async def test_old_versions_of_tls_are_refused(
    site: TlsSite,
    version: str,
    taken: bool,  # noqa: FBT001 - a row of a table
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT@SECLEVEL=0")  # so that it is not the client who refuses
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    try:
        got = await type(site.client)(site.client.number, context).get("/healthz")
    except OSError:
        got = None

    assert (got is not None and got.status == 200) == taken


async def test_what_is_no_handshake_disturbs_nobody(site: TlsSite) -> None:
    """Plain HTTP, noise, and who leaves in the middle of the handshake."""
    plain = type(site.client)(site.client.number)
    for words in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", bytes(300)):
        async with plain.connected() as line:
            await line.send(words)
            line.writer.write_eof()
            await line.rest()

    assert (await site.client.get("/healthz")).status == 200


async def test_who_says_nothing_takes_the_room_of_one_connection_only_for_a_while(
    builder: Builder, papers: Papers
) -> None:
    """Unfinished handshakes count as connections: there is room again when they have gone."""
    async with encrypted(builder.store, papers, Limits(connections=2)) as site:
        plain = type(site.client)(site.client.number)
        async with plain.connected(), plain.connected():
            await asyncio.sleep(0.1)
            full = await site.client.is_answered()
        await until(site.client.is_answered)

    assert not full


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["silent", "cut short"])
async def test_slow_handshakes_make_room_for_who_comes_from_elsewhere(
    builder: Builder, papers: Papers, said: bytes
) -> None:
    """The oldest of them goes; who comes shakes hands, asks, and is answered."""
    async with encrypted(builder.store, papers, Limits(connections=3, moment=0)) as site:
        plain = type(site.client)(site.client.number)
        async with plain.connected() as first, plain.connected() as second, plain.connected():
            for line in (first, second):
                await line.send(said)
            await asyncio.sleep(0.1)
            answers = [
                await asked_by(f"127.0.0.{number}", site.client.number, papers) for number in (2, 3)
            ]
            gone = await first.rest()

    assert answers == [b"HTTP/1.1 200", b"HTTP/1.1 200"]
    assert gone == b""


async def asked_by(address: str, number: int, papers: Papers) -> bytes:
    """Return how the answer begins that a client at *address* of this machine gets over TLS."""
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", number, local_addr=(address, 0), ssl=papers.trusted()
        )
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    return answer[:12]


async def test_a_client_that_takes_nothing_is_cut_off_and_the_blob_closed(
    builder: Builder, papers: Papers, data: Path
) -> None:
    await builder.publish({ESP: LARGE})
    async with (
        encrypted(builder.store, papers, Limits(stall=0.3)) as site,
        site.client.connected() as line,
    ):
        await line.ask(f"/v1/files/{ESP}")
        await line.reader.readuntil(b"\r\n\r\n")
        line.writer.transport.pause_reading()  # type: ignore[attr-defined]  # it is one
        await until(lambda: none_open(data))
        line.writer.transport.resume_reading()  # type: ignore[attr-defined]  # it is one
        received = await line.rest()

    assert len(received) < len(LARGE)


async def test_a_file_that_is_written_to_while_it_is_sent_breaks_the_connection(
    builder: Builder, papers: Papers, data: Path
) -> None:
    await builder.publish({ESP: LARGE})
    path = blob(data, LARGE)
    async with encrypted(builder.store, papers) as site, site.client.connected() as line:
        await line.ask(f"/v1/files/{ESP}")
        await line.reader.readuntil(b"\r\n\r\n")
        path.chmod(0o644)
        with path.open("r+b") as file:
            file.seek(len(LARGE) - 1)
            file.write(b"X")
        received = await line.rest()

    assert received == LARGE[: len(received)]
    assert len(received) < len(LARGE)


async def test_new_certificates_are_shown_and_connections_go_on(
    site: TlsSite, papers: Papers
) -> None:
    before = await shown(site)
    async with site.client.connected() as line:
        papers.make()
        site.certificates.load()
        await line.ask(PATH)
        kept = await line.answer()
    renewed = replace(site, client=replace(site.client, trusted=papers.trusted()))

    assert kept.body == image(PICO)
    assert await shown(renewed) != before


BROKEN: Final = {
    "the key of another": "the key is of another certificate",
    "nothing": "is not there",
    "noise": "not PEM, or damaged",
    "a password": "the key has a password",
}


@pytest.mark.parametrize("damage", BROKEN)
async def test_certificates_that_can_not_be_used_change_nothing(
    site: TlsSite, papers: Papers, tmp_path: Path, damage: str
) -> None:
    before = await shown(site)
    match damage:
        case "the key of another":
            papers.key.write_bytes(Papers(tmp_path / "other").make().key.read_bytes())
        case "nothing":
            papers.key.unlink()
        case "noise":
            papers.certificate.write_bytes(b"noise")
        case _:
            await run(
                *("openssl", "ec", "-aes256", "-passout", "pass:secret"),
                *("-in", str(papers.key), "-out", str(papers.key)),
            )
    with pytest.raises(ConfigurationError, match=BROKEN[damage]):
        site.certificates.load()

    assert await shown(site) == before


def test_without_any_certificate_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="mpmirror lab-ca"):
        Certificates(CertificateFiles(tmp_path)).load()
