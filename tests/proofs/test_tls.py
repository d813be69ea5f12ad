"""The daemon over TLS, alone and with workers: certificates change while it serves."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from tests.proofs.program import send
from tests.web.client import Client
from tests.web.papers import Papers
from tests.web.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proofs.program import Daemon, Program

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.programs]

CURL: Final = shutil.which("curl")
_PROXY: Final = re.compile(r"HTTPS_PROXY=(\S+)")
_NUMBER: Final = re.compile(r"https://127\.0\.0\.1:([0-9]+)")


@pytest.fixture
def papers(place: Path) -> Papers:
    """A certificate for 127.0.0.1."""
    return Papers(place / "papers", "micropython.org").make()


@pytest.fixture
def encrypted(program: Program, papers: Papers) -> Program:
    """The real program, which has nothing to do but to serve over TLS."""
    settings = {
        "MPMIRROR_OFFLINE": "true",
        "MPMIRROR_TLS__LISTEN": "127.0.0.1:0, 127.0.0.1:0",
        "MPMIRROR_TLS__PROXY_LISTEN": "127.0.0.1:0",
        "MPMIRROR_TLS__CERTIFICATE": str(papers.certificate),
        "MPMIRROR_TLS__KEY": str(papers.key),
    }
    return replace(program, settings=settings)


async def doors(daemon: Daemon, papers: Papers) -> list[Client]:
    """Return a client of each address that is served over TLS."""
    await daemon.says("Data: ")
    numbers = [int(found[1]) for line in daemon.lines if (found := _NUMBER.search(line))]
    return [Client(number, papers.trusted()) for number in numbers]


async def shown(client: Client) -> str:
    """Return the digest of the certificate that a new connection is shown."""
    async with client.connected() as line:
        certificate = line.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return hashlib.sha256(certificate).hexdigest()


@pytest.mark.parametrize("workers", ["0", "2"])
async def test_sighup_shows_new_certificates_and_drops_no_connection(
    encrypted: Program, papers: Papers, workers: str
) -> None:
    """Every process shows the new one soon; one that can not be used is said, and shown never."""
    async with encrypted.serving("--workers", workers) as daemon:
        clients = await doors(daemon, papers)
        await until(clients[0].is_answered, seconds=60)
        answers = [await client.get("/healthz") for client in clients]
        async with clients[0].connected() as line:
            papers.make()
            send(daemon.process, signal.SIGHUP)
            await daemon.says("SIGHUP: new connections are shown the certificates")
            renewed = replace(clients[0], trusted=papers.trusted())
            await until(lambda: all_trusted(renewed), seconds=60)
            await line.ask("/healthz")
            kept = await line.answer()
        good = papers.certificate.read_bytes()
        papers.certificate.write_bytes(b"noise")
        send(daemon.process, signal.SIGHUP)
        said = await daemon.says("SIGHUP: the certificate")
        stays = await all_trusted(renewed)
        papers.certificate.write_bytes(good)
        through = await curl(daemon, papers)
        stopped = await daemon.stop()

    assert [got.body for got in answers] == [b"alive\n"] * 2
    assert kept.body == b"alive\n"
    assert "can not be used: not PEM, or damaged" in said
    assert said.endswith("The certificates before stay.")
    assert stays
    assert through in (None, "200")
    assert stopped == 0


async def curl(daemon: Daemon, papers: Papers) -> str | None:
    """Ask micropython.org through the daemon's proxy; None where there is no curl."""
    if CURL is None:
        return None
    proxy = next(found[1] for line in daemon.lines if (found := _PROXY.search(line)))
    process = await asyncio.create_subprocess_exec(
        *(CURL, "-sS", "-o", os.devnull, "-w", "%{http_code}", "-x", proxy),
        *("--cacert", str(papers.certificate), "https://micropython.org/healthz"),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return out.decode()


async def all_trusted(client: Client) -> bool:
    """Whether each of many new connections is shown what *client* trusts."""
    try:
        return len({await shown(client) for _ in range(10)}) == 1
    except OSError:
        return False


async def test_a_daemon_does_not_begin_with_a_certificate_that_can_not_be_used(
    encrypted: Program, papers: Papers
) -> None:
    papers.key.unlink()
    ended = await encrypted.run("serve")

    assert ended.status == 2
    assert f"{papers.key} is not there" in ended.err
    assert ended.out == ""
