"""Two bundles of one sender, a whole one and a delta, and a node that takes them in."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mirror.storage.files import Files
from mirror.storage.senders import Senders
from mirror.transfer.bundles.importing import Means, import_bundle, seen_of
from mirror.transfer.keys.rules import Rules
from tests.proofs.walking import digest_at
from tests.storage.disks import LazyDisk
from tests.sync.node import MORNING
from tests.transfer.bundles.gap import exported, sender_at
from tests.transfer.keys.samples import key
from tests.upkeep.damaging import site

if TYPE_CHECKING:
    from mirror.sandbox import Sandbox
    from mirror.storage.disk import Disk
    from mirror.storage.store import Store

NOBODY = "http://127.0.0.1:1"


@dataclass(frozen=True, slots=True)
class Bundles:
    """What was exported, and which files there are in the end: their SHA-256 by name."""

    whole: bytes
    delta: bytes
    files: dict[str, str]


async def make_bundles(version: str) -> Bundles:
    """Export a site of two files, and the delta to what it is once *version* came out."""
    replica = site()
    with tempfile.TemporaryDirectory(prefix="mpmirror-") as folder:
        async with replica.running() as url, sender_at(Path(folder) / "data", url) as here:
            await here.sync()
            whole = await exported(here)
            base = (await here.root()).content
            replica.release("RPI_PICO", version, date="2026-08-01")
            here.sleep(days=1)
            await here.sync()
            delta = await exported(here, base=base)
    return Bundles(whole, delta, {name: digest_at(replica, name) for name in replica.names()})


async def take_in(
    store: Store, sandbox: Sandbox, bundle: bytes, disk: Disk | None = None
) -> int | None:
    """Import *bundle*, and return the publication that this made; raises what the import does."""
    data = store.incoming.open("nothing", "nowhere").path.parents[1]
    senders = Senders(data, Files(disk or LazyDisk()))
    means = Means(
        store=store,
        sandbox=sandbox,
        senders=senders,
        rules=Rules((key().public,), seen=seen_of(await senders.all())),
        clock=lambda: MORNING,
        upstream=NOBODY,
    )
    done = await import_bundle(means, io.BytesIO(bundle))
    return done.committed.sequence if done.committed else None
