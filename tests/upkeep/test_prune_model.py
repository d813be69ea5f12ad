"""Whatever happens in whatever order: exactly what nobody needs goes, and a dry run foretells it.

Each step is done to a store on a real disk and to plain sets; then both hold the same, and
a check finds no damage.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings

from tests.upkeep.prune_model import (
    STEPS,
    Crowd,
    Fail,
    Promote,
    Prune,
    Publish,
    Rules,
    Serve,
    Step,
    Take,
    Twins,
)
from tests.upkeep.pruning import NEW, OLD, scene_at

NOBODY: frozenset[str] = frozenset()
A_LIFE: list[Step] = [
    Take(NEW),
    Take(OLD),
    Publish(frozenset({NEW, OLD}), NOBODY),
    Promote(),
    Rules(frozenset({OLD}), NOBODY, NOBODY),
    Publish(frozenset({NEW}), frozenset({OLD})),
    Prune(),
    Serve(80),
    Prune(),
    Promote(),
    Fail(5),
    Take(OLD),
    Crowd(),
]


@settings(max_examples=5)
@example(A_LIFE)
@given(STEPS)
def test_a_store_holds_what_the_model_holds(steps: list[Step]) -> None:
    asyncio.run(live(steps))


@pytest.mark.long
@settings(max_examples=400)
@given(STEPS)
def test_many_stores_hold_what_their_models_hold(steps: list[Step]) -> None:
    asyncio.run(live(steps))


async def live(steps: list[Step]) -> None:
    """Do *steps* to a new store and its model, and then let all that can go, go."""
    with tempfile.TemporaryDirectory() as folder:
        async with scene_at(Path(folder)) as scene:
            twins = Twins(scene)
            for step in steps:
                await twins.do(step)
            await twins.do(Prune())
            await twins.do(Serve(72))
            await twins.do(Prune())

            assert twins.model.leaving() <= twins.model.reached()
