"""Decide as an operator says, and have it in force before returning.

Each decision is a line of the ledger first; the index follows it, a publication follows that
without a crawl, and only then bytes move.  Broken off anywhere, `settle` or the next sync run
ends what is left.  A recall outranks everything: its bytes leave the store after the
publication that says so, which cuts off whoever was being sent them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.channels.moving import Mover
from mirror.claims import claim_of_listing
from mirror.errors import (
    ArtifactNotFoundError,
    ChildRefusedError,
    ConfigurationError,
    DamagedError,
    MalformedImageError,
    MalformedOrderError,
    RecalledError,
)
from mirror.formats.verdict import Conclusion, Finding, Verdict
from mirror.frozen import dataclass
from mirror.judgement.requests import Request, Ruling
from mirror.judgement.returning import hold_again
from mirror.judgement.standing import boards_naming, facts_of, is_current, refuse_document
from mirror.sandbox import Sandbox
from mirror.storage.entries import Decision, Refusal, Sighting
from mirror.storage.judgements import What
from mirror.storage.store import Store
from mirror.sync.publish import Publisher, stamp

if TYPE_CHECKING:
    from mirror.storage.entries import Change
    from mirror.storage.incoming import Incoming, Received

_MOST_CHANGES: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Decides over *store*, whose content is that of *upstream*, a base URL; one thing at a time.

    *clock* gives the time in UTC.
    """

    store: Store
    upstream: str
    clock: Callable[[], datetime]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def apply(self, request: Request) -> Ruling:
        """Do what *request* asks, but for an acknowledgement: see `acknowledge`.

        Raises `ConfigurationError` for what can not be meant, `ArtifactNotFoundError` for what
        is not there, a `RefusedError` for bytes that are not accepted, `StorageError`.
        """
        request.refuse_nonsense()
        async with self.lock:
            match request.what:
                case What.RECALL:
                    return await self._recall(request, _digest(request.subject))
                case What.RECALL_UNDO:
                    return await self._lift(request, _digest(request.subject))
                case What.ACCEPT:
                    return await self._accept(request)
                case What.HIDE | What.HIDE_UNDO:
                    return await self._hide(request)
                case What.ACKNOWLEDGE:
                    raise ConfigurationError("an alarm is acknowledged where it is known")

    async def acknowledge(self, request: Request, about: str) -> Ruling:
        """Write down that the alarm of this id, which is *about* something, is judged."""
        request.refuse_nonsense()
        if request.until is not None and request.until <= self.clock():
            raise ConfigurationError(f"--until {stamp(request.until)} is over already")
        async with self.lock:
            await self.store.ledger.append([self._decision(request, about=about)])
        end = f"until {stamp(request.until)}" if request.until else "until its facts change"
        return Ruling(f"{request.subject} ({about}) is acknowledged {end}")

    async def settle(self) -> None:
        """Have every recall in force: also one that a crash broke off."""
        async with self.lock:
            await self._settle()

    async def _settle(self) -> int | None:
        recalls = await self.store.index.recalls()
        sequence = None
        if not await is_current(self.store, recalls):
            needles = [recall.digest.hex for recall in recalls]
            needles += [name for recall in recalls for name in recall.names]
            boards = await boards_naming(self.store, needles)
            sequence = await self._publisher().publish_again(self.clock(), boards)
        async with self.store.publications.making:
            await Mover(store=self.store, clock=self.clock).keep_up()
        for recall in recalls:
            await self._put_away(recall.digest, recall.why)
        await self.store.index.mark_missing([recall.digest for recall in recalls])
        return sequence

    async def _recall(self, request: Request, digest: Digest) -> Ruling:
        if await self.store.index.find_recall(digest) is not None:
            await self._settle()
            return Ruling(f"{digest} is recalled already")
        await refuse_document(self.store, digest)
        held = await self.store.blobs.has(digest)
        await self.store.ledger.append([self._decision(request)])
        sequence = await self._settle()
        where = "its bytes are in quarantine" if held else "its bytes are not held"
        return Ruling(f"{digest} is recalled: nobody is served it; {where}", sequence)

    async def _put_away(self, digest: Digest, why: str) -> None:
        if not await self.store.blobs.has(digest):
            return
        [name, url] = await self._known_as(digest)
        size = await self.store.blobs.size(digest)
        reasons = (Finding("recalled", why),)
        note = Refusal(self.clock(), name, url, reasons, digest=digest, size=size)
        await self.store.quarantine.take(self.store.blobs, digest, note)

    async def _known_as(self, digest: Digest) -> tuple[str, str]:
        sightings = await self.store.index.sightings_with(digest)
        return (sightings[0].name, sightings[0].url) if sightings else (str(digest), "")

    async def _lift(self, request: Request, digest: Digest) -> Ruling:
        if await self.store.index.find_recall(digest) is None:
            raise ArtifactNotFoundError(f"{digest} is not recalled")
        await self.store.ledger.append([self._decision(request)])
        sightings = await self.store.index.sightings_with(digest)
        back = bool(sightings) and await self._bring_back(digest)
        boards = {sighting.board for sighting in sightings}
        sequence = await self._publisher().publish_again(self.clock(), boards)
        async with self.store.publications.making:
            await Mover(store=self.store, clock=self.clock).keep_up()
        where = "it is held again" if back else "the next sync fetches it if it is wanted"
        return Ruling(f"{digest} is no longer recalled: {where}", sequence)

    async def _bring_back(self, digest: Digest) -> bool:
        if await self.store.quarantine.find_note(digest) is None:
            return False
        try:
            await hold_again(self.store, digest)
        except DamagedError:
            # The recall is lifted all the same; upstream may have the right bytes.
            await self.store.quarantine.remove(digest)
            return False
        await self.store.index.mark_held([digest])
        self.store.blobs.removals.named(digest)
        await self.store.quarantine.remove(digest)
        return True

    async def _accept(self, request: Request) -> Ruling:
        digest = request.digest
        if digest is None:
            raise MalformedOrderError("accept needs the digest of the later bytes")
        change = await self._change(request.subject, digest)
        if await self.store.index.find_recall(digest) is not None:
            raise RecalledError(f"{digest} is recalled: mpmirror recall {digest} --undo lifts it")
        sighting = await self._take_over(change)
        # The decision first: it makes the sighting behind it the first one of the name.
        await self.store.ledger.append([self._decision(request), sighting])
        boards = await boards_naming(self.store, [change.name]) | {sighting.board}
        accepted = frozenset({change.name})
        sequence = await self._publisher().publish_again(self.clock(), boards, accepted)
        await self.store.quarantine.remove(digest)
        words = f"{change.name} is {digest} from now on; {change.first} stays held, superseded"
        return Ruling(words, sequence)

    async def _change(self, name: str, digest: Digest) -> Change:
        changes = await self.store.index.changes(_MOST_CHANGES)
        for change in changes:
            if (change.name, change.later) == (name, digest):
                return change
        raise ArtifactNotFoundError(f"no alarm says that the bytes of {name[:200]} became {digest}")

    async def _take_over(self, change: Change) -> Sighting:
        first = await self.store.index.find_sighting(change.name)
        if first is None:
            raise ArtifactNotFoundError(f"{change.name[:200]} was never accepted")
        facts = await facts_of(self.store, first.board)
        verdicts: list[Verdict] = []
        async with Sandbox(processes=1) as sandbox:

            async def judged(incoming: Incoming, received: Received) -> None:
                claim = claim_of_listing(ArtifactName.parse(change.name), facts)
                try:
                    verdict = await sandbox.verify_image(incoming.reading, received.size, claim)
                except ChildRefusedError as error:
                    reasons = (Finding("parser", str(error)),)
                    verdict = Verdict(Conclusion.REFUSED, reasons=reasons)
                if not verdict.accepted:
                    words = "; ".join(reason.text for reason in verdict.reasons)
                    raise MalformedImageError(f"{change.name}: {change.later}: {words}")
                verdicts.append(verdict)

            received = await hold_again(self.store, change.later, judged)
        return Sighting(
            time=self.clock(),
            name=change.name,
            url=change.url,
            board=first.board,
            digest=change.later,
            size=received.size,
            md5=received.md5,
            verdict=verdicts[0],
        )

    async def _hide(self, request: Request) -> Ruling:
        name, hides = request.subject, request.what is What.HIDE
        boards = await boards_naming(self.store, [f'"{name}"'])
        if hides and not boards and await self.store.index.find_sighting(name) is None:
            raise ArtifactNotFoundError(f"no artifact is called {name[:200]!r}")
        if not hides and name not in await self.store.index.hidden():
            raise ArtifactNotFoundError(f"{name[:200]} is not hidden")
        await self.store.ledger.append([self._decision(request)])
        sequence = await self._publisher().publish_again(self.clock(), boards)
        words = "is never the latest any more" if hides else "is no longer hidden"
        return Ruling(f"{name} {words}; its name still gets it", sequence)

    def _publisher(self) -> Publisher:
        return Publisher(self.store, self.upstream)

    def _decision(self, request: Request, about: str | None = None) -> Decision:
        return Decision(
            time=self.clock(),
            what=request.what,
            subject=request.subject,
            why=request.why,
            by=request.by,
            digest=request.digest,
            until=request.until,
            about=about,
        )


def _digest(text: str) -> Digest:
    return Digest.parse(text)
