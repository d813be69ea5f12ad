"""Bring one file of a mirror to this disk: whole, right and verified, or not at all.

What comes goes to ``.mpmirror/`` beside the file, and is continued there after a cut, a kill or
a restart.  It gets its name only when its digest is the published one, the image inside was
judged by this machine too, and all of it is on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.client.lockfile import LockedFile
from mirror.errors import DigestMismatchError, RecalledError, RefusedError
from mirror.formats.verdict import Claim, Verdict
from mirror.frozen import dataclass
from mirror.publication.words import checked_words
from mirror.storage.disk import Disk, reported
from mirror.storage.files import PLAIN, Files
from mirror.storage.incoming_folder import IncomingFolder
from mirror.storage.lock import LOCK_FILE, locked
from mirror.storage.space import Room
from mirror.upstream.peer_urls import blob_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mirror.sandbox import Sandbox
    from mirror.storage.incoming import Incoming
    from mirror.upstream.fetch import Fetcher

_FOLDER: Final = ".mpmirror"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to bring: its bytes are those of *digest*, *size* many; *claim* is what it is.

    With *locked*, the image must show the chip and the offset of the lock too.
    """

    name: str
    digest: Digest
    size: int
    claim: Claim
    locked: LockedFile | None = None


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that is here now, judged here.

    ``resumed_from`` are the bytes that an earlier command had left; ``there`` says that all of
    it was here already; ``replaced`` is the digest of other bytes that had its name.
    """

    path: Path
    digest: Digest
    size: int
    verdict: Verdict
    resumed_from: int = 0
    there: bool = False
    replaced: Digest | None = None


class Downloads:
    """Brings files into *folder* on *disk*; it is made if its parent is there."""

    def __init__(
        self, fetcher: Fetcher, sandbox: Sandbox, folder: Path, disk: Disk | None = None
    ) -> None:
        self._fetcher = fetcher
        self._sandbox = sandbox
        self._folder = folder
        self._files = Files(disk or Disk())

    async def bring(self, wanted: Wanted, report: Callable[[int, int], None]) -> Brought:
        """Return *wanted* as it is here; *report* is told how many bytes of how many are there.

        Raises `DigestMismatchError` for other bytes, `RefusedError` for an image that is refused
        here, `LockedError` when another command brings something to this folder, and what the
        network and the disk raise.
        """
        await asyncio.to_thread(self._files.make_folders, [self._folder])
        final = self._folder / wanted.name
        before = await asyncio.to_thread(_digest_of, final)
        if before == wanted.digest:
            verdict = await self._judged(final, wanted)
            return Brought(final, wanted.digest, wanted.size, verdict, there=True)
        with self._alone() as room:
            incoming = IncomingFolder(room, self._files, Room(self._files.disk, room, None))
            url = blob_url(self._fetcher.upstream, wanted.digest)
            async with incoming.open(wanted.name, url, md5=False) as part:
                brought = await self._fill(part, wanted, url, report)
        return Brought(
            path=final,
            digest=wanted.digest,
            size=wanted.size,
            verdict=brought.verdict,
            resumed_from=brought.resumed_from,
            replaced=before,
        )

    async def _fill(
        self, part: Incoming, wanted: Wanted, url: str, report: Callable[[int, int], None]
    ) -> Brought:
        download = await self._fetcher.download(url, _Told(part, wanted, report))
        received = await part.finish()
        if received.digest != wanted.digest:
            await part.discard()
            raise DigestMismatchError(
                f"{url}: sent bytes of {received.digest}: nothing of it was kept"
            )
        try:
            verdict = await self._judged(part.path, wanted)
        except RefusedError:
            await part.discard()
            raise
        final = self._folder / wanted.name
        await asyncio.to_thread(self._place, part, final, wanted.digest)
        return Brought(final, wanted.digest, wanted.size, verdict, download.resumed_from)

    async def _judged(self, path: Path, wanted: Wanted) -> Verdict:
        with reported("reading", path), self._files.disk.open_reading(path) as file:
            verdict = await self._sandbox.verify_image(file, wanted.size, wanted.claim)
        if not verdict.accepted:
            raise RefusedError(f"{wanted.name}: {checked_words(verdict)}")
        if wanted.locked is not None:
            wanted.locked.refuse_other_place(verdict.facts)
        return verdict

    def _place(self, part: Incoming, final: Path, digest: Digest) -> None:
        part.seal(PLAIN)
        self._files.place(part.path, final, digest)
        part.remove()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[Path]:
        room = self._folder / _FOLDER
        self._files.make_folders([room])
        with locked(room):
            self._files.sweep(room)
            try:
                yield room
            finally:
                _tidy(room)


class _Told:
    """A *part* whose growth is reported, and that takes no more than the file has."""

    def __init__(self, part: Incoming, wanted: Wanted, report: Callable[[int, int], None]) -> None:
        self._part = part
        self._wanted = wanted
        self._report = report
        report(part.size, wanted.size)

    @property
    def size(self) -> int:
        return self._part.size

    @property
    def validator(self) -> str | None:
        return self._part.validator

    async def restart(self, validator: str | None) -> None:
        await self._part.restart(validator)

    async def write(self, chunk: bytes) -> None:
        if self._part.size + len(chunk) > self._wanted.size:
            await self._part.restart(None)
            raise DigestMismatchError(
                f"{self._wanted.name}: more came than its {self._wanted.size} bytes: "
                "nothing of it was kept"
            )
        await self._part.write(chunk)
        self._report(self._part.size, self._wanted.size)


def refuse_recalled(name: str, digest: Digest, recalled: frozenset[Digest]) -> None:
    """Raise `RecalledError` when the mirror forbids these bytes."""
    if digest in recalled:
        raise RecalledError(f"{name} was recalled by the mirror's operator: {digest}")


def _tidy(room: Path) -> None:
    """Take the folder *room* away, unless a part is in it that can be continued."""
    with contextlib.suppress(OSError):
        if {path.name for path in room.iterdir()} <= {LOCK_FILE}:
            (room / LOCK_FILE).unlink()
            room.rmdir()


def _digest_of(path: Path) -> Digest | None:
    """Return the digest of the file *path*; None if there is none."""
    with reported("reading", path):
        try:
            with path.open("rb") as file:
                return Digest(hashlib.file_digest(file, "sha256").hexdigest())
        except FileNotFoundError:
            return None
