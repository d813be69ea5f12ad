"""What a node does, one thing after the other, as its daemon and its operator would have it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from typing import TYPE_CHECKING, Final

from mirror.catalog.model import BoardFacts
from mirror.judgement.requests import Request
from mirror.storage.entries import Decision
from mirror.storage.judgements import What
from mirror.sync.adopting import Adoption, adopt
from mirror.sync.handing_in import Hands
from mirror.sync.orders import PinOrder, UnpinOrder
from mirror.sync.run import sync
from mirror.upkeep.check import check, forget_damaged
from mirror.upkeep.heal import Healer
from tests.proofs.life_node import LivingNode, nobody
from tests.upkeep.damaging import flip, path_of

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.judgement.requests import Ruling
    from mirror.sync.orders import PinResult
    from mirror.sync.outcome import Outcome
    from mirror.upkeep.check import Report as Checked
    from mirror.upkeep.pruner import Report as Pruned
    from tests.web.client import Got

_WHY: Final = "somebody decided so"
_BY: Final = "ada"


class Life(LivingNode):
    """A node that works."""

    async def sync_cut_off(self, after: int) -> Outcome | None:
        """Crash in a sync run, *after* so many requests; None unless it came to its end before."""
        enough = len(self.replica.requests) + after
        run = asyncio.create_task(self.sync())
        while not run.done() and len(self.replica.requests) < enough:
            await asyncio.wait({run}, timeout=0.001)
        run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run
        await self.crash()
        return None if run.cancelled() else run.result()

    async def recall_cut_off(self, digest: Digest) -> None:
        """Crash in a recall, right after it was decided."""
        decision = Decision(self.now, What.RECALL, str(digest), _WHY, _BY)
        await self.store.ledger.append([decision])
        await self.crash()

    async def sync(self, *, accept_shrunken: bool = False) -> Outcome:
        """Run once."""
        async with self._fetching() as fetcher:
            return await sync(self._means(fetcher), self._wishes(accept_shrunken=accept_shrunken))

    async def get(self, path: str) -> Got:
        """Ask as a client who comes after the pointer was looked at."""
        await self.opened.shelf.refresh()
        return await self.opened.client.get(path)

    async def check(self) -> Checked:
        """Check everything; what is damaged is not held."""
        report = await check(self.store, _tell_nobody)
        await forget_damaged(self.store, report)
        return report

    async def heal(self, digest: Digest) -> None:
        """Heal one blob; raises a `MirrorError` that says why it could not."""
        healer = Healer(
            store=self.store,
            upstream=self.url,
            means=self._healing,
            run=self.sync,
            clock=self._clock,
        )
        await healer.heal(digest)

    async def decide(self, what: What, subject: str, digest: Digest | None = None) -> Ruling:
        """Judge as an operator would."""
        return await self.opened.judge.apply(Request(what, subject, _WHY, _BY, digest=digest))

    async def pin(self, name: str) -> PinResult:
        """Pin the file of that name."""
        order = PinOrder(what=name, why=_WHY, by=_BY)
        return await self._pinner().obey(order, nobody)

    async def unpin(self, pin: str) -> PinResult:
        """Forget a pin."""
        return await self._pinner().obey(UnpinOrder(id=pin, why=_WHY, by=_BY), nobody)

    async def prune(self, *, dry_run: bool = False) -> Pruned:
        """Let go of what nobody needs."""
        return await self.opened.pruner.prune(dry_run=dry_run)

    async def adopt(self, folder: Path) -> Adoption:
        """Adopt all that lies in *folder*."""
        hands = Hands(
            store=self.store,
            sandbox=self.sandbox,
            clock=self._clock,
            upstream=self.url,
            policy=self.policy,
            find_facts=_known_facts,
            turns=self.turns,
        )
        steps = [one async for one in adopt(hands, folder)]
        last = steps[-1]
        assert isinstance(last, Adoption)
        return last

    def flip(self, digest: Digest) -> None:
        """Flip a bit of a blob, behind the node's back."""
        flip(path_of(self.folder, digest))


def sha256(data: bytes) -> str:
    """Return the SHA-256 of *data* in hex."""
    return hashlib.sha256(data).hexdigest()


def _known_facts(board: str) -> BoardFacts | None:
    return BoardFacts(board, page="", product=board)


def _tell_nobody(_done: int, _total: int) -> None:
    """Tell nobody."""
