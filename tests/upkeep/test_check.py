"""A check finds what is damaged and only that, and the next run mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.upkeep.check import check, forget_damaged
from tests.replica import Replica
from tests.sync.node import node_at

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.catalog.values import Digest

PICO = "RPI_PICO-20260406-v1.28.0.uf2"


def site() -> Replica:
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    return replica


def nothing(_done: int, _total: int) -> None:
    """Tell nobody."""


def path_of(folder: Path, digest: Digest) -> Path:
    return folder / "blobs" / "sha256" / digest.hex[:2] / digest.hex


async def test_a_sound_store_is_sound(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with site().running() as url, node_at(data, url) as node:
        await node.sync()
        report = await check(node.store, nothing)

    assert (report.damages, report.exit_status, report.publications) == ((), 0, 1)
    assert report.ledger_lines == 1


async def test_a_flipped_bit_is_found_and_the_next_run_mends_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with site().running() as url, node_at(data, url) as node:
        await node.sync()
        digest = (await node.files())[PICO].digest
        path = path_of(data, digest)
        path.chmod(0o644)
        path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
        report = await check(node.store, nothing)
        await forget_damaged(node.store, report)
        outcome = await node.sync()
        after = await check(node.store, nothing)

    assert [damage.digest for damage in report.damages] == [digest]
    assert report.exit_status == 5
    assert (outcome.fetched, after.damages) == (1, ())


async def test_a_published_file_that_is_gone_is_found(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with site().running() as url, node_at(data, url) as node:
        await node.sync()
        digest = (await node.files())[PICO].digest
        path_of(data, digest).unlink()
        report = await check(node.store, nothing)

    assert [damage.digest for damage in report.damages] == [digest]


async def test_a_changed_last_line_of_the_ledger_is_found(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with site().running() as url, node_at(data, url) as node:
        await node.sync()
        [ledger] = (data / "ledger").glob("*.jsonl")
        ledger.write_bytes(ledger.read_bytes().replace(b"v1.28.0", b"v1.27.0"))
        report = await check(node.store, nothing, head=await node.store.index.position())

    assert [damage.subject for damage in report.damages] == ["ledger"]
