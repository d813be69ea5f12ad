"""Take one listed artifact in: fetch it, judge it, keep it, write it down.

The order makes every step safe to repeat: bytes are kept before the ledger names them, and
nothing but the ledger makes them part of a publication.  Refused bytes go to quarantine
with their reasons; a name whose bytes changed keeps its first bytes, and the later ones go
there too.  The caller sees accepted bytes or a `MirrorError` that says what was wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.claims import claim_of_listing
from mirror.errors import (
    ChildRefusedError,
    MalformedImageError,
)
from mirror.formats.siblings import refused_for_siblings
from mirror.formats.verdict import Conclusion, Finding, Verdict
from mirror.storage.entries import Change, Decision, Refusal, Sighting
from mirror.storage.incoming import Received
from mirror.sync.changed import refuse_changed
from mirror.sync.second_look import SecondLooks
from mirror.sync.siblings import Siblings
from mirror.sync.turns import Turns
from mirror.sync.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mirror.catalog.model import BoardFacts, Listing
    from mirror.catalog.values import Digest
    from mirror.formats.verdict import Claim
    from mirror.sandbox import Sandbox
    from mirror.storage.incoming import Incoming
    from mirror.storage.store import Store
    from mirror.upstream.answers import Download
    from mirror.upstream.fetch import Fetcher

# Seconds in which other files of a fast run come to be written down in the same append.
_PATIENCE: Final = 0.02


class Intake:
    """The way of a file from upstream into the store; one for a run, used by many tasks.

    *first* has the first digest of every name of this run that was ever seen before; None
    asks the index for each.
    """

    def __init__(  # noqa: PLR0913 - what a file passes on its way, each its own thing
        self,
        fetcher: Fetcher,
        sandbox: Sandbox,
        store: Store,
        clock: Callable[[], datetime],
        *,
        first: Mapping[str, Digest] | None = None,
        turns: Turns | None = None,
        looks: SecondLooks | None = None,
    ) -> None:
        """Take in with these; those that share *turns* never take the same file twice.

        *looks* says what must confirm a new artifact, None: nothing.
        """
        self._fetcher = fetcher
        self._sandbox = sandbox
        self._store = store
        self._clock = clock
        self._first = first
        self._turns = turns or Turns()
        self._witness = Witness(store.index)
        self._siblings = Siblings(store, self._turns)
        self._looks = looks or SecondLooks(store, fetcher, self._turns, clock)

    async def take(
        self,
        listing: Listing,
        facts: BoardFacts,
        expecting: Callable[[int], None] | None = None,
    ) -> int:
        """Hold the artifact of *listing*, accepted and written down; return its size in bytes.

        Raises `AwaitingSecondLookError` when it came and is to be confirmed first, an
        `UpstreamError` when it did not come, a `RefusedError` when it came and was
        not taken, a `StorageError` when this node could not keep it.  *expecting* is told how
        many bytes are to come, once upstream has said so.
        """
        async with self._turns.of(str(listing.name)) as after_others:
            held = await self._held_size(listing) if after_others else None
            if held is not None:
                return held
            if await self._looks.is_pending(str(listing.name)):
                return await self._looks.look(listing.name)
            return await self._take(listing, facts, expecting)

    async def _held_size(self, listing: Listing) -> int | None:
        found = await self._store.index.find_held(str(listing.name))
        return None if found is None else found.size

    async def _take(
        self,
        listing: Listing,
        facts: BoardFacts,
        expecting: Callable[[int], None] | None,
    ) -> int:
        incoming = self._store.incoming.open(str(listing.name), listing.url)
        async with incoming:
            download = await self._fetcher.download(listing.url, incoming, expecting)
            received = await incoming.finish()
            known = await self._refuse_changed(str(listing.name), listing.url, incoming, received)
            verdict = await self._judge(incoming, received, claim_of_listing(listing.name, facts))
            if not verdict.accepted:
                await self._refuse(listing, incoming, received, verdict)
            evidence = await self._witness.evidence(download, facts.page)
            sighting = replace(
                self._sighting(listing, received, verdict, download), evidence=evidence
            )
            async with self._siblings.compared(listing.name, received.digest, verdict) as judged:
                sighting = replace(sighting, verdict=judged)
                await (self._keep if known else self._keep_new)(listing, sighting, incoming)
        return received.size

    async def _keep_new(self, listing: Listing, sighting: Sighting, incoming: Incoming) -> None:
        """Keep what is seen for the first time, where it waits if it is to be confirmed."""
        verdict = sighting.verdict
        if self._looks.must_agree(verdict):
            await self._looks.refuse(verdict.differs_from, sighting.name)
            received = Received(sighting.digest, sighting.size, sighting.md5)
            await self._refuse(listing, incoming, received, refused_for_siblings(verdict))
        awaits = await self._looks.awaits(listing.name, verdict)
        if not awaits:
            await self._keep(listing, sighting, incoming)
            return
        await self._store.pending.keep(incoming)
        sighting = replace(sighting, awaits=awaits)
        await self._store.ledger.append([sighting], patience=_PATIENCE)
        await self._looks.agreed(verdict.agrees_with)
        raise self._looks.waiting(sighting)

    async def _keep(self, _listing: Listing, sighting: Sighting, incoming: Incoming) -> None:
        """Hold the bytes, then write down what they are."""
        await self._store.blobs.keep(incoming)
        await self._store.ledger.append([sighting], patience=_PATIENCE)
        await self._looks.agreed(sighting.verdict.agrees_with)

    async def heal(self, sighting: Sighting, why: str) -> int:
        """Fetch the bytes of *sighting* once more and hold them; return their size.

        Only the very bytes that were first seen are taken, so that the verdict of then is
        theirs; other bytes raise the alarm.  *why* goes to the ledger.  Raises as `take`.
        """
        async with self._turns.of(sighting.name):
            return await self._heal(sighting, why)

    async def _heal(self, sighting: Sighting, why: str) -> int:
        incoming = self._store.incoming.open(sighting.name, sighting.url)
        async with incoming:
            download = await self._fetcher.download(sighting.url, incoming)
            received = await incoming.finish()
            await self._refuse_changed(sighting.name, sighting.url, incoming, received)
            await self._store.blobs.keep(incoming)
        now = self._clock()
        again = replace(
            sighting,
            time=now,
            etag=download.etag,
            last_modified=download.last_modified,
            content_type=download.content_type,
            evidence=await self._witness.evidence(download, None),
        )
        healed = Decision(now, "heal", str(sighting.digest), why, "mpmirror")
        await self._store.ledger.append([again, healed])
        return received.size

    async def _refuse_changed(
        self, name: str, url: str, incoming: Incoming, received: Received
    ) -> bool:
        """Raise the alarm if *name* had other bytes; return whether it had any."""
        first = await self._first_digest(name)
        if first is None or first == received.digest:
            return first is not None
        change = Change(time=self._clock(), name=name, url=url, first=first, later=received.digest)
        await refuse_changed(self._store, change, incoming)
        return True

    async def _first_digest(self, name: str) -> Digest | None:
        if self._first is not None:
            return self._first.get(name)
        sighting = await self._store.index.find_sighting(name)
        return sighting.digest if sighting else None

    async def _judge(self, incoming: Incoming, received: Received, claim: Claim) -> Verdict:
        try:
            with incoming.reading() as file:
                return await self._sandbox.verify_image(file, received.size, claim)
        except ChildRefusedError as error:
            return Verdict(Conclusion.REFUSED, reasons=(Finding("parser", str(error)),))

    async def _refuse(
        self, listing: Listing, incoming: Incoming, received: Received, verdict: Verdict
    ) -> None:
        name = str(listing.name)
        await self._store.quarantine.put(incoming, name, listing.url, verdict.reasons)
        refusal = Refusal(
            time=self._clock(),
            name=name,
            url=listing.url,
            digest=received.digest,
            size=received.size,
            reasons=verdict.reasons,
        )
        await self._store.ledger.append([refusal])
        raise MalformedImageError(f"{name}: {'; '.join(r.text for r in verdict.reasons)}")

    def _sighting(
        self, listing: Listing, received: Received, verdict: Verdict, download: Download
    ) -> Sighting:
        return Sighting(
            time=self._clock(),
            name=str(listing.name),
            url=listing.url,
            board=listing.board,
            digest=received.digest,
            size=received.size,
            verdict=verdict,
            md5=received.md5,
            etag=download.etag,
            last_modified=download.last_modified,
            content_type=download.content_type,
        )
