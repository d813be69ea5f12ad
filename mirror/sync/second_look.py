"""Have a new artifact confirmed before anybody gets it: fetched again later, or by siblings.

Until then its bytes are pending: kept, written down, not published and not served.  Looks that
differ, and siblings that do where they must agree, put both in quarantine; after two looks
that differ nothing is taken under that name until somebody has judged.  A rule that is asked
for no longer is waived at the next run.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mirror.catalog.second_look import SecondLook
from mirror.errors import (
    ArtifactNotFoundError,
    AwaitingSecondLookError,
)
from mirror.formats.siblings import DIFFERS, comparable, partners
from mirror.formats.verdict import Finding
from mirror.storage.entries import SECOND_FETCH, SIBLINGS, WAIVED, Change, Look, Refusal
from mirror.sync.changed import NEITHER, refuse_changed
from mirror.sync.publish import stamp
from mirror.sync.siblings import build_key

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable
    from datetime import datetime

    from mirror.catalog.names import ArtifactName
    from mirror.formats.verdict import Verdict
    from mirror.storage.entries import Sighting
    from mirror.storage.store import Store
    from mirror.sync.turns import Turns
    from mirror.upstream.asked import Asked

NO_RULE: Final = SecondLook()
_SOON: Final = timedelta(minutes=1)


class SecondLooks:
    """The second looks of one run; ``fetched_again`` names what was fetched for them.

    *wanted* has the names that this run is to hold: only their siblings are waited for.
    """

    def __init__(
        self,
        store: Store,
        fetcher: Asked,
        turns: Turns,
        clock: Callable[[], datetime],
        rule: SecondLook = NO_RULE,
        wanted: Container[str] = frozenset(),
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._turns = turns
        self._clock = clock
        self._rule = rule
        self._wanted = wanted
        self.fetched_again: list[str] = []

    async def is_pending(self, name: str) -> bool:
        """Whether *name* awaits a look; `DigestMismatchError` when two looks at it differed."""
        return await self._store.index.awaits_look(name)

    async def awaits(self, name: ArtifactName, verdict: Verdict) -> tuple[str, ...]:
        """Return what must confirm a new artifact with this *verdict*."""
        found = [SECOND_FETCH] if self._rule.after is not None else []
        alone = self._rule.siblings and not verdict.agrees_with and comparable(verdict.facts)
        if alone and await self._outstanding(name):
            found.append(SIBLINGS)
        return tuple(found)

    def must_agree(self, verdict: Verdict) -> bool:
        """Whether *verdict* is refused because a sibling differs."""
        return self._rule.siblings and bool(verdict.differs_from)

    def waiting(self, sighting: Sighting) -> AwaitingSecondLookError:
        """Return the error that says what *sighting*, which came just now, waits for."""
        return self._awaiting(sighting, sighting.awaits[0], received=sighting.size)

    async def look(self, name: ArtifactName) -> int:
        """Look again at what is pending under *name*; return its size once it is accepted.

        Raises `AwaitingSecondLookError` when it must still wait, `DigestMismatchError` when the
        second look differs, and what kept it from being fetched or kept.
        """
        async with self._turns.of(build_key(name)):
            while pending := (await self._store.index.pending_of([str(name)])).get(str(name)):
                await self._look_at(pending, name)
        held = await self._store.index.find_held(str(name))
        if held is None:
            raise ArtifactNotFoundError(f"{name} is neither pending nor held")
        return held.size

    async def agreed(self, names: Iterable[str]) -> None:
        """Confirm those of *names*, siblings of what was just written down, that waited for it."""
        for pending in (await self._store.index.pending_of(names)).values():
            if SIBLINGS in pending.awaits:
                await self._confirm(pending, SIBLINGS, SIBLINGS)

    async def refuse(self, names: Iterable[str], sibling: str) -> None:
        """Refuse those of *names* that are pending: *sibling*, of their build, differs."""
        for pending in (await self._store.index.pending_of(names)).values():
            finding = Finding(DIFFERS, f"its sibling {sibling} carries another program")
            await self._quarantine(pending, finding)
            refusal = Refusal(
                time=self._clock(),
                name=pending.name,
                url=pending.url,
                reasons=(finding,),
                digest=pending.digest,
                size=pending.size,
            )
            await self._store.ledger.append([refusal])

    async def _look_at(self, pending: Sighting, name: ArtifactName) -> None:
        what = pending.awaits[0]
        if what == SECOND_FETCH and self._rule.after is not None:
            if self._clock() < pending.time + self._rule.after:
                raise self._awaiting(pending, what)
            await self._fetch_again(pending, what)
        elif what == SIBLINGS and pending.verdict.agrees_with:
            await self._confirm(pending, what, SIBLINGS)
        elif what == SIBLINGS and self._rule.siblings and await self._outstanding(name):
            raise self._awaiting(pending, what)
        else:
            await self._confirm(pending, what, WAIVED)

    async def _outstanding(self, name: ArtifactName) -> list[str]:
        """Return the siblings of *name* that are wanted and have not come yet."""
        wanted = [one for one in partners(str(name), name.kind.value) if one in self._wanted]
        index = self._store.index
        come = {**await index.sightings_of(wanted), **await index.pending_of(wanted)}
        return [one for one in wanted if one not in come]

    async def _confirm(self, pending: Sighting, what: str, how: str) -> None:
        """Write down that *what* is done; accept the bytes when nothing else is to be done."""
        look = self._look(pending, what, how)
        if not look.awaits and not await self._kept(pending):
            await self._fetch_again(pending, what)
            return
        await self._store.ledger.append([look])

    async def _kept(self, pending: Sighting) -> bool:
        """Make a blob of the pending bytes; return whether they were there, and were sound."""
        incoming = self._store.incoming.open(f"{pending.name}.pending", pending.url)
        with suppress(ArtifactNotFoundError):
            async with incoming:
                await self._store.pending.copy(pending.digest, incoming)
                if (await incoming.finish()).digest == pending.digest:
                    await self._store.blobs.keep(incoming)
                    return True
                await incoming.discard()
        return False

    async def _fetch_again(self, pending: Sighting, what: str) -> None:
        self.fetched_again.append(pending.name)
        incoming = self._store.incoming.open(pending.name, pending.url)
        async with incoming:
            # Whole: what is left of another download would be compared with itself.
            await incoming.restart(None)
            await self._fetcher.download(pending.url, incoming)
            received = await incoming.finish()
            if received.digest != pending.digest:
                change = Change(
                    self._clock(), pending.name, pending.url, pending.digest, received.digest
                )
                text = f"first seen as {change.first}, then as {change.later}: {NEITHER}"
                await self._quarantine(pending, Finding("bytes-changed", text))
                await refuse_changed(self._store, change, incoming, NEITHER)
            look = self._look(pending, what, SECOND_FETCH)
            folder = self._store.pending if look.awaits else self._store.blobs
            await folder.keep(incoming)
        await self._store.ledger.append([look])

    async def _quarantine(self, pending: Sighting, finding: Finding) -> None:
        incoming = self._store.incoming.open(f"{pending.name}.pending", pending.url)
        with suppress(ArtifactNotFoundError):
            async with incoming:
                await self._store.pending.copy(pending.digest, incoming)
                await incoming.finish()
                await self._store.quarantine.put(incoming, pending.name, pending.url, (finding,))

    def _look(self, pending: Sighting, what: str, how: str) -> Look:
        left = tuple(one for one in pending.awaits if one != what)
        return Look(self._clock(), pending.name, pending.digest, how, left)

    def _awaiting(self, pending: Sighting, what: str, received: int = 0) -> AwaitingSecondLookError:
        now = self._clock()
        due = pending.time + (self._rule.after or now - pending.time)
        until = f"not before {stamp(due)}" if what == SECOND_FETCH else "its siblings are not here"
        return AwaitingSecondLookError(
            f"{pending.name} is awaiting a second look: {until}",
            retry_after=max(due - now, _SOON),
            received=received,
        )
