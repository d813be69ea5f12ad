"""First sight leaves evidence in the ledger: who gave the bytes, and what page led to them."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.storage.entries import START, Evidence, Sighting
from mirror.storage.lines import write_lines
from mirror.upstream.fetch.testimony import MOST_BYTES, MOST_HEADERS
from mirror.upstream.surroundings import Surroundings
from tests.replica import Replica
from tests.replica.certificates import make_certificate
from tests.storage.samples import sighting
from tests.sync.node import TestNode, node_at

if TYPE_CHECKING:
    from pathlib import Path

PICO = "RPI_PICO-20260406-v1.28.0.uf2"


def site() -> Replica:
    """Return a site of one board with a release."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    return replica


async def sightings(node: TestNode) -> list[Sighting]:
    """Return what the ledger says was accepted, in order."""
    entries = [one.entry async for one in node.store.ledger.entries()]
    return [entry for entry in entries if isinstance(entry, Sighting)]


async def evidence(node: TestNode) -> Evidence:
    """Return the evidence of the one sighting there is."""
    [seen] = await sightings(node)
    assert seen.evidence is not None
    return seen.evidence


async def test_over_tls_first_sight_names_peer_certificate_headers_and_page(
    tmp_path: Path,
) -> None:
    context, file = make_certificate(tmp_path)
    replica = site()
    async with replica.running(tls=context) as url, node_at(tmp_path / "data", url) as node:
        node.surroundings = Surroundings(ca_files=(file,))
        outcome = await node.sync()
        found = await evidence(node)
        page = await node.store.index.find_page(f"{url}/download/RPI_PICO/")

        assert outcome.exit_status == 0
        assert found.peer == url.removeprefix("https://")
        der = ssl.PEM_cert_to_DER_cert(file.read_text())
        assert found.certificate == Digest(hashlib.sha256(der).hexdigest())
        assert page is not None
        assert found.page == page.digest
        assert "Date" in dict(found.headers)


async def test_without_tls_there_is_no_certificate(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()

        assert (await evidence(node)).certificate is None


async def test_evidence_takes_less_than_half_a_kilobyte_of_the_ledger(tmp_path: Path) -> None:
    """Over TLS, where there is most of it; the index does not grow by it."""
    context, file = make_certificate(tmp_path)
    replica = site()
    async with replica.running(tls=context) as url, node_at(tmp_path / "data", url) as node:
        node.surroundings = Surroundings(ca_files=(file,))
        await node.sync()
        [seen] = await sightings(node)
        without = replace(seen, evidence=None)
        [long, short] = write_lines([seen, without], node.store.ledger.head)[1]

        assert 100 < len(long) - len(short) < 400
        assert await node.store.index.find_sighting(PICO) == without


def test_the_most_that_evidence_can_take_is_less_than_a_kilobyte() -> None:
    name, value = "X-Served-By", "x" * 13
    most = Evidence(
        peer="[2001:0db8:0000:0000:0000:0000:0000:0001]:65535",
        certificate=Digest.of(b"certificate"),
        page=Digest.of(b"page"),
        headers=((name, value),) * MOST_HEADERS,
    )
    seen = sighting(PICO, b"data")
    [long, short] = write_lines([replace(seen, evidence=most), seen], START)[1]

    assert len(name + value) * MOST_HEADERS == MOST_BYTES
    assert len(long) - len(short) < 600
