"""Damage of every kind on a real disk, and healers of nodes under test."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from mirror.sync.means import Means
from mirror.upkeep.heal import Healer
from mirror.upstream.fetch import Fetcher
from tests.replica import Replica
from tests.sync.node import SWIFT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.sync.outcome import Progress
    from tests.sync.node import TestNode

PICO = "RPI_PICO-20260406-v1.28.0.uf2"
OLDER = "RPI_PICO-20251209-v1.27.0.uf2"


def site() -> Replica:
    """Return one board with two releases."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    return replica


def path_of(folder: Path, digest: Digest) -> Path:
    """Say where a blob lies in the data folder *folder*."""
    return folder / "blobs" / "sha256" / digest.hex[:2] / digest.hex


def flip(path: Path) -> None:
    """Flip one bit, and put the time of the change back."""
    times = path.stat()
    data = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def healer_of(node: TestNode) -> Healer:
    """Return a healer of *node*, which asks the upstream of that."""
    return Healer(
        store=node.store,
        upstream=node.url,
        means=partial(_means, node),
        run=node.sync,
        clock=lambda: node.now,
    )


@asynccontextmanager
async def _means(node: TestNode) -> AsyncIterator[Means]:
    fetcher = Fetcher(
        node.url, user_agent="mpmirror/test", node_id=node.store.node.node_id, politeness=SWIFT
    )
    async with fetcher:
        yield Means(
            fetcher=fetcher,
            sandbox=node.sandbox,
            store=node.store,
            clock=lambda: node.now,
            report=_nobody,
            version="test",
        )


def _nobody(_progress: Progress) -> None:
    """Tell nobody."""
