"""What is mirrored beside the firmware: when all of it is done, and never instead of it.

A failure here keeps what was held, is said, and leaves the run as complete as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import MirrorError
from mirror.sync.outcome import Trouble
from mirror.sync.packages import SUBTREE, bring_packages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mirror.sync.means import Means, Wishes
    from mirror.sync.publish import Publisher


class Beside:
    """The part of one run that brings what is beside the firmware; ``troubles`` say what failed."""

    def __init__(self, means: Means, wishes: Wishes) -> None:
        self._means = means
        self._wishes = wishes
        self.troubles: list[Trouble] = []

    async def bring(self, publisher: Publisher, publish: Callable[[], Awaitable[bool]]) -> bool:
        """Bring the packages, and *publish*; return whether that made a publication."""
        wishes = self._wishes
        brought = await bring_packages(self._means, wishes.packages, wishes.guard.boards)
        self.troubles += brought.troubles
        publisher.take_subtree(SUBTREE, brought.top)
        try:
            return await publish()
        except MirrorError as error:
            self.troubles.append(Trouble(SUBTREE, str(error)))
            return False
