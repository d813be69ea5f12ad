"""The database as callers see it: what the ledger says, what the crawl and the runs remember.

An index over the files: what follows the ledger is always brought up to it, and the rest
may be lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import DamagedError
from mirror.storage.absences import Absences
from mirror.storage.accesses import Accesses
from mirror.storage.artifacts import Artifacts
from mirror.storage.counts import Counts
from mirror.storage.database import AT_ONCE
from mirror.storage.entries import Look, Sighting
from mirror.storage.grounds import Grounds
from mirror.storage.judgements import Judgements
from mirror.storage.kept import Kept
from mirror.storage.looks import Looks
from mirror.storage.pages import Pages
from mirror.storage.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirror.catalog.values import Digest
    from mirror.storage.blobs import BlobReader
    from mirror.storage.database import Database
    from mirror.storage.entries import Entry, Recorded
    from mirror.storage.judgements import Judgement
    from mirror.storage.ledger import Ledger


class Index(Artifacts, Absences, Accesses, Counts, Grounds, Judgements, Looks, Pages, Runs):
    """All of the index; raises only `StorageError`s.

    What is asked for with every file that comes, and nearly always is not there, is kept in
    memory; for that it has to be the only one that follows the ledger.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._recalled = Kept(self.recalls_in_force)
        self._doubted = Kept(self.doubted_names)
        self._names = Kept(self.known_names)

    async def find_recall(self, digest: Digest) -> Judgement | None:
        """Return why *digest* is recalled; None when it is not."""
        return (await self._recalled.get()).get(str(digest))

    async def sightings_of(self, names: Iterable[str]) -> dict[str, Sighting]:
        """Return what was first accepted under each of *names*; unknown names are left out."""
        known = await self._names.get()
        wanted = [name for name in names if name in known]
        return await super().sightings_of(wanted) if wanted else {}

    async def awaits_look(self, name: str) -> bool:
        """Whether *name* awaits a second look; raises as `Looks.awaits_look`."""
        return name in await self._doubted.get() and await super().awaits_look(name)

    async def pending_of(self, names: Iterable[str]) -> dict[str, Sighting]:
        """Return those of *names* that await a second look."""
        doubted = await self._doubted.get()
        wanted = [name for name in names if name in doubted]
        return await super().pending_of(wanted) if wanted else {}

    async def follow(self, records: Sequence[Recorded]) -> bool:
        """Follow *records*; do nothing and return False unless they stand behind `position`."""
        try:
            return await super().follow(records)
        finally:
            self._bring_forward([one.entry for one in records])

    async def catch_up(self, ledger: Ledger, blobs: BlobReader) -> None:
        """Follow *ledger* to its end; begun from nothing, look which blobs are held.

        Raises `DamagedError` when this index has seen lines that the ledger has not.
        """
        place = await self.position()
        if place.number > ledger.head.number:
            raise DamagedError(
                f"the ledger ends with line {ledger.head.number}, but the database has seen line "
                f"{place.number}: restore the ledger, or remove the database to do without them"
            )
        batch: list[Recorded] = []
        async for recorded in ledger.entries(place):
            batch.append(recorded)
            if len(batch) == AT_ONCE:
                await self._follow_all(batch)
                batch.clear()
        await self._follow_all(batch)
        if place.number == 0:
            await self._look_for_more(blobs)
            await self.look_for(blobs)

    async def look_for(self, blobs: BlobReader) -> None:
        """Look which of the artifacts that should be held have no blob, and remember it."""
        batch: set[Digest] = set()
        async for holding in self.held():
            batch.add(holding.digest)
            if len(batch) == AT_ONCE:
                await self.mark_missing(await blobs.missing(batch))
                batch.clear()
        await self.mark_missing(await blobs.missing(batch))

    async def _look_for_more(self, blobs: BlobReader) -> None:
        """Look which artifacts are held although the last line about them is that they went.

        Where a recall is lifted no line says that the bytes are back, nor where somebody put them
        again while they were to go.  Only for a new index: a later one knows what is damaged.
        """
        recalled = await self.recalls_in_force()
        doubted = [one for one in await self.digests_not_held() if str(one) not in recalled]
        await self.mark_held(set(doubted) - await blobs.missing(doubted))

    def _bring_forward(self, entries: Sequence[Entry]) -> None:
        """Make what is kept in memory as new as *entries*."""
        # One that is accepted at once is doubted no more than before.
        if not all(isinstance(one, Sighting) and not one.awaits for one in entries):
            self._recalled.forget()
            self._doubted.forget()
        if self._names.kept is None:
            self._names.forget()  # somebody may be reading them, too early
        else:
            # Some may not be accepted yet: those are looked for in vain, as all were before.
            self._names.kept.add(one.name for one in entries if isinstance(one, Sighting | Look))

    async def _follow_all(self, records: Sequence[Recorded]) -> None:
        if not await self.follow(records):
            raise DamagedError("the database follows another ledger: remove it to rebuild it")
