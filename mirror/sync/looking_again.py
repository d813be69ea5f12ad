"""Fetch a few of the held files once more, whole, and see whether they are what they were.

An ETag may stay when bytes change, so nothing but the bytes can tell.  What comes is hashed
and forgotten: a file that is as it was costs no write.  Of the budget three quarters are for
files without a checksum of their own, the rest for the others, longest not looked at first; no
file is looked at twice in a day, none that upstream does not list.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mirror.catalog.model import Listing
from mirror.catalog.values import Digest
from mirror.errors import (
    DigestMismatchError,
    MirrorError,
    RefusedError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamUnavailableError,
)
from mirror.storage.entries import Change
from mirror.storage.looks import Due
from mirror.sync.changed import refuse_changed
from mirror.sync.outcome import Phase, Progress, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirror.catalog.model import Catalog
    from mirror.sync.means import Means

_AT_MOST_EVERY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Again:
    """A held file that is to be looked at again, and its listing."""

    due: Due
    listing: Listing


@dataclass(slots=True)
class LookedAgain:
    """What came of it: how many files were compared, and what was wrong with which.

    ``remarks`` name those that could not be looked at: they are held, so nothing is missing.
    """

    files: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    remarks: list[Trouble] = field(default_factory=list)


class Hashing:
    """A download of which only the digest is kept; it never continues another."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()

    @property
    def validator(self) -> None:
        """Nothing to continue with."""

    @property
    def digest(self) -> Digest:
        """The digest of what came."""
        return Digest(self._hash.hexdigest())

    async def restart(self, validator: str | None) -> None:
        """Forget what came."""
        del validator
        self.size = 0
        self._hash = hashlib.sha256()

    async def write(self, chunk: bytes) -> None:
        """Hash *chunk*."""
        await asyncio.to_thread(self._hash.update, chunk)
        self.size += len(chunk)


def chosen(due: Iterable[Due], budget: int) -> list[Due]:
    """Return *budget* of *due*, which come longest not looked at first.

    Those without a checksum come first, in up to three quarters of the places, or in more
    where there is nothing else; then the others.
    """
    files = list(due)
    bare = [one for one in files if not one.checksummed]
    others = [one for one in files if one.checksummed]
    places = max(budget - budget // 4, budget - len(others))
    return [*bare[:places], *others, *bare[places:]][:budget]


async def choose_again(means: Means, catalog: Catalog, budget: int) -> list[Again]:
    """Return *budget* held files of *catalog* that are to be looked at again.

    Raises `StorageError`.
    """
    if not budget:
        return []
    listed = {
        str(listing.name): listing
        for board in catalog.boards
        if board.stale is None
        for listing in board.listings
    }
    due = await means.store.index.due(means.clock() - _AT_MOST_EVERY)
    some = chosen((one for one in due if one.name in listed), budget)
    return [Again(one, listed[one.name]) for one in some]


async def look_again(means: Means, files: Sequence[Again]) -> LookedAgain:
    """Look at *files* again; one that changed raises the alarm.

    Ends early when upstream can not be asked.  Raises only `StorageError`s.
    """
    looking = _Looking(means)
    try:
        for number, one in enumerate(files):
            means.report(Progress(Phase.LOOK, number, len(files)))
            if not await looking.at(one.due, one.listing):
                break
    finally:
        await means.store.index.looked_at(looking.names, means.clock())
    return looking.found


class _Looking:
    """Looks at one file after the other."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._store = means.store
        self.found = LookedAgain()
        self.names: list[str] = []

    async def at(self, due: Due, listing: Listing) -> bool:
        """Compare one file; return whether upstream can be asked for another."""
        try:
            async with self._means.turns.of(due.name):
                await self._compare(due, listing)
        except DigestMismatchError as error:
            self.found.files += 1
            self.found.troubles.append(Trouble(due.name, str(error)))
        except (UpstreamBusyError, UpstreamUnavailableError) as error:
            self._note(due, error)
            return False
        except (UpstreamError, RefusedError) as error:
            self._note(due, error)
        else:
            self.found.files += 1
        self.names.append(due.name)
        return True

    def _note(self, due: Due, error: MirrorError) -> None:
        self.found.remarks.append(Trouble(due.name, f"could not be looked at again: {error}"))

    async def _compare(self, due: Due, listing: Listing) -> None:
        hashing = Hashing()
        await self._means.fetcher.download(listing.url, hashing)
        later = hashing.digest
        if later == due.digest or await self._store.index.has_changed_to(due.name, later):
            return
        await self._refuse(due, listing, later)

    async def _refuse(self, due: Due, listing: Listing, later: Digest) -> None:
        """Fetch the later bytes once more, to keep them for a look, and raise the alarm."""
        incoming = self._store.incoming.open(due.name, listing.url)
        async with incoming:
            await incoming.restart(None)
            await self._means.fetcher.download(listing.url, incoming)
            received = await incoming.finish()
            kept = received.digest != due.digest
            change = Change(
                time=self._means.clock(),
                name=due.name,
                url=listing.url,
                first=due.digest,
                # It went back to the first meanwhile: the alarm is about what was seen.
                later=received.digest if kept else later,
            )
            await refuse_changed(self._store, change, incoming if kept else None)
