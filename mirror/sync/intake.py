"""Take one listed artifact in: fetch it, judge it, keep it, write it down.

The order makes every step safe to repeat: bytes are kept before the ledger names them, and
nothing but the ledger makes them part of a publication.  Refused bytes go to quarantine
with their reasons; a name whose bytes changed keeps its first bytes, and the later ones go
there too.  The caller sees accepted bytes or a `MirrorError` that says what was wrong.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.catalog.kinds import Kind
from mirror.catalog.origins import fetchable
from mirror.claims import claim_of_listing
from mirror.errors import ChildRefusedError, UpstreamMissingError
from mirror.formats.siblings import refused_for_siblings
from mirror.formats.verdict import Conclusion, Finding, Verdict
from mirror.spans import span, spanned
from mirror.storage.entries import Decision, Sighting
from mirror.storage.incoming import Received
from mirror.sync.gathering import Gathering
from mirror.sync.refusing import Refusing
from mirror.sync.room import with_room
from mirror.sync.second_look import SecondLooks
from mirror.sync.siblings import Siblings
from mirror.sync.turns import Turns
from mirror.sync.witness import Witness
from mirror.upstream.peer_urls import peer_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mirror.catalog.model import BoardFacts, Listing
    from mirror.catalog.names import ArtifactName
    from mirror.catalog.values import Digest
    from mirror.formats.verdict import Claim
    from mirror.sandbox import Sandbox
    from mirror.storage.incoming import Incoming
    from mirror.storage.store import Store
    from mirror.sync.room import RoomMaker
    from mirror.upstream.answers import Download
    from mirror.upstream.asked import Asked


class Intake:
    """The way of a file from upstream into the store; one for a run, used by many tasks.

    *first* has the first digest of every name of this run that was ever seen before; None
    asks the index for each.
    """

    def __init__(  # noqa: PLR0913 - what a file passes on its way, each its own thing
        self,
        fetcher: Asked,
        sandbox: Sandbox,
        store: Store,
        clock: Callable[[], datetime],
        *,
        first: Mapping[str, Digest] | None = None,
        turns: Turns | None = None,
        room: RoomMaker | None = None,
        looks: SecondLooks | None = None,
    ) -> None:
        """Take in with these; those that share *turns* never take the same file twice.

        *room* makes room on the disk where it can; None: nobody does.  *looks* says what must
        confirm a new artifact, None: nothing.
        """
        self._fetcher = fetcher
        self._sandbox = sandbox
        self._store = store
        self._clock = clock
        self._turns = turns or Turns()
        self._room = room
        self._refuse = Refusing(store, clock, first)
        self._witness = Witness(store.index)
        self._gathering = Gathering(store.ledger)
        self._siblings = Siblings(store, self._turns, self._gathering)
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

        async def take(expect: Callable[[int], None] | None) -> int:
            return await self._take(listing, facts, expect)

        async with self._turns.of(str(listing.name)) as after_others:
            held = await self._held_size(listing) if after_others else None
            if held is not None:
                return held
            if await self._looks.is_pending(str(listing.name)):
                return await self._looks.look(listing.name)
            with self._gathering.on_the_way():
                if self._room is None:
                    return await take(expecting)
                return await with_room(self._room, take, expecting)

    async def _held_size(self, listing: Listing) -> int | None:
        found = await self._store.index.find_held(str(listing.name))
        return None if found is None else found.size

    async def _take(
        self,
        listing: Listing,
        facts: BoardFacts,
        expecting: Callable[[int], None] | None,
    ) -> int:
        name = str(listing.name)
        await self._refuse.recalled_name(name)
        md5 = _is_asked_by_md5(listing.name, facts.port)
        via = self._via(listing.url, name, listing.digest)
        url = via or listing.url
        async with self._store.incoming.open(name, url, md5=md5) as incoming:
            with span("download", url=url):
                download = await self._fetcher.download(url, incoming, expecting)
            received = await incoming.finish()
            if via is None:
                # Another upstream may have stood in: what is written down says who gave it.
                listing = replace(listing, folder=download.url.removesuffix(name))
            await self._refuse.recalled(name, download.url, incoming, received)
            known = await self._refuse.changed(name, download.url, incoming, received)
            await self._refuse.others(listing, incoming, received)
            verdict = await self._judge(incoming, received, claim_of_listing(listing.name, facts))
            if not verdict.accepted:
                await self._refuse.malformed(name, listing.url, incoming, received, verdict)
            sighting = replace(
                _sighting(listing, received, verdict, download, self._clock()),
                via=via and download.url,
                evidence=await self._witness.evidence(download, facts.page),
            )
            async with self._siblings.compared(listing.name, received.digest, verdict) as judged:
                sighting = replace(sighting, verdict=judged)
                await (self._keep if known else self._keep_new)(listing.name, sighting, incoming)
        return received.size

    async def _keep_new(self, name: ArtifactName, sighting: Sighting, incoming: Incoming) -> None:
        """Keep what is seen for the first time, where it waits if it is to be confirmed."""
        verdict = sighting.verdict
        if self._looks.must_agree(verdict):
            await self._looks.refuse(verdict.differs_from, sighting.name)
            received = Received(sighting.digest, sighting.size, sighting.md5)
            refused = refused_for_siblings(verdict)
            await self._refuse.malformed(sighting.name, sighting.url, incoming, received, refused)
        awaits = await self._looks.awaits(name, verdict)
        if not awaits:
            await self._keep(name, sighting, incoming)
            return
        async with self._taking(sighting.size):
            await self._store.pending.keep(incoming)
            sighting = replace(sighting, awaits=awaits)
            await self._gathering.append(sighting)
        await self._looks.agreed(verdict.agrees_with)
        raise self._looks.waiting(sighting)

    @spanned("commit")
    async def _keep(self, _name: ArtifactName, sighting: Sighting, incoming: Incoming) -> None:
        """Hold the bytes, then write down what they are."""
        async with self._taking(sighting.size):
            await self._store.blobs.keep(incoming)
            await self._gathering.append(sighting)
        await self._looks.agreed(sighting.verdict.agrees_with)

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
        name = sighting.name
        await self._refuse.recalled_name(name)
        source = fetchable(sighting.url)
        if source is None:
            raise UpstreamMissingError(
                f"{name}: upstream never listed it ({sighting.url}): bring it again"
            )
        via = self._via(source, name, sighting.digest)
        url = via or source
        md5 = sighting.md5 is not None
        async with self._store.incoming.open(name, url, md5=md5) as incoming:
            download = await self._fetcher.download(url, incoming)
            received = await incoming.finish()
            await self._refuse.recalled(name, download.url, incoming, received)
            await self._refuse.changed(name, download.url, incoming, received)
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
            evidence=await self._witness.evidence(download, None),
        )
        healed = Decision(now, "heal", str(sighting.digest), why, "mpmirror")
        await self._store.ledger.append([again, healed])
        return received.size

    def _via(self, source: str, name: str, digest: Digest | None) -> str | None:
        """Return where the file is asked for, if that is not *source* itself."""
        return peer_address(self._fetcher.upstream, source, name, digest)

    @spanned("verify")
    async def _judge(self, incoming: Incoming, received: Received, claim: Claim) -> Verdict:
        try:
            return await self._sandbox.verify_image(incoming.reading, received.size, claim)
        except ChildRefusedError as error:
            return Verdict(Conclusion.REFUSED, reasons=(Finding("parser", str(error)),))


def _sighting(
    listing: Listing, received: Received, verdict: Verdict, download: Download, now: datetime
) -> Sighting:
    return Sighting(
        time=now,
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
