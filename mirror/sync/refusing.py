"""Whatever keeps received bytes from being taken: written down, kept aside, and raised.

Refused bytes go to quarantine with their reasons; a name whose bytes changed keeps its first
bytes, and the later ones go there too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import DigestMismatchError, MalformedImageError, RecalledError
from mirror.formats.verdict import Finding
from mirror.storage.entries import Change, Refusal
from mirror.sync.changed import refuse_changed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mirror.catalog.model import Listing
    from mirror.catalog.values import Digest
    from mirror.formats.verdict import Verdict
    from mirror.storage.incoming import Incoming, Received
    from mirror.storage.store import Store


class Refusing:
    """Refuses what comes into *store*; *first* has first digests by name, None asks the index."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], first: Mapping[str, Digest] | None
    ) -> None:
        self._store = store
        self._clock = clock
        self._first = first

    async def recalled_name(self, name: str) -> None:
        """Raise `RecalledError` when the bytes of *name*, as they were first seen, are recalled."""
        first = await self._first_digest(name)
        judgement = await self._store.index.find_recall(first) if first else None
        if judgement is not None:
            raise RecalledError(f"{name}: {first} was recalled: {judgement.why}")

    async def recalled(self, name: str, url: str, incoming: Incoming, received: Received) -> None:
        """Raise `RecalledError` when what was received is recalled."""
        judgement = await self._store.index.find_recall(received.digest)
        if judgement is not None:
            reasons = (Finding("recalled", judgement.why),)
            await self._write(name, url, incoming, received, reasons)
            raise RecalledError(f"{name}: {received.digest} was recalled: {judgement.why}")

    async def changed(self, name: str, url: str, incoming: Incoming, received: Received) -> bool:
        """Raise the alarm if *name* had other bytes; return whether it had any."""
        first = await self._first_digest(name)
        if first is None or first == received.digest:
            return first is not None
        decided = await self._store.index.find_sighting(name)
        if decided is not None and decided.digest == received.digest:
            return True  # somebody accepted these bytes since this run began
        change = Change(time=self._clock(), name=name, url=url, first=first, later=received.digest)
        await refuse_changed(self._store, change, incoming)
        return True

    async def others(self, listing: Listing, incoming: Incoming, received: Received) -> None:
        """Refuse bytes that are not those of which a mirror told the digest."""
        if listing.digest is None or listing.digest == received.digest:
            return
        text = f"the mirror names {listing.digest}, and sent {received.digest}"
        name, reasons = str(listing.name), (Finding("other-bytes", text),)
        await self._write(name, listing.url, incoming, received, reasons)
        raise DigestMismatchError(f"{name}: {text}")

    async def malformed(
        self, name: str, url: str, incoming: Incoming, received: Received, verdict: Verdict
    ) -> None:
        """Raise `MalformedImageError` for what the *verdict* refuses."""
        await self._write(name, url, incoming, received, verdict.reasons)
        raise MalformedImageError(f"{name}: {'; '.join(r.text for r in verdict.reasons)}")

    async def _write(
        self,
        name: str,
        url: str,
        incoming: Incoming,
        received: Received,
        reasons: tuple[Finding, ...],
    ) -> None:
        await self._store.quarantine.put(incoming, name, url, reasons)
        refusal = Refusal(
            time=self._clock(),
            name=name,
            url=url,
            digest=received.digest,
            size=received.size,
            reasons=reasons,
        )
        await self._store.ledger.append([refusal])

    async def _first_digest(self, name: str) -> Digest | None:
        if self._first is not None:
            return self._first.get(name)
        sighting = await self._store.index.find_sighting(name)
        return sighting.digest if sighting else None
