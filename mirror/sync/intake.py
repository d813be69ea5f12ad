"""Take one listed artifact in: fetch it, judge it, keep it, write it down.

The order makes every step safe to repeat: bytes are kept before the ledger names them, and
nothing but the ledger makes them part of a publication.  Refused bytes go to quarantine
with their reasons; a name whose bytes changed keeps its first bytes, and the later ones go
there too.  The caller sees accepted bytes or a `MirrorError` that says what was wrong.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from mirror.catalog.kinds import Kind
from mirror.catalog.origins import fetchable
from mirror.claims import claim_of_listing
from mirror.errors import (
    ChildRefusedError,
    DigestMismatchError,
    DiskFullError,
    MalformedImageError,
    RecalledError,
    UpstreamMissingError,
)
from mirror.formats.verdict import Conclusion, Finding, Verdict
from mirror.storage.entries import Change, Decision, Refusal, Sighting
from mirror.sync.turns import Turns
from mirror.upstream.peer_urls import peer_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mirror.catalog.model import BoardFacts, Listing
    from mirror.catalog.names import ArtifactName
    from mirror.catalog.values import Digest
    from mirror.formats.verdict import Claim
    from mirror.sandbox import Sandbox
    from mirror.storage.incoming import Incoming, Received
    from mirror.storage.store import Store
    from mirror.upstream.answers import Download
    from mirror.upstream.asked import Asked

# Seconds in which other files of a fast run come to be written down in the same append.
_PATIENCE: Final = 0.02


class RoomMaker(Protocol):
    """Makes room on the disk; raises `DiskFullError` when there is none to be made."""

    async def demand(self, size: int) -> None:
        """Find room for *size* more bytes."""

    def taking(self, size: int) -> AbstractAsyncContextManager[None]:
        """Have room for *size* more bytes, which are held and written down in the block."""

    async def make(self, size: int) -> None:
        """Make room for *size* more bytes."""


class Intake:
    """The way of a file from upstream into the store; one for a run, used by many tasks.

    *first* has the first digest of every name of this run that was ever seen before; None
    asks the index for each.
    """

    def __init__(  # noqa: PLR0913 - each is a part of its own
        self,
        fetcher: Asked,
        sandbox: Sandbox,
        store: Store,
        clock: Callable[[], datetime],
        *,
        first: Mapping[str, Digest] | None = None,
        turns: Turns | None = None,
        room: RoomMaker | None = None,
    ) -> None:
        """Take in with these; those that share *turns* never take the same file twice.

        *room* makes room on the disk where it can; None: nobody does.
        """
        self._fetcher = fetcher
        self._sandbox = sandbox
        self._store = store
        self._clock = clock
        self._first = first
        self._turns = turns or Turns()
        self._room = room

    async def take(
        self,
        listing: Listing,
        facts: BoardFacts,
        expecting: Callable[[int], None] | None = None,
    ) -> int:
        """Hold the artifact of *listing*, accepted and written down; return its size in bytes.

        Raises an `UpstreamError` when it did not come, a `RefusedError` when it came and was
        not taken, a `StorageError` when this node could not keep it.  *expecting* is told how
        many bytes are to come, once upstream has said so.
        """
        async with self._turns.of(str(listing.name)) as after_others:
            held = await self._held_size(listing) if after_others else None
            if held is not None:
                return held
            if self._room is None:
                return await self._take(listing, facts, expecting)
            return await self._take_with_room(self._room, listing, facts, expecting)

    async def _take_with_room(
        self,
        room: RoomMaker,
        listing: Listing,
        facts: BoardFacts,
        expecting: Callable[[int], None] | None,
    ) -> int:
        """Take it; where the disk is full, once more after room was made."""
        to_come = 0

        def expect(size: int) -> None:
            nonlocal to_come
            to_come = size
            if expecting is not None:
                expecting(size)

        # Where nothing more may be kept, nothing is asked for.
        await room.demand(0)
        try:
            return await self._take(listing, facts, expect)
        except DiskFullError:
            await room.make(to_come)
            # What had come of it is continued.
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
        await self._refuse_recalled_name(str(listing.name))
        md5 = _is_asked_by_md5(listing.name, facts.port)
        via = self._via(listing.url, str(listing.name), listing.digest)
        url = via or listing.url
        incoming = self._store.incoming.open(str(listing.name), url, md5=md5)
        async with incoming:
            download = await self._fetcher.download(url, incoming, expecting)
            received = await incoming.finish()
            # Another upstream may have stood in: what is written down says who gave it.
            if via is None:
                folder = download.url.removesuffix(str(listing.name))
                listing = replace(listing, folder=folder)
            else:
                via = download.url
            await self._refuse_recalled(str(listing.name), download.url, incoming, received)
            await self._refuse_changed(str(listing.name), download.url, incoming, received)
            await self._refuse_others(listing, incoming, received)
            verdict = await self._judge(incoming, received, claim_of_listing(listing.name, facts))
            if not verdict.accepted:
                await self._refuse(listing, incoming, received, verdict)
            async with self._taking(received.size):
                await self._store.blobs.keep(incoming)
                sighting = replace(self._sighting(listing, received, verdict, download), via=via)
                await self._store.ledger.append([sighting], patience=_PATIENCE)
        return received.size

    def _taking(self, size: int) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._room is None else self._room.taking(size)

    async def heal(self, sighting: Sighting, why: str) -> int:
        """Fetch the bytes of *sighting* once more and hold them; return their size.

        Only the very bytes that were first seen are taken, so that the verdict of then is
        theirs; other bytes raise the alarm.  *why* goes to the ledger.  Raises as `take`.
        """
        async with self._turns.of(sighting.name):
            return await self._heal(sighting, why)

    async def _heal(self, sighting: Sighting, why: str) -> int:
        await self._refuse_recalled_name(sighting.name)
        source = fetchable(sighting.url)
        if source is None:
            raise UpstreamMissingError(
                f"{sighting.name}: upstream never listed it ({sighting.url}): bring it again"
            )
        via = self._via(source, sighting.name, sighting.digest)
        url = via or source
        md5 = sighting.md5 is not None
        incoming = self._store.incoming.open(sighting.name, url, md5=md5)
        async with incoming:
            download = await self._fetcher.download(url, incoming)
            received = await incoming.finish()
            await self._refuse_recalled(sighting.name, download.url, incoming, received)
            await self._refuse_changed(sighting.name, download.url, incoming, received)
            await self._store.blobs.keep(incoming)
        now = self._clock()
        again = replace(
            sighting,
            time=now,
            url=source if via else download.url,
            etag=download.etag,
            last_modified=download.last_modified,
            content_type=download.content_type,
            via=via and download.url,
        )
        healed = Decision(now, "heal", str(sighting.digest), why, "mpmirror")
        await self._store.ledger.append([again, healed])
        return received.size

    async def _refuse_recalled_name(self, name: str) -> None:
        first = await self._first_digest(name)
        judgement = await self._store.index.find_recall(first) if first else None
        if judgement is not None:
            raise RecalledError(f"{name}: {first} was recalled: {judgement.why}")

    async def _refuse_recalled(
        self, name: str, url: str, incoming: Incoming, received: Received
    ) -> None:
        judgement = await self._store.index.find_recall(received.digest)
        if judgement is None:
            return
        reasons = (Finding("recalled", judgement.why),)
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
        raise RecalledError(f"{name}: {received.digest} was recalled: {judgement.why}")

    async def _refuse_changed(
        self, name: str, url: str, incoming: Incoming, received: Received
    ) -> None:
        first = await self._first_digest(name)
        if first is None or first == received.digest:
            return
        decided = await self._store.index.find_sighting(name)
        if decided is not None and decided.digest == received.digest:
            return  # somebody accepted these bytes since this run began
        change = Change(time=self._clock(), name=name, url=url, first=first, later=received.digest)
        text = f"first seen as {first}, now {received.digest}: the first bytes stay"
        finding = Finding("bytes-changed", text)
        await self._store.quarantine.put(incoming, name, url, (finding,))
        await self._store.ledger.append([change])
        raise DigestMismatchError(f"{name}: its bytes changed upstream; {text}")

    async def _refuse_others(
        self, listing: Listing, incoming: Incoming, received: Received
    ) -> None:
        """Refuse bytes that are not those of which a mirror told the digest."""
        if listing.digest is None or listing.digest == received.digest:
            return
        text = f"the mirror names {listing.digest}, and sent {received.digest}"
        await self._write_refusal(listing, incoming, received, (Finding("other-bytes", text),))
        raise DigestMismatchError(f"{listing.name}: {text}")

    def _via(self, source: str, name: str, digest: Digest | None) -> str | None:
        """Return where the file is asked for, if that is not *source* itself."""
        return peer_address(self._fetcher.upstream, source, name, digest)

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
        await self._write_refusal(listing, incoming, received, verdict.reasons)
        raise MalformedImageError(f"{listing.name}: {'; '.join(r.text for r in verdict.reasons)}")

    async def _write_refusal(
        self,
        listing: Listing,
        incoming: Incoming,
        received: Received,
        reasons: tuple[Finding, ...],
    ) -> None:
        name = str(listing.name)
        await self._store.quarantine.put(incoming, name, listing.url, reasons)
        refusal = Refusal(
            time=self._clock(),
            name=name,
            url=listing.url,
            digest=received.digest,
            size=received.size,
            reasons=reasons,
        )
        await self._store.ledger.append([refusal])

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


def _is_asked_by_md5(name: ArtifactName, port: str | None) -> bool:
    """Whether clients take it over the air, which check an MD5 and nothing better.

    Those are Arduino's HTTPUpdate (``x-MD5``) and ESPHome's (``ota.md5``): `clients.md`.
    """
    return name.kind is Kind.APP_BIN or port == "esp8266"
