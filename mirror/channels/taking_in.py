"""Publish on a channel what another node made, and leave ``current`` where it is.

So a lab looks at what came across the gap on its test benches first, and promotes it then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.channels.moving import PROMOTE, Mover
from mirror.errors import ConfigurationError
from mirror.storage.channels import Published
from mirror.sync.foreign import ForeignPublisher

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mirror.channels.approving import Rule
    from mirror.publication.documents import ContentRoot
    from mirror.sync.local_layer import LocalLayer
    from mirror.sync.publish import Previous

_WHY = "imported for this channel"


def refuse_approvals(channel: str, rules: Mapping[str, Rule]) -> None:
    """Raise `ConfigurationError` for a *channel* that nothing may be imported to."""
    if channel in rules and rules[channel].approvals > 1:
        raise ConfigurationError(
            f"channel {channel} is moved by {rules[channel].approvals} people: import without a"
            " channel, or to another one, and promote that"
        )


class ChannelPublisher(ForeignPublisher):
    """Makes the publications of *channel*; *by* is who imports, for the ledger."""

    def __init__(self, mover: Mover, upstream: str, channel: str, by: str) -> None:
        super().__init__(mover.store, upstream)
        self.channel = channel
        self._mover = mover
        self._by = by

    async def _point(
        self,
        previous: Previous | None,
        content: ContentRoot,
        local: LocalLayer,
        now: datetime,  # noqa: ARG002 - the mover has the same clock
    ) -> int:
        before = Published(previous.digest, previous.root, previous.content) if previous else None
        made = f"content {content.origin.sequence} of {content.origin.lineage}"
        move = await self._mover.rooted(self.channel, before, content, local, made)
        await self._mover.decide(move, [self._mover.decision(move, PROMOTE, _WHY, self._by)])
        return move.after.root.sequence
