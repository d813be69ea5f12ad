"""What the node does by itself: say in the words of TUF what it publishes now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.errors import ConfigurationError
from mirror.publication.documents import decode_board, decode_content, decode_publication
from mirror.storage.threads import to_end
from mirror.storage.tuf_folder import TIMESTAMP
from mirror.transfer.tuf.roles import (
    Target,
    keys_of,
    make_bins,
    make_snapshot,
    make_timestamp,
    named_by,
    version_of,
)

if TYPE_CHECKING:
    from datetime import datetime

    from mirror.storage.store import StoreReader
    from mirror.storage.tuf_folder import TufFolder
    from mirror.transfer.keys.secret import SecretKey

_MOST_BYTES: Final = 64 * 1024 * 1024
#: The snapshot outlives the timestamp, which alone says how fresh all of it is.
_LONGER: Final = timedelta(days=30)


async def published(store: StoreReader, channel: str) -> list[Target]:
    """Return the files that *channel* shows; none before the first publication."""
    digest = await store.publications.current(channel)
    if digest is None:
        return []
    root = decode_publication(await store.blobs.read(digest, max_bytes=_MOST_BYTES))
    content = decode_content(await store.blobs.read(root.content, max_bytes=_MOST_BYTES))
    found: dict[str, Target] = {}
    for board in content.boards.values():
        data = await store.blobs.read(board, max_bytes=_MOST_BYTES)
        found |= await to_end(_targets_of, data)
    return list(found.values())


def renew_online(
    folder: TufFolder, files: list[Target], signer: SecretKey, now: datetime, expires: datetime
) -> None:
    """Sign what *files* there are, until *expires*; this blocks.

    What did not change keeps its version.  Raises `ConfigurationError` when the root does not name
    the key of *signer*, `DamagedError` for metadata that is missing.
    """
    root, targets = folder.newest("root"), folder.newest("targets")
    if not root:
        raise ConfigurationError("there is no TUF root: mpmirror tuf init")
    if keys_of(folder.read(f"{root}.root.json"))["timestamp"] != signer.public.point.hex():
        raise ConfigurationError("the TUF root names another online key than is here")
    before = folder.find(TIMESTAMP)
    version, number = version_of(before) if before else (0, 0)
    named = named_by(folder.read(f"{number}.snapshot.json")) if number else {}
    bins_before = {
        role: folder.read(f"{one}.{role}.json") for role, one in named.items() if role != "targets"
    }
    signed = folder.read(f"{targets}.targets.json")
    bins = make_bins(signed, files, bins_before, signer, now)
    number += 1
    snapshot = make_snapshot(
        number, {"targets": (targets, signed), **bins}, signer, expires + _LONGER
    )
    folder.write(
        {
            **{f"{one}.{role}.json": data for role, (one, data) in bins.items()},
            f"{number}.snapshot.json": snapshot,
            TIMESTAMP: make_timestamp(version + 1, (number, snapshot), signer, expires),
        }
    )


def _targets_of(document: bytes) -> dict[str, Target]:
    board = decode_board(document)
    releases = (*board.releases, *board.local)
    return {
        file.name: Target(file.name, Digest(file.hashes.sha256), file.size)
        for one in releases
        for file in one.files
    }
