"""What was spent is written down now and then, and a disk that refuses ends nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mirror.config.log import LogSettings
from mirror.daemon.keeping import keeping
from mirror.daemon.log import logging_as
from mirror.errors import StorageError

if TYPE_CHECKING:
    import pytest


async def test_it_keeps_again_and_again_whatever_the_disk_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept, thrice = [0], asyncio.Event()

    async def keep() -> None:
        kept[0] += 1
        if kept[0] >= 3:
            thrice.set()
        raise StorageError("the disk refuses")

    with logging_as(LogSettings(format="json")) as log:
        async with asyncio.timeout(5), keeping(keep, log, every=0.01):
            await thrice.wait()
    ended_at = kept[0]
    await asyncio.sleep(0.05)

    assert kept[0] == ended_at
    assert "the disk refuses" in capsys.readouterr().err
