"""What is mirrored beside the firmware, by the program as it is installed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.replica import Misbehaviour, Replica
from tests.web.waiting import until

if TYPE_CHECKING:
    from tests.proofs.program import Program

pytestmark = pytest.mark.programs

BESIDE = {"MPMIRROR_POLICY__PACKAGES": "*", "MPMIRROR_POLICY__PHOTOGRAPHS": "true"}
OFFLINE = {"MPMIRROR_OFFLINE": "true"}


async def test_packages_and_photographs_are_served_when_upstream_is_gone(program: Program) -> None:
    """By another process than the one that fetched them; a bad package is said, no more."""
    replica = Replica.of("RPI_PICO")
    replica.release_everywhere("v1.28.0")
    name = replica.fact("RPI_PICO").photographs[0].name
    bad = "package/6/greet/1.2.0.json"
    replica.misbehave(f"/pi/v2/{bad}", Misbehaviour.CUT_PAGE, None)
    async with replica.running() as url:
        synced = await replace(program, upstream=url, settings=BESIDE).run("sync")
    async with replace(program, settings=BESIDE | OFFLINE).serving() as daemon:
        await until(lambda: daemon.client.is_answered("/readyz"))
        media = f"/resources/micropython-media/boards/RPI_PICO/{name}"
        photograph = await daemon.client.get(media)
        answers = {
            path: await daemon.client.get(f"/pi/v2/{path}") for path in replica.packages.tree
        }

    held = {path: got.body for path, got in answers.items() if got.status == 200}
    left_out = {path for path in replica.packages.tree if path not in held}
    assert (synced.status, "published: complete" in synced.out) == (0, True), synced
    assert "greet" in synced.err
    assert photograph.status == 200
    assert photograph.fields["content-type"] == "image/jpeg"
    assert b'"greet"' not in held.pop("index.json")
    assert held == {path: replica.packages.tree[path] for path in held}
    assert bad in left_out
    assert not any("blink" in path or "nameless" in path for path in left_out)
