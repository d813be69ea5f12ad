"""An import that is killed anywhere shows nothing of itself, and the next one ends it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from mirror.publication.documents import decode_publication
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.store import StoreReader
from mirror.transfer.keys.keyring import Keyring, write_keyring
from tests.killing import begun, ended, killed_after, moments
from tests.transfer.bundles.gap import exported, sender_at, site
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable
    from pathlib import Path

NOW = "2026-04-07T06:00:00Z"


async def importing(place: Path, bundle: Path) -> Process:
    """Begin `mpmirror import` with all of its own in *place*."""
    return await begun(place, "import", str(bundle))


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
    began, killed = time.monotonic(), 0
    await ended(await importing(tmp_path / "whole", bundle))
    for moment in moments(time.monotonic() - began, times):
        killed += await killed_after(await importing(tmp_path / "killed", bundle), moment)
        assert await content_of(tmp_path / "killed") in {None, expected}
    await ended(await importing(tmp_path / "killed", bundle))

    assert await content_of(tmp_path / "killed") == expected
    left = list((tmp_path / "killed" / "data" / "incoming").iterdir())
    assert left == []
    return killed


@pytest.mark.programs
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
