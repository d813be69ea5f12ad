"""Check the store: hash every blob, walk every publication, follow the ledger's chain.

A check changes nothing and may run beside a daemon.  Whoever holds the store can pass what
was found to `forget_damaged`: the next sync run then fetches those bytes again.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.errors import (
    ArtifactNotFoundError,
    DamagedError,
    MirrorError,
    PublicationNotFoundError,
)
from mirror.frozen import dataclass
from mirror.publication.documents import decode_board, decode_content, decode_publication
from mirror.publication.feeds import all_files
from mirror.publication.local.layer import local_digests
from mirror.publication.subtrees import tops_of
from mirror.storage.blobs import FOLDERS
from mirror.storage.channels import promoted_channels
from mirror.storage.entries import Removal, Sighting
from mirror.storage.subtrees import SubtreeWalk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from mirror.storage.entries import Position
    from mirror.storage.store import Store, StoreReader

_MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it was written; ``digest`` names the blob, if it is one."""

    subject: str
    text: str
    digest: Digest | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: blobs and publications looked at, lines of the ledger, damages."""

    blobs: int
    publications: int
    ledger_lines: int
    damages: tuple[Damage, ...]

    @property
    def exit_status(self) -> int:
        """0 when all is sound, 5 when damage was found."""
        return DamagedError.exit_status if self.damages else 0


async def check(
    store: StoreReader, progress: Callable[[int, int], None], *, head: Position | None = None
) -> Report:
    """Check all of *store*; *progress* is told how many blobs are done, and of how many.

    *head* is where the ledger must end: no later line vouches for its last one.  Raises
    `StorageError` when the disk can not be read at all.
    """
    checking = Checking(store)
    blobs = await checking.blobs(progress)
    publications = await checking.publications()
    await checking.pins()
    lines = await checking.ledger(head)
    return Report(blobs, publications, lines, tuple(checking.damages))


async def forget_damaged(store: Store, report: Report) -> None:
    """Count the damaged blobs of *report* as not held, so that they are fetched again."""
    digests = [damage.digest for damage in report.damages if damage.digest is not None]
    await store.index.mark_missing(digests)


async def let_go(store: StoreReader) -> set[Digest]:
    """Return what was let go on purpose by now, and never fetched again."""
    found: set[Digest] = set()
    try:
        async for recorded in store.ledger.entries():
            match recorded.entry:
                case Removal(digest=digest):
                    found.add(digest)
                case Sighting(digest=digest):
                    found.discard(digest)
    except DamagedError:
        pass  # named by its own check; what stands before is as it was written
    return found


class Checking:
    """One check under way; its parts can be made one by one, and add to ``damages``."""

    def __init__(self, store: StoreReader, executor: Executor | None = None) -> None:
        self._store = store
        self._executor = executor
        self._bad: set[Digest] = set()
        self._walked: set[Digest] = set()
        self._subtrees = SubtreeWalk(self._read)
        self._recalled: frozenset[Digest] = frozenset()
        self._gone: set[Digest] = set()
        self.damages: list[Damage] = []

    async def blobs(self, progress: Callable[[int, int], None]) -> int:
        """Hash every blob, and name what is none; return how many there were."""
        total, count = await self.count(), 0
        await self.strangers()
        for prefixes in FOLDERS:
            for digest in await self.within(prefixes):
                await self.blob(digest)
                count += 1
                progress(count, max(count, total))
        return count

    async def count(self, after: str = "") -> int:
        """Count the blobs in the folders behind the one named *after*."""
        behind = [[prefix for prefix in some if prefix > after] for some in FOLDERS]
        return sum(
            [len(await self._store.blobs.within(prefixes)) for prefixes in behind if prefixes]
        )

    async def blob(self, digest: Digest) -> None:
        """Hash one blob."""
        try:
            await self._store.blobs.check(digest, self._executor)
        except DamagedError as error:
            self._note(digest, error)
        except ArtifactNotFoundError:
            pass  # let go since the folder was read; what is published is looked for below

    async def pins(self) -> None:
        """Read every pin, and name the first that can not be read."""
        try:
            await self._store.pins.all()
        except DamagedError as error:
            self.damages.append(Damage("pins", str(error)))

    async def within(self, prefixes: Sequence[str]) -> list[Digest]:
        """Return the blobs whose names begin with one of *prefixes*, and name what is none."""
        folders = await self._store.blobs.folders(prefixes)
        self._name_strangers(path for folder in folders for path in folder.strangers)
        return [digest for folder in folders for digest in folder.digests]

    async def strangers(self) -> None:
        """Name what stands beside the folders of the blobs."""
        self._name_strangers(await self._store.blobs.strangers())

    async def publications(self) -> int:
        """Walk every publication to the names of all its bytes; return how many there are."""
        publications = self._store.publications
        pointed = {await publications.current(channel) for channel in await publications.channels()}
        sequences = await publications.sequences()
        await self._look_what_is_recalled()
        # The newest first: what a board of the current one names is asked for by its rule.
        for sequence in reversed(sequences):
            try:
                root = await publications.root(sequence)
                await self._walk(root, lenient=root not in pointed)
            except PublicationNotFoundError:
                continue  # forgotten since the folder was read
            except MirrorError as error:
                self.damages.append(Damage(f"publication {sequence}", str(error)))
        for channel in await promoted_channels(self._store):
            await self._channel(channel)
        return len(sequences)

    async def ledger(self, head: Position | None) -> int:
        """Follow the ledger's chain, to *head* if that is known; return how many lines it has."""
        try:
            end = await self._store.ledger.verify()
        except DamagedError as error:
            self.damages.append(Damage("ledger", str(error)))
            return 0
        if head is not None and end != head:
            text = f"it ends with line {end.number}, {end.digest}, not as it was written"
            self.damages.append(Damage("ledger", text))
        return end.number

    async def _channel(self, channel: str) -> None:
        """Walk what a channel points to; its own roots are no publications by sequence."""
        try:
            root = await self._store.publications.current(channel)
            if root is not None:
                await self._walk(root, lenient=False)
        except MirrorError as error:
            self.damages.append(Damage(f"channel {channel}", str(error)))

    async def _look_what_is_recalled(self) -> None:
        """Remember what older publications name and nobody shall hold."""
        current = await self._store.publications.current()
        if current is None:
            return
        # What can not be read of it is named where it is walked.
        with contextlib.suppress(MirrorError):
            root = decode_publication(await self._read(current))
            self._recalled = frozenset(decode_content(await self._read(root.content)).recalled)

    async def _walk(self, digest: Digest, *, lenient: bool) -> None:
        root = decode_publication(await self._read(digest))
        content = decode_content(await self._read(root.content))
        self._note_missing(await self._missing(local_digests(root), lenient=lenient))
        # Publications share most boards: each board document is walked once.
        for board in set(content.boards.values()) - self._walked:
            self._walked.add(board)
            document = decode_board(await self._read(board))
            files = {file.digest for file in all_files(document)}
            self._note_missing(await self._missing(files, lenient=lenient))
        for top in set(tops_of(content)) - self._walked:
            self._walked.add(top)
            files = (await self._subtrees.reached([top])).files
            self._note_missing(await self._missing(files, lenient=lenient))

    async def _missing(self, digests: set[Digest], *, lenient: bool) -> set[Digest]:
        """Return what of *digests* is not held; if *lenient*, and was not let go on purpose."""
        missing = await self._store.blobs.missing(digests)
        if not lenient:
            return missing
        if missing - self._gone:
            # Most of what an older publication lacks was looked up for a newer one.
            self._gone = await let_go(self._store)
        return missing - self._gone

    async def _read(self, digest: Digest) -> bytes:
        try:
            return await self._store.blobs.read(digest, max_bytes=_MOST_BYTES)
        except (ArtifactNotFoundError, DamagedError) as error:
            self._note(digest, error)
            raise

    def _note_missing(self, digests: set[Digest]) -> None:
        for digest in digests - self._recalled:
            self._note(digest, ArtifactNotFoundError(f"{digest} is published and not held"))

    def _name_strangers(self, paths: Iterable[Path]) -> None:
        text = "this is no blob, and nobody is served it: remove it if nothing of yours needs it"
        self.damages.extend(Damage(str(path), text) for path in paths)

    def _note(self, digest: Digest, error: MirrorError) -> None:
        if digest not in self._bad:
            self._bad.add(digest)
            self.damages.append(Damage(str(digest), str(error), digest))
