"""Promote: find out who asks and whether enough have approved, and then move the channel.

What one proposes and another approves is the same root, by its digest.  A proposal holds until
the channel has moved; then it waits for a past that is over, and somebody proposes anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final

from mirror.channels.approving import Approvers, Rule
from mirror.channels.content import allow, find_source, refuse_let_go
from mirror.channels.moving import APPROVE, PROMOTE, Move, Mover, spelled
from mirror.channels.orders import Order, Promoted, Source
from mirror.errors import ConfigurationError, MirrorError, PublicationNotFoundError
from mirror.frozen import dataclass
from mirror.publication.documents import encode
from mirror.storage.channels import Published, find_published, published
from mirror.storage.proposals import Approval

if TYPE_CHECKING:
    from mirror.channels.approving import Who

_ONE: Final = Rule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoter:
    """Promotes with *mover*; *rules* say by channel how many must approve, else one."""

    mover: Mover
    approvers: Approvers
    rules: Mapping[str, Rule] = field(default_factory=dict)

    async def promote(self, order: Order, operator: str | None = None) -> Promoted:
        """Do what *order* asks; *operator* is who gave it, where a token has told that already.

        Raises `ConfigurationError` for what can not be meant, `PublicationNotFoundError` and
        `GoneError` for what can not be shown, `SignatureRefusedError`, `StorageError`.
        """
        order.refuse_nonsense()
        rule = self.rules.get(order.channel, _ONE)
        async with self.mover.store.publications.making:
            # What a crash broke off comes first: it was decided before this.
            await self.mover.settle()
            move = await self._move(order)
            if order.propose:
                await self.mover.keep(move.channel, move.proposal)
                return _told(move, rule, done=False)
            document = encode(move.after.root)
            who = await self.approvers.who(order, operator, rule, document, move.after.root)
            if rule.approvals > 1:
                return await self._approve(move, order, who, rule)
            line = self.mover.decision(move, PROMOTE, order.why, _in_words(who, order.by))
            await self.mover.decide(move, [line])
            return _told(move, rule, done=True, approved=(who.name,))

    async def settle(self) -> tuple[str, ...]:
        """End what a crash broke off, and have every channel as it must look today.

        Return sentences about what can not be read.  Raises `StorageError`.
        """
        async with self.mover.store.publications.making:
            await self.mover.settle()
            return await self.mover.keep_up()

    async def _move(self, order: Order) -> Move:
        """Return the proposal that *order* is about, made now if nobody made it before."""
        store = self.mover.store
        before = await find_published(store, order.channel)
        source = Source.parse(order.source)
        one = await find_source(store, source)
        await refuse_let_go(store, one.content)
        move = await self._waiting(order, before, one)
        if move is not None:
            return move
        if order.root is not None:
            raise PublicationNotFoundError(
                f"nothing with the root {order.root} waits for channel {order.channel}"
            )
        return await self.mover.made(order.channel, before, one, str(source))

    async def _waiting(self, order: Order, before: Published | None, one: Published) -> Move | None:
        """Return what waits already and means the same."""
        store = self.mover.store
        for proposal in await store.proposals.of(order.channel):
            try:
                after = await published(store, proposal.root)
            except MirrorError:
                continue
            if after.root.previous != (before.digest if before else None):
                continue
            allowed = await allow(store, one, after.root.sequence)
            if after.root.content == allowed.digest and order.root in {None, proposal.root}:
                return Move(before, proposal, after, allowed.without)
        return None

    async def _approve(self, move: Move, order: Order, who: Who, rule: Rule) -> Promoted:
        if not who.proven:
            raise ConfigurationError(
                f"channel {move.channel} is moved by {rule.approvals} people who prove who they"
                " are: give --token-file or --key, or ask over TCP with a token"
            )
        approved = [one.by for one in move.proposal.approvals]
        if who.name in approved:
            raise ConfigurationError(
                f"{who.name} has approved this already: {rule.approvals - len(approved)} more must"
            )
        approval = Approval(who.name, order.why, self.mover.clock(), order.signature)
        approvals = (*move.proposal.approvals, approval)
        move = replace(move, proposal=replace(move.proposal, approvals=approvals))
        names = tuple(one.by for one in approvals)
        lines = [self.mover.decision(move, APPROVE, order.why, _in_words(who, order.by))]
        done = len(approvals) >= rule.approvals
        if done:
            lines.append(self.mover.decision(move, PROMOTE, order.why, ", ".join(names)))
            await self.mover.decide(move, lines)
        else:
            await self.mover.store.ledger.append(lines)
            await self.mover.keep(move.channel, move.proposal)
        return _told(move, rule, done=done, approved=names)


def _told(
    move: Move, rule: Rule, *, done: bool, approved: tuple[str, ...] | None = None
) -> Promoted:
    if approved is None:
        approved = tuple(one.by for one in move.proposal.approvals)
    return Promoted(
        channel=move.channel,
        sequence=move.after.root.sequence,
        root=move.after.digest,
        source=spelled(move.proposal.source),
        done=done,
        approved=approved,
        needed=max(1, rule.approvals),
        without=move.without,
        document="" if done else encode(move.after.root).decode(),
    )


def _in_words(who: Who, said: str) -> str:
    """Return who it is for the ledger, and beside it what he says, which proves nothing."""
    return f"{who.name}, who says: {said}" if said and said != who.name else who.name
