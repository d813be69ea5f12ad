"""Schemathesis gives orders to a real daemon, over TCP with a token, with all its checks.

The daemon has a small upstream of its own, so that orders are obeyed: runs crawl, pins fetch,
channels move.  Whatever is asked, no answer is a fault of the server, none differs from what is
described, and what is wrong is refused.
"""

from __future__ import annotations

import importlib.util
import json
import socket
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from mirror.publication.interface.operations import OPERATORS
from tests.interface.asking import have_asked
from tests.proofs.conftest import small_replica
from tests.proofs.program import Program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.interface.asking import Asked

pytestmark = [
    pytest.mark.api,
    pytest.mark.skipif(
        importlib.util.find_spec("schemathesis") is None,
        reason="schemathesis is not installed: make test-api does that",
    ),
]

CONFIGURATION = Path(__file__).with_name("operators.toml")


@dataclass(frozen=True, slots=True)
class Door:
    """Where a daemon answers operators and everybody, and a token that is good for all."""

    operators: str
    everybody: str
    token: str


@asynccontextmanager
async def operated() -> AsyncIterator[Door]:
    """Run a daemon that has synced, with a token."""
    with tempfile.TemporaryDirectory(prefix="mpmirror-") as folder:
        async with small_replica().running() as upstream:
            number = free_number()
            settings = {"MPMIRROR_ADMIN_TCP": f"127.0.0.1:{number}"}
            program = Program(Path(folder), upstream, settings)
            made = await program.run(
                "token", "add", "asker", "--scope", "read,sync,pin,promote", "--json"
            )
            async with program.serving() as daemon:
                await daemon.synced()
                yield Door(
                    f"http://127.0.0.1:{number}",
                    f"http://127.0.0.1:{daemon.client.number}",
                    json.loads(made.out)["token"],
                )


def free_number() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


async def ordered(folder: Path, examples: int) -> Asked:
    """Have everything ordered that operators may, each so many times."""
    described = folder / "openapi.json"
    async with operated() as door, aiohttp.ClientSession(door.everybody) as session:
        async with session.get("/v1/openapi.json") as response:
            described.write_text(json.dumps(tokenless(await response.json())), encoding="utf-8")
        return await have_asked(
            str(described),
            folder,
            examples,
            ["--url", door.operators, "--include-tag", "operators",
             "-H", f"Authorization: Bearer {door.token}"],
            CONFIGURATION,
        )  # fmt: skip


def tokenless(described: dict[str, Any]) -> dict[str, Any]:
    """Return the description without a word about tokens.

    Else some questions would come without one, and who does that five times waits for a minute.
    What is promoted is promoted to a channel that does not move by itself.
    """
    for place in described["paths"].values():
        for operation in place.values():
            operation.pop("security", None)
    for parameter in described["paths"]["/v1/channels/{channel}"]["post"]["parameters"]:
        parameter["example"] = "lab-stable"
    return described


async def test_a_short_run(tmp_path: Path) -> None:
    asked = await ordered(tmp_path, 5)

    assert asked.status == 0, asked.words
    assert asked.count >= 200


@pytest.mark.long
async def test_thousands_of_orders(tmp_path: Path) -> None:
    asked = await ordered(tmp_path, 400)

    assert asked.status == 0, asked.words
    assert asked.count >= 2500


async def test_without_a_right_token_nothing_is_done() -> None:
    """Neither with none nor with a wrong one, for any operation: each asked from an address."""
    statuses = []
    async with operated() as door:
        for number, one in enumerate(OPERATORS):
            for fields in ({}, {"Authorization": "Bearer mpmirror_wrong"}):
                here = aiohttp.TCPConnector(local_addr=(f"127.0.9.{1 + number}", 0))
                path = one.path.format(channel="lab-stable")
                async with (
                    aiohttp.ClientSession(door.operators, connector=here) as session,
                    session.request(one.method, path, headers=fields) as response,
                ):
                    statuses.append(response.status)

    assert statuses == [401] * 2 * len(OPERATORS)
