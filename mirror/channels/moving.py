"""Move a channel: make a root of its own for it, write down that this is decided, and point.

In this order: what the root names, the proposal, the signature, the line of the ledger, the
pointer.  Each is durable before the next begins; broken off behind the ledger's line, `settle`
moves the pointer.  A channel never goes back: an older publication is shown as a new one.

A channel moves by itself where what it shows must look otherwise: a file of it was recalled, or
pages and lists are rendered in another way.  Its boards are the same but for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mirror.channels.content import allow, names_forbidden
from mirror.errors import ArtifactNotFoundError, DamagedError, NotFoundError, RefusedError
from mirror.frozen import dataclass
from mirror.publication.documents import ContentRoot, PublicationRoot, encode
from mirror.publication.local.dialect import Site
from mirror.publication.local.rendering import fingerprint
from mirror.storage.channels import Published, find_published, promoted_channels, published
from mirror.storage.entries import Decision
from mirror.storage.proposals import Proposal
from mirror.storage.store import Store
from mirror.sync.local_layer import Earlier, LocalLayer, render_local
from mirror.sync.signing import sign
from mirror.sync.standing import stamp

if TYPE_CHECKING:
    from mirror.catalog.values import Digest

#: The words of decisions about channels in the ledger.
PROMOTE: Final = "promote"
APPROVE: Final = "approve"
_BY_ITSELF: Final = "mpmirror"


@dataclass(frozen=True, slots=True)
class Move:
    """A channel on its way: from where it is to the root that is proposed.

    *without* are names that were left out, because their bytes are recalled.
    """

    before: Published | None
    proposal: Proposal
    after: Published
    without: tuple[str, ...] = ()

    @property
    def channel(self) -> str:
        """The channel's name."""
        return self.after.root.channel

    @property
    def what(self) -> str:
        """What happens, for the ledger."""
        return f"{spelled(self.proposal.source)}, as {self.channel} {self.after.root.sequence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """Moves the channels of *store*; who calls its methods has ``store.publications.making``.

    *clock* gives the time in UTC.
    """

    store: Store
    clock: Callable[[], datetime]

    async def made(
        self, channel: str, before: Published | None, one: Published, source: str
    ) -> Move:
        """Return how *channel* comes to show the content of *one*; all but the move is durable.

        Raises as `allow` does.
        """
        sequence = before.root.sequence + 1 if before else 1
        allowed = await allow(self.store, one, sequence)
        # What was rendered of these boards already, here or there, is taken over.
        rendered = Earlier(one.content, LocalLayer.of(one.root))
        local = await render_local(self.store, allowed.content, rendered)
        move = await self.rooted(channel, before, allowed.content, local, source)
        return replace(move, without=allowed.without)

    async def rooted(
        self,
        channel: str,
        before: Published | None,
        content: ContentRoot,
        local: LocalLayer,
        source: str,
    ) -> Move:
        """Return how *channel* comes to show *content*, of which all is held and rendered."""
        root = PublicationRoot(
            lineage=self.store.node.lineage,
            channel=channel,
            sequence=before.root.sequence + 1 if before else 1,
            previous=before.digest if before else None,
            published=stamp(self.clock()),
            content=await self.store.blobs.put(encode(content)),
            documents=local.documents,
            layers=local.layers,
            rendering=local.rendering,
        )
        digest = await self.store.blobs.put(encode(root))
        proposal = Proposal(digest, source, self.clock())
        return Move(before, proposal, Published(digest, root, content))

    async def decide(self, move: Move, lines: list[Decision]) -> None:
        """Write down that *move* is decided, and do it.  Raises `StorageError`."""
        await self.keep(move.channel, replace(move.proposal, decided=True))
        await self._sign(move)
        await self.store.ledger.append(lines)
        await self._point(move)

    async def keep(self, channel: str, proposal: Proposal) -> None:
        """Have *proposal* wait for *channel*, durably."""
        waiting = await self.store.proposals.of(channel)
        others = tuple(one for one in waiting if one.root != proposal.root)
        await self.store.proposals.put(channel, (*others, proposal))

    def decision(self, move: Move, what: str, why: str, by: str) -> Decision:
        """Return the line of the ledger about *move*."""
        return Decision(
            time=self.clock(),
            what=what,
            subject=move.channel,
            why=why,
            by=by,
            digest=move.after.digest,
            about=move.what,
        )

    async def settle(self) -> None:
        """End what a crash broke off, for every channel.  Raises `StorageError`."""
        for channel, proposals in (await self.store.proposals.all()).items():
            await self._finish(channel, proposals)

    async def keep_up(self) -> tuple[str, ...]:
        """Have every channel without what is recalled, and with pages that are right today.

        Return sentences about channels that can not be read.  Raises `StorageError`.
        """
        remarks = []
        for channel in await promoted_channels(self.store):
            try:
                await self._keep_up(channel)
            except (DamagedError, NotFoundError, RefusedError) as error:
                # The others must not wait for it: no recalled byte is served of it anyhow.
                remarks.append(f"channel {channel} can not be rendered again: {error}")
        return tuple(remarks)

    async def _keep_up(self, channel: str) -> None:
        one = await find_published(self.store, channel)
        if one is None:
            return
        if await names_forbidden(self.store, one):
            await self._again(channel, one, "what is recalled has changed")
        elif one.root.rendering != await self._rendering(one):
            await self._again(channel, one, "pages and lists are rendered anew")

    async def _again(self, channel: str, one: Published, why: str) -> None:
        move = await self.made(channel, one, one, f"{channel}/{one.root.sequence}")
        await self.decide(move, [self.decision(move, PROMOTE, why, _BY_ITSELF)])

    async def _rendering(self, one: Published) -> str:
        site = Site(self.store.public_url, one.content.upstream)
        return await asyncio.to_thread(fingerprint, site)

    async def _sign(self, move: Move) -> None:
        signatures = {
            one.by.removeprefix("key "): one.signature
            for one in move.proposal.approvals
            if one.signature is not None
        }
        await self.store.signatures.add({move.after.digest: signatures})
        await sign(self.store, move.after.root, move.after.content)

    async def _point(self, move: Move) -> None:
        after = move.before.digest if move.before else None
        await self.store.publications.point(move.channel, move.after.digest, after=after)
        # What waited besides waited for another past.
        await self.store.proposals.put(move.channel, ())

    async def _finish(self, channel: str, proposals: tuple[Proposal, ...]) -> None:
        """End the move of *channel* that was decided, if the ledger says so."""
        decided = next((one for one in proposals if one.decided), None)
        if decided is None:
            return
        before = await find_published(self.store, channel)
        if before is not None and before.digest == decided.root:
            await self.store.proposals.put(channel, ())
            return
        move = await self._decided(decided, before)
        if move is not None:
            await self._point(move)
            return
        # It was not written down, so nobody has decided it.
        undone = replace(decided, decided=False)
        others = tuple(one for one in proposals if one.root != decided.root)
        await self.store.proposals.put(channel, (*others, undone) if undone.approvals else others)

    async def _decided(self, decided: Proposal, before: Published | None) -> Move | None:
        try:
            after = await published(self.store, decided.root)
        except ArtifactNotFoundError:
            return None
        if after.root.previous != (before.digest if before else None):
            return None
        return Move(before, decided, after) if await self._is_written(decided.root) else None

    async def _is_written(self, root: Digest) -> bool:
        async for recorded in self.store.ledger.entries():
            entry = recorded.entry
            if isinstance(entry, Decision) and (entry.what, entry.digest) == (PROMOTE, root):
                return True
        return False


def spelled(source: str) -> str:
    """Return what is shown as people read it."""
    return f"publication {source}" if source.isdecimal() else source
