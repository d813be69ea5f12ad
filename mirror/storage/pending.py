"""Keep bytes that await a second look; never serve them.

Bytes lie at ``pending/<64 hex>``, durably and beside the blobs, which anybody may ask for by
digest.  What the index does not know of is left by a crash, and pruned.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError
from mirror.storage.disk import reported
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path
    from typing import BinaryIO

    from mirror.storage.files import Files
    from mirror.storage.incoming import Incoming

_HEX = re.compile(r"[0-9a-f]{64}")
_PORTION = 1 << 18


class PendingFolder:
    """The bytes in *folder*; all methods raise only `MirrorError`s."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files

    async def keep(self, incoming: Incoming) -> Digest:
        """Move what was received here, durably; return its digest.

        After a failure nothing of it is left in the incoming folder.
        """
        return await to_end(self._keep, incoming)

    async def copy(self, digest: Digest, incoming: Incoming) -> None:
        """Write the bytes of *digest* to *incoming*; `ArtifactNotFoundError` without them."""
        await incoming.restart(None)
        with self.open(digest) as file:
            while chunk := await to_end(file.read, _PORTION):
                await incoming.write(chunk)

    def open(self, digest: Digest) -> BinaryIO:
        """Open what is pending for reading; `ArtifactNotFoundError` when it is not here."""
        path = self._folder / digest.hex
        with reported("reading", path):
            try:
                return self._files.disk.open_reading(path)
            except FileNotFoundError as error:
                raise ArtifactNotFoundError(f"{digest} is not pending") from error

    async def remove(self, digest: Digest) -> None:
        """Let *digest* go; it is no error when it is not here."""
        await to_end(self._files.remove, self._folder / digest.hex)

    async def prune(self, known: Container[Digest]) -> int:
        """Remove all but what is *known*; return how many."""
        return await to_end(self._prune, known)

    def _keep(self, incoming: Incoming) -> Digest:
        try:
            digest = incoming.seal().digest
            self._files.place(incoming.path, self._folder / digest.hex, digest)
        finally:
            incoming.remove()
        return digest

    def _prune(self, known: Container[Digest]) -> int:
        with reported("reading the folder", self._folder):
            names = [path.name for path in self._folder.iterdir() if _HEX.fullmatch(path.name)]
        stray = [name for name in names if Digest(name) not in known]
        for name in stray:
            self._files.remove(self._folder / name)
        return len(stray)
