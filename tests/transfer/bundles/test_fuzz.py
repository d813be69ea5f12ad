"""The reader of bundles refuses by name what was changed, whatever the change is."""

from __future__ import annotations

import asyncio
import random
import re
import sys
from typing import TYPE_CHECKING

import pytest

from tests.transfer.bundles.fuzzing import fuzz

if TYPE_CHECKING:
    from collections.abc import Callable


async def test_changed_bundles_are_refused_by_name() -> None:
    """A few hundred; the long one reads a million."""
    assert await fuzz(500, 1) > 400


@pytest.mark.long
async def test_a_million_changed_bundles_crash_nothing(tell: Callable[[str], None]) -> None:
    """Within two hours and 100 MB, in a process of its own, with a seed of this moment."""
    seed = random.SystemRandom().randrange(1 << 32)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.transfer.bundles.fuzzing", "1000000", str(seed)),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(7200):
        said, _ = await process.communicate()
    tell(f"changed bundles, seed {seed}: {said.decode().strip()}")
    found = re.fullmatch(r"(\d+) of 1000000 refused, at most (\d+) MB\n", said.decode())

    assert process.returncode == 0
    assert found is not None
    assert int(found[1]) > 800_000
    assert int(found[2]) < 100
