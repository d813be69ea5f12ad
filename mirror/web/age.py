"""Say how old the data are, once they are older than they should be.

``Age`` (RFC 9111 section 5.1) is then the seconds since the last complete crawl.  It stands in
the head of an answer only: documents say nothing of the moment.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from mirror.errors import MirrorError, TooOldError
from mirror.publication.freshness import PATH as FRESHNESS
from mirror.storage.crawled import LastCrawl
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from mirror.web.answer import Answer

LastCrawlSource: TypeAlias = Callable[[], LastCrawl | None]
"""Says which crawl was the last; it may block, and raise a `MirrorError`."""

#: Seconds between two looks: nobody's data grow older faster.
EVERY: Final = 5.0

_AT_ANY_AGE: Final = {"/healthz", "/v1/status.json", FRESHNESS, f"{FRESHNESS}.minisig"}

_log = logging.getLogger(__name__)


class Ages:
    """The age of what is served, as far as *find* tells of the last crawl."""

    def __init__(
        self,
        find: LastCrawlSource,
        clock: Callable[[], datetime],
        stop_after: timedelta | None = None,
    ) -> None:
        self._find = find
        self._clock = clock
        self._stop_after = stop_after
        self._last: LastCrawl | None = None

    async def follow(self, every: float = EVERY) -> NoReturn:
        """Look every so many seconds, until cancelled; what can not be read stays as it was."""
        told = ""
        while True:
            try:
                self._last = await to_end(self._find)
                told = ""
            except MirrorError as error:
                if str(error) != told:
                    _log.warning("the age of the data can not be read: %s", error)
                told = str(error)
            await asyncio.sleep(every)

    def refuse_beyond(self, path: str) -> None:
        """Raise `TooOldError` when the data are older than the operator lets them be served.

        How the mirror is can be asked however old its data are.
        """
        if path in _AT_ANY_AGE or self._stop_after is None or self._last is None:
            return
        age = self._last.age(self._clock())
        if age > self._stop_after:
            raise TooOldError(
                f"the data are {age.days} days old, and this mirror is told to serve none older "
                f"than {self._stop_after.days} days"
            )

    def mark(self, answer: Answer) -> None:
        """Give *answer* its ``Age``, if what is served is stale."""
        now = self._clock()
        if self._last is not None and self._last.is_stale(now):
            answer.say_age(int(self._last.age(now).total_seconds()))
