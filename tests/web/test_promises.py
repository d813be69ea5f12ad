"""P1, P2 and P4 as clients see them, while publications change and the disk does too."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from mirror.web.app import Serving
from tests.web.building import Builder, Written, image
from tests.web.conftest import NODE, served, status
from tests.web.crowd import NAMES, SIZE, Crowd

if TYPE_CHECKING:
    from pathlib import Path


async def crowd_of(store: Written, data: Path, seconds: float) -> Crowd:
    """Let a crowd act on *store* for so long."""
    builder = Builder(store)
    await builder.publish({name: image(name, SIZE) for name in NAMES})
    told = Serving(node=NODE, status=status, poll=0.01)
    async with served(store, told=told) as site:
        crowd = Crowd(site.client, builder, data, secrets.randbelow(1 << 31))
        await crowd.act(seconds)
    return crowd


async def test_nobody_gets_other_bytes_than_the_feed_promised(store: Written, data: Path) -> None:
    """Whatever the feed lists is served whole and right, or refused for damage: nothing else."""
    crowd = await crowd_of(store, data, 2)

    assert crowd.broken == [], f"seed {crowd.seed}"
    assert crowd.served > 0


@pytest.mark.long
async def test_nobody_gets_other_bytes_for_a_long_time(store: Written, data: Path) -> None:
    """The same for a minute, with damage met on the way."""
    crowd = await crowd_of(store, data, 60)

    assert crowd.broken == [], f"seed {crowd.seed}"
    assert min(crowd.served, crowd.refused) > 0
