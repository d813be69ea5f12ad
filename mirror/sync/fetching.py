"""Fetch everything a plan asks for: several at once, one failure never another's.

A trouble with one file is written down and the rest goes on.  What concerns all of them
ends the phase early, with what is held so far kept: upstream that is gone or asks us to
wait, and a disk that takes no more.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from mirror.errors import (
    AwaitingSecondLookError,
    ChildUnavailableError,
    DiskFullError,
    MirrorError,
    RecalledError,
    RefusedError,
    StorageError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamRestingError,
    UpstreamUnavailableError,
)
from mirror.spans import span, spanned
from mirror.sync.outcome import Phase, Progress, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mirror.catalog.model import BoardFacts, Listing
    from mirror.storage.index import Index
    from mirror.sync.intake import Intake

# So many unreachable files in a row are not the files' fault.
GIVING_UP: Final = 5


class Fetching:
    """One fetch phase; its counters may be read at any time while it goes on."""

    def __init__(
        self,
        intake: Intake,
        listings: Sequence[Listing],
        facts: Mapping[str, BoardFacts],
        report: Callable[[Progress], None],
    ) -> None:
        self._intake = intake
        self._rest = iter(listings)
        self._facts = facts
        self._report = report
        self._total = len(listings)
        self._open = Counter(listing.board for listing in listings)
        self._unreachable = 0
        self.whole: set[str] = set()
        self.troubles: list[Trouble] = []
        self.recalled: list[Trouble] = []
        self.awaiting: list[Trouble] = []
        self.halted: MirrorError | None = None
        self.fetched = 0
        self.received_bytes = 0

    @spanned("fetch")
    async def run(self, at_once: int) -> None:
        """Fetch all, *at_once* under way; return when all are done or all must stop."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(at_once):
                tasks.create_task(self._work())

    @property
    def missing(self) -> int:
        """How many of the listings are not held (yet), and were not found to be recalled."""
        return self._total - self.fetched - len(self.recalled)

    def take_whole_boards(self) -> set[str]:
        """Return the boards of which nothing is open any more, each once."""
        whole, self.whole = self.whole, set()
        return whole

    async def settle(self, index: Index) -> None:
        """Look what became of those that awaited a second look: siblings came after them."""
        names = [one.subject for one in self.awaiting]
        waiting = await index.pending_of(names)
        accepted = await index.first_digests(names)
        refused = await index.refusals_of(names)
        self.fetched += len(accepted)
        self.awaiting = [one for one in self.awaiting if one.subject in waiting]
        for name, refusal in refused.items():
            reasons = "; ".join(reason.text for reason in refusal.reasons)
            self.troubles.append(Trouble(name, f"{name}: {reasons}"))

    async def _work(self) -> None:
        for listing in self._rest:
            if self.halted is not None:
                return
            await self._one(listing)
            self._finish(listing)

    async def _one(self, listing: Listing) -> None:
        try:
            with span("file", name=str(listing.name), board=listing.board):
                size = await self._intake.take(listing, self._facts[listing.board])
        except AwaitingSecondLookError as error:
            self._unreachable = 0
            self.awaiting.append(Trouble(str(listing.name), str(error)))
            self.received_bytes += error.received
        except (StorageError, UpstreamBusyError) as error:
            self._halt(listing, error)
        except (UpstreamUnavailableError, ChildUnavailableError) as error:
            # Also where this machine had no time to judge: the next run asks again.
            self._unreachable += 1
            if self._unreachable >= GIVING_UP:
                self.halted = error
            self._note(listing, error)
        except RecalledError as error:
            self._unreachable = 0
            self.recalled.append(Trouble(str(listing.name), str(error)))
        except (RefusedError, UpstreamError) as error:
            self._unreachable = 0
            self._note(listing, error)
        else:
            self._unreachable = 0
            self.fetched += 1
            self.received_bytes += size

    def _halt(self, listing: Listing, error: MirrorError) -> None:
        self.halted = error
        # Where nobody was asked, or nothing fits, that is said once, and not of each file.
        if not isinstance(error, UpstreamRestingError | DiskFullError):
            self._note(listing, error)

    def _note(self, listing: Listing, error: MirrorError) -> None:
        self.troubles.append(Trouble(str(listing.name), str(error)))

    def _finish(self, listing: Listing) -> None:
        self._open[listing.board] -= 1
        if not self._open[listing.board]:
            self.whole.add(listing.board)
        done = self._total - self._open.total()
        self._report(Progress(Phase.FETCH, done, self._total, self.received_bytes))
