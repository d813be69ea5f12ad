"""An import that is killed anywhere shows nothing of itself, and the next one ends it."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.publication.documents import decode_publication
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.store import StoreReader
from mirror.transfer.keys.keyring import Keyring, write_keyring
from tests.transfer.bundles.gap import exported, sender_at, site
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
NOW = "2026-04-07T06:00:00Z"


async def importing(place: Path, bundle: Path) -> Process:
    """Begin `mpmirror import` with all of its own in *place*."""
    environment = {
        **os.environ,
        "MPMIRROR_OFFLINE": "true",
        "MPMIRROR_DISK__KEEP_FREE": "1kB",
        "MPMIRROR_DATA_DIR": str(place / "data"),
        "MPMIRROR_KEYS_DIR": str(place / "keys"),
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mirror", "import", str(bundle)),
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: Process) -> None:
    """Wait for a process that must end well."""
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


async def content_of(place: Path) -> str | None:
    """Return the content that is current in *place*, with its root whole; None for none."""
    if not (place / "data" / "node.json").exists():
        return None
    store = await StoreReader.open_for_reading(place / "data")
    root = await store.publications.current()
    if root is None:
        return None
    return decode_publication(await store.blobs.read(root, max_bytes=1 << 26)).content.hex


async def kill_often(tmp_path: Path, times: int) -> int:
    """Kill so many imports, each at another moment of a whole one; return how many were killed."""
    async with site().running() as url, sender_at(tmp_path / "a", url) as here:
        await here.sync()
        bundle = tmp_path / "x.mpb"
        bundle.write_bytes(await exported(here))
        expected = (await here.root()).content.hex
    for name in ("whole", "killed"):
        (tmp_path / name / "keys").mkdir(parents=True, mode=0o700)
        keyring = Keyring({}, {}).trusting(key().public, NOW, None)
        write_keyring(tmp_path / name / "keys", keyring, Files(Disk()))
    begun = time.monotonic()
    await ended(await importing(tmp_path / "whole", bundle))
    took = time.monotonic() - begun
    chance, killed = random.Random(1), 0  # noqa: S311 - a sample
    for number in range(times):
        process = await importing(tmp_path / "killed", bundle)
        # The first half of a run only loads what it needs.
        await asyncio.sleep(took * (0.4 + 0.6 * (number + chance.random()) / times))
        if process.returncode is None:
            process.kill()
            killed += 1
        await process.communicate()
        assert await content_of(tmp_path / "killed") in {None, expected}
    await ended(await importing(tmp_path / "killed", bundle))

    assert await content_of(tmp_path / "killed") == expected
    left = list((tmp_path / "killed" / "data" / "incoming").iterdir())
    assert left == []
    return killed


async def test_a_killed_import_is_ended_by_the_next(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """At one moment; the long one kills it at a hundred."""
    tell(f"imports killed: {await kill_often(tmp_path, 1)} of 1")


@pytest.mark.long
async def test_an_import_may_be_killed_anywhere(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """At a hundred moments."""
    tell(f"imports killed: {await kill_often(tmp_path, 100)} of 100")
