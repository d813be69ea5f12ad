"""A mirror that nobody but a stick has ever fed: a whole bundle, then three that bring what is new.

After each a board gets a release upstream; the mirror is `offline` and has a key store of its own.
"""

from __future__ import annotations

import json
import shutil
import urllib.request
from typing import TYPE_CHECKING, Final

from tests.clients.lab import Lab, Mirror, Room, equip, site, upstream

if TYPE_CHECKING:
    from pathlib import Path

#: What upstream releases before each of the three rounds.
ROUNDS: Final = (("ESP32_GENERIC", "SEEED_WIO_TERMINAL"), ("RPI_PICO",), ("RPI_PICO_W",))
RELEASED: Final = "v1.29.0"
LAST: Final = "RPI_PICO_W-20260824-v1.29.0.uf2"


def enclave(folder: Path, connected: Lab) -> Room:
    """Return a room whose mirror was fed so, by a copy of the mirror of *connected*.

    That one serves nobody meanwhile.  Upstream is gone afterwards; in *folder* is the file of
    the last round as upstream served it.
    """
    replica = site()
    sender = Mirror(folder / "connected", {})
    for part in ("data", "keys"):
        shutil.copytree(connected.folder / part, sender.folder / part)
    lab, mirror = equip(folder / "enclave", MPMIRROR_OFFLINE="true")
    sizes = []
    with upstream(replica) as url:
        sizes.append(_carry(sender, mirror, folder / "0.mpb"))
        for number, boards in enumerate(ROUNDS, 1):
            for board in boards:
                replica.release(board, RELEASED, date="2026-08-24")
            sender.command("sync")
            (folder / "have").write_text(mirror.command("have"), encoding="utf-8")
            bundle = folder / f"{number}.mpb"
            sizes.append(_carry(sender, mirror, bundle, "--have", str(folder / "have")))
        with urllib.request.urlopen(f"{url}/resources/firmware/{LAST}") as answer:  # noqa: S310 - our own
            (folder / LAST).write_bytes(answer.read())
    # Else this would show less than it says: each is what is new, and no more.
    assert all(0 < size < sizes[0] / 10 for size in sizes[1:]), sizes
    return Room(lab, mirror)


def _carry(sender: Mirror, mirror: Mirror, bundle: Path, *words: str) -> int:
    """Export *bundle* there and import it here; return its size in bytes."""
    said = json.loads(sender.command("export", str(bundle), *words, "--json"))
    if not words:
        key = str(sender.folder / "keys" / "node.pub")
        mirror.command("key", "trust", key, "--fingerprint", said["fingerprint"])
    mirror.command("import", str(bundle))
    return bundle.stat().st_size
