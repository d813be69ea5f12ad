"""Schemathesis asks what the description allows, and what it does not, with all its checks.

No answer is a fault of the server, none differs from what is described, and what is wrong is
refused.  Each run is seeded, so that what failed once fails again.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mirror.daemon.status_document import DiskStatus, HeldStatus, Status, encode_status
from mirror.publication.freshness import Freshness, encode_freshness
from mirror.storage.freshness import SignedPage
from mirror.web.app import Serving
from tests.web.building import ESP, PICO, PICO_OLD, Builder, images, opened
from tests.web.conftest import NODE, served

pytestmark = [
    pytest.mark.api,
    pytest.mark.skipif(
        importlib.util.find_spec("schemathesis") is None,
        reason="schemathesis is not installed: make test-api does that",
    ),
]

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
SEED = "20260406"
NOTHING = Status(
    version="1",
    node=NODE,
    lineage=NODE,
    upstream="https://micropython.org",
    offline=False,
    complete=True,
    publication=None,
    held=HeldStatus(0, 0),
    quarantined=0,
    alarms=(),
    running=None,
    last_run=None,
    next_run=None,
    disk=DiskStatus(1, 1),
)


async def say_status() -> bytes:
    return encode_status(NOTHING)


async def asked(number: int, folder: Path, examples: int) -> tuple[int, str, int]:
    """Have everything asked, each operation so many times; give the status, the words, a count."""
    address = f"http://127.0.0.1:{number}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION),
        "run", f"{address}/v1/openapi.json",
        "--checks", "all", "--exclude-tag", "operators", "--phases", "examples,coverage,fuzzing",
        "--max-examples", str(examples), "--seed", SEED, "--continue-on-failure",
        "--generation-database", "none", "--no-color",
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(3000):
        words, _ = await process.communicate()
    text = words.decode()
    found = re.search(r"([0-9,]+) generated", text)
    assert process.returncode is not None
    return process.returncode, text, int(found[1].replace(",", "")) if found else 0


async def all_asked(folder: Path, examples: int) -> tuple[int, str, int]:
    """Serve a publication with a superseded one, and have everything asked."""
    builder = Builder(opened(folder / "data"))
    await builder.publish(images(PICO_OLD))
    root = await builder.publish(images(PICO, ESP))
    fresh = Freshness(
        lineage=builder.store.node.lineage,
        channel="current",
        sequence=2,
        root=root,
        checked="2026-08-24T14:00:00+00:00",
        expires="2026-09-24T14:00:00+00:00",
    )
    told = replace(
        Serving(node=NODE, status=say_status),
        freshness=lambda _channel: SignedPage(encode_freshness(fresh).decode(), {}),
    )
    async with served(builder.store, told=told) as site:
        return await asked(site.client.number, folder, examples)


async def test_a_short_run(tmp_path: Path) -> None:
    status, words, count = await all_asked(tmp_path, 5)

    assert status == 0, words
    assert count >= 500


@pytest.mark.long
async def test_five_thousand_questions(tmp_path: Path) -> None:
    status, words, count = await all_asked(tmp_path, 60)

    assert status == 0, words
    assert count >= 5000
