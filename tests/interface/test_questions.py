"""Schemathesis asks what the description allows, and what it does not, with all its checks.

No answer is a fault of the server, none differs from what is described, and what is wrong is
refused.
"""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mirror.daemon.status_document import DiskStatus, HeldStatus, Status, encode_status
from mirror.publication.freshness import Freshness, encode_freshness
from mirror.storage.freshness import SignedPage
from mirror.web.app import Serving
from tests.interface.asking import have_asked
from tests.web.building import ESP, PICO, PICO_OLD, Builder, images, opened
from tests.web.conftest import NODE, served

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interface.asking import Asked

pytestmark = [
    pytest.mark.api,
    pytest.mark.skipif(
        importlib.util.find_spec("schemathesis") is None,
        reason="schemathesis is not installed: make test-api does that",
    ),
]

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


async def all_asked(folder: Path, examples: int) -> Asked:
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
    page = SignedPage(encode_freshness(fresh).decode(), {})
    told = replace(
        Serving(node=NODE, status=say_status),
        freshness=lambda channel: page if channel == "current" else None,
    )
    async with served(builder.store, told=told) as site:
        described = f"http://127.0.0.1:{site.client.number}/v1/openapi.json"
        return await have_asked(described, folder, examples, ["--exclude-tag", "operators"])


async def test_a_short_run(tmp_path: Path) -> None:
    asked = await all_asked(tmp_path, 5)

    assert asked.status == 0, asked.words
    assert asked.count >= 500


@pytest.mark.long
async def test_five_thousand_questions(tmp_path: Path) -> None:
    asked = await all_asked(tmp_path, 60)

    assert asked.status == 0, asked.words
    assert asked.count >= 5000
