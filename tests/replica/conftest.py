"""A replica to spoil, and a client that hides nothing: nothing is decompressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.replica.replica import Replica

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
def pico() -> Replica:
    """A Pico with one release, among twenty boards."""
    return Replica.of_boards(20)


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that opens a connection for each request."""
    connector = aiohttp.TCPConnector(force_close=True)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, auto_decompress=False
    ) as session:
        yield session
