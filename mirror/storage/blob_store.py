"""Hold blobs, durably, and let go of them: the one writer's side of `mirror.storage.blobs`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError, DamagedError, StorageError
from mirror.storage.blobs import BlobReader
from mirror.storage.files import READ_ONLY
from mirror.storage.keeping import Loads
from mirror.storage.removals import Removals
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from mirror.storage.files import Files
    from mirror.storage.incoming import Incoming
    from mirror.storage.space import Room


# Each is open until all of them have their names.
_AT_ONCE: Final = 64


class BlobStore(BlobReader):
    """Reads and writes blobs; what a method returned is held durably.

    A damaged blob counts as not held: putting or keeping its bytes mends it.
    """

    def __init__(self, folder: Path, files: Files, room: Room) -> None:
        super().__init__(folder, files.disk)
        self._files = files
        self._room = room
        self._loads = Loads(self._keep_each, _AT_ONCE)
        self.removals = Removals(files, self._path, self._trust.forget)

    async def put(self, data: bytes) -> Digest:
        """Hold *data*; raise `DiskFullError` when too little would stay free."""
        return (await self.put_many([data]))[0]

    async def put_again(self, data: bytes) -> Digest:
        """Hold *data*, of which the caller knows that it was held durably once.

        Bytes that are still there are hashed, and the disk is not waited for.
        """
        digest = Digest.of(data)
        if not await to_end(self._is_sound, digest):
            await self.put(data)
        return digest

    async def unsound(self, digests: Iterable[Digest]) -> set[Digest]:
        """Return those of *digests* that are not held whole; all are hashed now."""
        return await to_end(self._unsound, list(digests))

    async def put_many(self, datas: Iterable[bytes]) -> list[Digest]:
        """Hold each of *datas*, and return their names in the same order."""
        return await to_end(self._put_many, list(datas))

    async def keep(self, incoming: Incoming) -> Digest:
        """Hold what was received, and take it away from the incoming folder.

        After a failure nothing of it is left there: it has to be fetched again.  What is to be
        held at the same time is held together, and one that fails stops no other.
        """
        return await self._loads.keep(incoming)

    async def keep_all(self, incomings: Sequence[Incoming]) -> list[Digest]:
        """Do what `keep` does for each; the folders are synced once for many of them.

        Raises the first failure of all; what could be held is held then.
        """
        digests: list[Digest] = []
        for start in range(0, len(incomings), _AT_ONCE):
            for kept in await to_end(self._keep_each, incomings[start : start + _AT_ONCE]):
                if isinstance(kept, StorageError):
                    raise kept
                digests.append(kept)
        return digests

    async def remove(self, digest: Digest) -> None:
        """Hold *digest* no more; who removes what a publication names breaks P1."""
        self._trust.forget(digest)
        await to_end(self._files.remove, self._path(digest))

    def move(self, digest: Digest, final: Path) -> None:
        """Hold *digest* no more, and give its file the name *final*, durably; this blocks.

        Whoever reads the file notices it by the time of its change.
        """
        self._trust.forget(digest)
        self._files.move(self._path(digest), final)

    async def distrust(self, digest: Digest) -> None:
        """Have every process hash this blob again before it serves it the next time.

        For bytes that the disk changed by itself, which changes nothing that `open` looks at.
        """
        self._trust.forget(digest)
        await to_end(self._touch, digest)

    def _touch(self, digest: Digest) -> None:
        with self._reading(digest), self._disk.open_reading(self._path(digest)) as file:
            # Its mode stays; the time of its last change does not, and `Stamp` has that.
            self._disk.set_mode(file.fileno(), READ_ONLY)

    def _put_many(self, datas: list[bytes]) -> list[Digest]:
        digests = [Digest.of(data) for data in datas]
        for digest in digests:
            self.removals.spare(digest)
        paths = {self._path(digest) for digest in digests}
        absent = {
            self._path(digest): data
            for digest, data in zip(digests, datas, strict=True)
            if not self._is_sound(digest)
        }
        self._room.demand(sum(map(len, absent.values())))
        self._files.write_all(absent, mode=READ_ONLY)
        # Also those that were there: who put them may have died before syncing the folder.
        self._files.sync_folders({path.parent for path in paths - absent.keys()})
        return digests

    def _keep_each(self, incomings: Sequence[Incoming]) -> list[Digest | StorageError]:
        kept = [self._named(incoming) for incoming in incomings]
        named = {digest for digest in kept if isinstance(digest, Digest)}
        try:
            # Also those that were there: who put them may have died before syncing the folder.
            self._files.sync_folders({self._path(digest).parent for digest in named})
        except StorageError as error:
            return [error if isinstance(one, Digest) else one for one in kept]
        return kept

    def _named(self, incoming: Incoming) -> Digest | StorageError:
        """Give what was received its final name, which is not durable yet."""
        try:
            digest = incoming.seal().digest
            self.removals.spare(digest)
            if self._is_sound(digest):
                incoming.remove()
            else:
                self._files.rename_verified(incoming.path, self._path(digest), digest)
                incoming.placed()
        except StorageError as error:
            incoming.remove()
            return error
        return digest

    def _unsound(self, digests: list[Digest]) -> set[Digest]:
        return {digest for digest in digests if not self._is_sound(digest)}

    def _is_sound(self, digest: Digest) -> bool:
        with contextlib.suppress(ArtifactNotFoundError, DamagedError):
            self._judge(digest)
            return True
        return False
