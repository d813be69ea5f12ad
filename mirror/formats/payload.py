"""The digest of what a file puts on the chip, whatever it is packed in.

Two files of one build that carry the same program have the same one: the `.hex` and the
`.dfu`, the `.app-bin` and the end of the `.bin`.  It covers the distances between runs of
addresses, not the first address: a raw `.bin` does not know its own.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from mirror.formats.verdict import Region

if TYPE_CHECKING:
    from collections.abc import Iterable

_RUN = struct.Struct("<QQ")  # distance from the first address, size


def payload_digest(runs: Iterable[tuple[Region, bytes | memoryview]]) -> str:
    """Return the SHA-256, in hex, of *runs*, which are in the order of their addresses.

    Runs that adjoin count as one, so that it does not matter how a format cuts them.
    """
    parts = list(runs)
    digest = hashlib.sha256()
    first = parts[0][0].start if parts else 0
    for number, (region, data) in enumerate(parts):
        if not number or parts[number - 1][0].end != region.start:
            digest.update(_RUN.pack(region.start - first, _length(parts, number)))
        digest.update(data)
    return digest.hexdigest()


def digest_of_one(data: bytes | memoryview) -> str:
    """Return what `payload_digest` gives for *data* in one run."""
    return payload_digest([(Region(0, len(data)), data)])


def _length(parts: list[tuple[Region, bytes | memoryview]], number: int) -> int:
    """Return how many bytes stand without a gap from part *number* on."""
    start = parts[number][0].start
    end = parts[number][0].end
    for region, _ in parts[number + 1 :]:
        if region.start != end:
            break
        end = region.end
    return end - start
