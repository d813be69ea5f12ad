"""Who was given which bytes is written down as far as the operator wants, and no further."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mirror.catalog.values import Digest
from mirror.storage.deliveries import Deliveries, DeliveryTerms, shortened
from mirror.web.app import Serving
from mirror.web.delivered import add_terms, read_terms, spell_terms
from tests.web.building import PICO, USUAL, Builder
from tests.web.conftest import NODE, served, status

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.deliveries import Addresses
    from tests.web.client import Client

NOON = datetime(2026, 8, 24, 12, tzinfo=UTC)
SIZE = len(USUAL[PICO])
DIGEST = Digest.of(USUAL[PICO])
FILE = f"/v1/files/{PICO}"


def terms(folder: Path, addresses: Addresses = "prefix") -> DeliveryTerms:
    return DeliveryTerms(folder=folder / "deliveries", keep=timedelta(days=90), addresses=addresses)


def written(folder: Path) -> list[dict[str, Any]]:
    """Give all lines, of all days in their order."""
    paths = sorted((folder / "deliveries").glob("*.jsonl"))
    lines = [line for path in paths for line in path.read_text(encoding="ascii").splitlines()]
    return [json.loads(line) for line in lines]


async def asked_for_everything(client: Client) -> None:
    """Get a file whole, its end, its beginning, its head, that it is the same, and by digest."""
    await client.get(FILE, X_Station="bench-3")
    await client.get(FILE, Range=f"bytes={SIZE - 9}-", X_Station="bad name")
    await client.get(FILE, Range="bytes=0-99")
    await client.get(FILE, "HEAD")
    await client.get(FILE, If_None_Match=f'"{DIGEST.hex}"')
    await client.get(f"/v1/blobs/{DIGEST}")


async def test_what_arrived_to_the_last_byte_is_one_line(builder: Builder, tmp_path: Path) -> None:
    """By name and by digest, whole or resumed; and nothing else."""
    log = Deliveries(terms(tmp_path), clock=lambda: NOON)
    told = replace(Serving(node=NODE, status=status), deliveries=log)
    async with served(builder.store, told=told) as site:
        await asked_for_everything(site.client)
    line = {
        "time": "2026-08-24T12:00:00+00:00",
        "client": "127.0.0.0/24",
        "digest": str(DIGEST),
        "sequence": 1,
    }

    assert written(tmp_path) == [{**line, "station": "bench-3"}, line, line]


@pytest.mark.parametrize(
    ("address", "addresses", "expected"),
    [
        ("192.0.2.77", "prefix", "192.0.2.0/24"),
        ("192.0.2.77", "full", "192.0.2.77"),
        ("192.0.2.77", "none", None),
        ("::ffff:192.0.2.77", "prefix", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "prefix", "2001:db8:1::/48"),
        ("fe80::1%eth0", "full", "fe80::1"),
        ("", "full", None),
        (None, "full", None),
    ],
)
def test_of_an_address_stands_there_what_is_wanted(
    address: str | None, addresses: Addresses, expected: str | None
) -> None:
    assert shortened(address, addresses) == expected


async def test_what_is_too_old_goes_and_nothing_else(tmp_path: Path) -> None:
    """By the name of the day; what somebody put there stays."""
    log = Deliveries(terms(tmp_path), clock=lambda: NOON)
    folder = tmp_path / "deliveries"
    folder.mkdir()
    for name in ("2026-05-25.jsonl", "2026-05-26.jsonl", "2026-05-01.txt"):
        (folder / name).touch()
    log.note(DIGEST, 1, None, None)
    await log.write()

    assert sorted(path.name for path in folder.iterdir()) == [
        "2026-05-01.txt",
        "2026-05-26.jsonl",
        "2026-08-24.jsonl",
    ]


async def test_what_can_not_be_written_down_keeps_nobody_from_the_file(
    builder: Builder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "deliveries").touch()
    log = Deliveries(terms(tmp_path))
    told = replace(Serving(node=NODE, status=status), deliveries=log)
    async with served(builder.store, told=told) as site:
        got = await site.client.get(FILE)
        await log.write()

    assert (got.status, got.body) == (200, USUAL[PICO])
    assert "could not be written down" in caplog.text


def test_a_worker_is_told_the_terms(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_terms(parser)

    for one in (None, terms(tmp_path, "none")):
        assert read_terms(parser.parse_args(spell_terms(one))) == one
