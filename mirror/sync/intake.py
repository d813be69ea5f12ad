"""Take one listed artifact in: fetch it, judge it, keep it, write it down.

The order makes every step safe to repeat: bytes are kept before the ledger names them, and
nothing but the ledger makes them part of a publication.  Refused bytes go to quarantine
with their reasons; a name whose bytes changed keeps its first bytes, and the later ones go
there too.  The caller sees accepted bytes or a `MirrorError` that says what was wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.claims import claim_of_listing
from mirror.errors import (
    ChildRefusedError,
    DigestMismatchError,
    MalformedImageError,
)
from mirror.formats.verdict import Conclusion, Finding, Verdict
from mirror.storage.entries import Change, Decision, Refusal, Sighting

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mirror.catalog.model import BoardFacts, Listing
    from mirror.formats.verdict import Claim
    from mirror.sandbox import Sandbox
    from mirror.storage.incoming import Incoming, Received
    from mirror.storage.store import Store
    from mirror.upstream.answers import Download
    from mirror.upstream.fetch import Fetcher


class Intake:
    """The way of a file from upstream into the store; one for a run, used by many tasks."""

    def __init__(
        self, fetcher: Fetcher, sandbox: Sandbox, store: Store, clock: Callable[[], datetime]
    ) -> None:
        self._fetcher = fetcher
        self._sandbox = sandbox
        self._store = store
        self._clock = clock

    async def take(self, listing: Listing, facts: BoardFacts) -> int:
        """Hold the artifact of *listing*, accepted and written down; return its size in bytes.

        Raises an `UpstreamError` when it did not come, a `RefusedError` when it came and was
        not taken, a `StorageError` when this node could not keep it.
        """
        incoming = self._store.incoming.open(str(listing.name), listing.url)
        async with incoming:
            download = await self._fetcher.download(listing.url, incoming)
            received = await incoming.finish()
            await self._refuse_changed(str(listing.name), listing.url, incoming, received)
            verdict = await self._judge(incoming, received, claim_of_listing(listing.name, facts))
            if not verdict.accepted:
                await self._refuse(listing, incoming, received, verdict)
            await self._store.blobs.keep(incoming)
        await self._store.ledger.append([self._sighting(listing, received, verdict, download)])
        return received.size

    async def heal(self, sighting: Sighting, why: str) -> int:
        """Fetch the bytes of *sighting* once more and hold them; return their size.

        Only the very bytes that were first seen are taken, so that the verdict of then is
        theirs; other bytes raise the alarm.  *why* goes to the ledger.  Raises as `take`.
        """
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
        )
        healed = Decision(now, "heal", str(sighting.digest), why, "mpmirror")
        await self._store.ledger.append([again, healed])
        return received.size

    async def _refuse_changed(
        self, name: str, url: str, incoming: Incoming, received: Received
    ) -> None:
        first = await self._store.index.find_sighting(name)
        if first is None or first.digest == received.digest:
            return
        change = Change(
            time=self._clock(),
            name=name,
            url=url,
            first=first.digest,
            later=received.digest,
        )
        text = f"first seen as {first.digest}, now {received.digest}: the first bytes stay"
        finding = Finding("bytes-changed", text)
        await self._store.quarantine.put(incoming, name, url, (finding,))
        await self._store.ledger.append([change])
        raise DigestMismatchError(f"{name}: its bytes changed upstream; {text}")

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
