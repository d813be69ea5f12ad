"""What is mirrored beside the firmware: when all of it is done, and never instead of it.

A failure here keeps what was held, is said, and leaves the run as complete as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import MirrorError
from mirror.sync.outcome import Trouble
from mirror.sync.packages import SUBTREE as PACKAGES
from mirror.sync.packages import bring_packages
from mirror.sync.photographs import SUBTREE as PHOTOGRAPHS
from mirror.sync.photographs import bring_photographs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mirror.catalog.model import BoardFacts
    from mirror.sync.means import Means, Wishes
    from mirror.sync.publish import Publisher


class Beside:
    """The part of one run that brings what is beside the firmware; ``troubles`` say what failed."""

    def __init__(self, means: Means, wishes: Wishes) -> None:
        self._means = means
        self._wishes = wishes
        self.troubles: list[Trouble] = []

    async def bring(
        self,
        publisher: Publisher,
        publish: Callable[[], Awaitable[bool]],
        boards: Sequence[BoardFacts],
    ) -> bool:
        """Bring the packages, then photographs of *boards*; return whether that was published."""
        wishes = self._wishes
        brought = await bring_packages(self._means, wishes.packages, wishes.guard.boards)
        self.troubles += brought.troubles
        if brought.changed:
            publisher.take_subtree(PACKAGES, brought.top)
        published = await self._published(publisher, publish)
        pictures = await bring_photographs(self._means, boards if wishes.photographs else None)
        self.troubles += pictures.troubles
        if pictures.changed:
            publisher.take_subtree(PHOTOGRAPHS, pictures.top)
        return await self._published(publisher, publish) or published

    async def _published(
        self, publisher: Publisher, publish: Callable[[], Awaitable[bool]]
    ) -> bool:
        try:
            # Where nothing is mirrored beside the firmware, nothing has changed either.
            return await publisher.lacks_subtree() and await publish()
        except MirrorError as error:
            # The firmware is published, and nothing here holds that back.
            self.troubles.append(Trouble("publication", str(error)))
            return False
