"""Who sent bundles is never forgotten to have come so far, and may tell more of the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.publication.bundle import Mark
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.senders import Sender, Senders

if TYPE_CHECKING:
    from pathlib import Path

LINEAGE = "0" * 32
FIRST = Sender(5, Digest.of(b"five"), "A" * 16)
MORE = replace(FIRST, ledger=(Mark(7, "1" * 64),))


async def seen_after(folder: Path, *senders: Sender) -> Sender:
    """Return what is known of a sender who came so, in this order, to whoever starts anew."""
    for sender in senders:
        await Senders(folder, Files(Disk())).reach(LINEAGE, "current", sender)
    [found] = (await Senders(folder, Files(Disk())).all()).values()
    return found


async def test_the_farthest_is_remembered(tmp_path: Path) -> None:
    """P7: an older bundle, which is refused elsewhere, leads nobody back here either."""
    later = Sender(6, Digest.of(b"six"), "A" * 16)

    assert await seen_after(tmp_path, FIRST, later, FIRST) == later


async def test_another_bundle_of_the_same_publication_can_tell_more(tmp_path: Path) -> None:
    """Such as lines of the ledger, which the next bundle must tell the same."""
    assert await seen_after(tmp_path, FIRST, MORE) == MORE


async def test_channels_are_apart(tmp_path: Path) -> None:
    senders = Senders(tmp_path, Files(Disk()))
    await senders.reach(LINEAGE, "current", FIRST)
    await senders.reach(LINEAGE, "lab-stable", MORE)

    assert await senders.all() == {(LINEAGE, "current"): FIRST, (LINEAGE, "lab-stable"): MORE}
