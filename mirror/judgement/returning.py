"""Take bytes out of quarantine, back into the store: read, hashed, and durable.

What lies in quarantine is not believed: it is held only if it is what its name says.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from mirror.errors import ArtifactNotFoundError, DamagedError, MirrorError
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mirror.catalog.values import Digest
    from mirror.storage.incoming import Incoming, Received
    from mirror.storage.store import Store

_PORTION: Final = 1 << 20


async def hold_again(
    store: Store,
    digest: Digest,
    judge: Callable[[Incoming, Received], Awaitable[None]] | None = None,
) -> Received:
    """Hold the bytes *digest* of the quarantine of *store*, which keeps its copy.

    *judge* may refuse them by raising: then nothing is held.  Raises `ArtifactNotFoundError`
    when they are not in quarantine, `DamagedError` when they are no longer what they were,
    `StorageError` when they can not be kept.
    """
    note = await store.quarantine.find_note(digest)
    if note is None:
        raise ArtifactNotFoundError(f"{digest} is not in quarantine")
    incoming = store.incoming.open(f"judged-{digest.hex}", note.url)
    async with incoming:
        try:
            received = await _copied(store, digest, incoming)
            if judge is not None:
                await judge(incoming, received)
        except MirrorError:
            await incoming.discard()
            raise
        await store.blobs.keep(incoming)
    return received


async def _copied(store: Store, digest: Digest, incoming: Incoming) -> Received:
    await incoming.restart(None)
    with closing(store.quarantine.open(digest)) as file:
        while portion := await to_end(file.read, _PORTION):
            await incoming.write(portion)
    received = await incoming.finish()
    if received.digest != digest:
        raise DamagedError(f"the bytes of {digest} in quarantine are no longer what they were")
    return received
