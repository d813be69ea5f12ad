"""A replica behind TLS is the same replica."""

from __future__ import annotations

import shutil
import ssl
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.replica import Misbehaviour, Replica
from tests.replica.certificates import make_certificate

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")


@pytest.fixture
def pico() -> Replica:
    """A Pico with one release."""
    replica = Replica.of("RPI_PICO", size=300_000)
    replica.release("RPI_PICO", "v1.28.0")
    return replica


async def test_files_made_and_files_on_disk_come_over_tls(
    pico: Replica, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    server, certificate = make_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=certificate)
    async with pico.running(tls=server) as url:
        file = url + pico.path_of(pico.names()[0])
        async with client.get(file, ssl=trusting) as answer:
            made = await answer.read()
        await pico.unpack(tmp_path)
        async with client.get(file, ssl=trusting) as answer:
            sent = await answer.read()

    assert url.startswith("https://127.0.0.1:")
    assert made == sent
    assert len(sent) > 600_000


async def test_it_is_trusted_by_nobody_who_was_not_told(
    pico: Replica, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    server, _ = make_certificate(tmp_path)
    async with pico.running(tls=server) as url:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await client.get(url)


async def test_it_can_lead_to_a_lower_scheme(
    pico: Replica, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    server, certificate = make_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=certificate)
    pico.misbehave("RPI_PICO", Misbehaviour.REDIRECT_TO_LOWER_SCHEME)
    async with (
        pico.running(tls=server) as url,
        client.get(f"{url}/download/RPI_PICO/", ssl=trusting, allow_redirects=False) as answer,
    ):
        pass

    assert answer.headers["Location"].startswith("http://")
