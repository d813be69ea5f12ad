"""Fixtures: a running scripted upstream, a clock that does not wait, and a fetcher."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.upstream.fetch import Fetcher, Politeness, Surroundings
from tests.upstream.doubles import Clock, FilePartial
from tests.upstream.scripted import Scripted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

QUICK = Politeness(
    requests_per_second=0, connect_seconds=5, read_seconds=5, page_bytes=100_000, file_bytes=10**6
)
NODE = "a-node-of-our-own"


@pytest.fixture
async def upstream() -> AsyncIterator[Scripted]:
    """An upstream that answers what it is told."""
    server = Scripted()
    async with server.running():
        yield server


@pytest.fixture
def base(upstream: Scripted) -> str:
    """Its base URL."""
    return f"http://127.0.0.1:{upstream.listen}"


@pytest.fixture
def clock() -> Clock:
    """Time that passes only when somebody sleeps."""
    return Clock()


@pytest.fixture
async def fetcher(base: str, clock: Clock) -> AsyncIterator[Fetcher]:
    """A fetcher without a rate limit, on that clock."""
    async with making(base, clock) as fetcher:
        yield fetcher


@pytest.fixture
def partial(tmp_path: Path) -> FilePartial:
    """A partial download with nothing in it."""
    return FilePartial(tmp_path / "partial")


def making(
    base: str,
    clock: Clock,
    *,
    politeness: Politeness = QUICK,
    surroundings: Surroundings | None = None,
) -> Fetcher:
    """Return a fetcher, not yet started, that waits on *clock*."""
    return Fetcher(
        base,
        user_agent="mpmirror/0 (+mirror@example.org)",
        node_id=NODE,
        politeness=politeness,
        surroundings=surroundings,
        timing=clock.timing,
    )
