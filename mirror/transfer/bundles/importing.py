"""Import a bundle, all of it or nothing: signature, manifest, every digest, every structure.

The medium is read once: bytes are hashed while they are copied into the incoming folder, and only
the copies are judged, each file while those behind it are copied.  Until all are accepted nothing
else was written; then they are kept, written down, and published, each step safe to repeat.
Refused, the copies are taken away; killed, they are taken up by the next import of the same bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.errors import (
    BundleRefusedError,
    DiskFullError,
    MirrorError,
    RefusedError,
    SignatureRefusedError,
)
from mirror.frozen import dataclass
from mirror.publication.bundle import Manifest, Piece
from mirror.publication.statements import Statement, Type
from mirror.sandbox import Sandbox
from mirror.storage.senders import Senders
from mirror.storage.store import Store
from mirror.storage.threads import to_end
from mirror.sync.foreign import ForeignPublisher
from mirror.transfer.bundles.committing import Commit, Committed
from mirror.transfer.bundles.judging import Judged, Judging, Scan
from mirror.transfer.bundles.judging_beside import Brought
from mirror.transfer.bundles.packing import Gathered, unpack
from mirror.transfer.bundles.reading import Hashed, Reader
from mirror.transfer.bundles.staging import Staging
from mirror.transfer.keys.followed import Followed
from mirror.transfer.keys.minisign import Signature
from mirror.transfer.keys.rules import Rules, Seen

if TYPE_CHECKING:
    from mirror.storage.senders import Sender
    from mirror.transfer.bundles.reading import Medium

#: Told how many bytes of how many were read.
Progress = Callable[[int, int], None]


def _tell_nobody(_done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What an import works with; *scan* is a program that may refuse a file, None: none.

    *publisher* publishes on another channel than ``current``; *followed* learns of keys by the
    words of recovery keys.
    """

    store: Store
    sandbox: Sandbox
    senders: Senders
    rules: Rules
    clock: Callable[[], datetime]
    upstream: str
    scan: Scan | None = None
    publisher: ForeignPublisher | None = None
    followed: Followed | None = None
    report: Progress = field(default=_tell_nobody)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do: the bundle, its key, and what became of each file.

    *brought* is what is new of packages and photographs; *committed* is None for one that was
    only tried.
    """

    manifest: Manifest
    key: str
    judged: tuple[Judged, ...]
    brought: tuple[Brought, ...]
    size: int
    committed: Committed | None


def seen_of(senders: Mapping[tuple[str, str], Sender]) -> dict[tuple[str, str], Seen]:
    """Return how far *senders* were seen, as the rules want it."""
    return {place: Seen(one.sequence, one.content) for place, one in senders.items()}


async def import_bundle(means: Means, medium: Medium, *, dry_run: bool = False) -> Imported:
    """Take in the bundle on *medium*; with *dry_run* say what it would bring, and change nothing.

    Raises a `RefusedError` when it is not taken: then nothing was changed.  Raises `StorageError`
    when this node can not keep it.
    """
    return await _Import(means, medium).whole(dry_run=dry_run)


class _Import:
    def __init__(self, means: Means, medium: Medium) -> None:
        self._means = means
        self._reader = Reader(medium)
        self._staging = Staging(means.store)
        self._done = 0

    async def whole(self, *, dry_run: bool) -> Imported:
        try:
            manifest, said, key = await self._opened()
            total = manifest.size
            await self._refuse_too_large(total)
            judging = Judging(self._means, self._staging, manifest)
            judged = await self._taken(manifest, judging)
        except RefusedError:
            await self._staging.discard()
            raise
        except (MirrorError, asyncio.CancelledError):
            # What came is taken up again: the medium, or this disk, failed, and not the bundle.
            await self._staging.close()
            raise
        if dry_run:
            await self._staging.discard()
            return Imported(manifest, key, judged, judging.brought, total, None)
        commit = Commit(self._means, self._staging, manifest, said)
        committed = await commit.all(judging, judged, key)
        return Imported(manifest, key, judged, judging.brought, total, committed)

    async def _opened(self) -> tuple[Manifest, Statement, str]:
        head = await self._reader.head()
        signature = Signature.parse(head.signature)
        rules = self._means.rules
        if head.certificates is not None and self._means.followed is not None:
            rules = await self._means.followed.rules(rules, head.certificates)
        said = rules.believe(head.manifest, signature, Type.BUNDLE)
        manifest = await self._means.sandbox.read_manifest(head.manifest)
        if (said.origin, said.channel, said.sequence) != (
            manifest.lineage,
            manifest.channel,
            manifest.sequence,
        ):
            raise SignatureRefusedError("signed as another publication than the manifest names")
        rules.refuse_other(said, Digest(manifest.content))
        await self._refuse_rewritten(manifest)
        await self._reader.sums(manifest, head.certificates)
        return manifest, said, signature.key_id

    async def _refuse_too_large(self, total: int) -> None:
        """Refuse what the disk has no room for, before anything is copied."""
        try:
            await self._means.store.demand(total)
        except DiskFullError as error:
            raise BundleRefusedError(f"the bundle has {total} bytes: {error}") from error

    async def _refuse_rewritten(self, manifest: Manifest) -> None:
        """Raise when a line of the sender's ledger is another one than was told before."""
        told = {mark.number: mark.sha256 for mark in manifest.ledger}
        last = max(told, default=0)
        for (lineage, _), sender in (await self._means.senders.all()).items():
            if lineage != manifest.lineage:
                continue
            for mark in sender.ledger:
                if told.get(mark.number, mark.sha256) != mark.sha256:
                    raise BundleRefusedError(
                        f"line {mark.number} of the sender's ledger is another one than it told "
                        "before: its history was rewritten"
                    )
            if sender.ledger and sender.ledger[-1].number > last:
                raise BundleRefusedError(
                    f"the sender's ledger ends with line {last}, and had "
                    f"{sender.ledger[-1].number} before: its history was cut"
                )

    async def _taken(self, manifest: Manifest, judging: Judging) -> tuple[Judged, ...]:
        """Copy everything, and judge each file while those behind it are copied."""
        paths = manifest.paths()
        files = len(paths) - len(manifest.blobs)
        await self._copy(manifest, paths[:files])
        await judging.documents()
        try:
            async with asyncio.TaskGroup() as tasks:
                judged = tasks.create_task(judging.files())
                await self._copy(manifest, paths[files:], judging.came)
                await self._reader.end()
        except ExceptionGroup as failed:
            # One sentence is enough: the other one was given up.
            raise failed.exceptions[0] from failed
        await judging.beside()
        return judged.result()

    async def _copy(
        self,
        manifest: Manifest,
        paths: Sequence[tuple[str, Piece]],
        came: Callable[[Digest], None] | None = None,
    ) -> None:
        extras, unpacked = {extra.path for extra in manifest.extras}, manifest.unpacked
        for path, piece in paths:
            if path in extras:
                # For people: its digest is checked, and nothing of it is taken in.
                await self._reader.piece(path, piece, Hashed())
                continue
            if path in unpacked:
                await self._copy_packed(path, piece, unpacked[path])
            else:
                async with self._staging.taking(piece) as sink:
                    await self._reader.piece(path, piece, sink)
            if came is not None:
                came(piece.digest)
            self._done += unpacked.get(path, piece).size
            self._means.report(self._done, manifest.size)

    async def _copy_packed(self, path: str, packed: Piece, piece: Piece) -> None:
        gathered = Gathered()
        await self._reader.piece(path, packed, gathered)
        document = await to_end(unpack, gathered.data, piece, path)
        async with self._staging.taking(piece) as sink:
            await sink.write(document)
