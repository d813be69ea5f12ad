"""One crawl, from the first upstream that can give it: all of its pages from the same one.

A crawl that was interrupted is taken up again while its pages can still be true, and only at
the upstream that gave them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from mirror.errors import MirrorError, PageRefusedError
from mirror.spans import spanned
from mirror.sync.remembered import RememberedPages
from mirror.sync.remembered_peers import RememberedPeers
from mirror.upstream.recognition import crawl_any
from mirror.upstream.upstreams import is_away
from mirror.upstream.visits import CrawlTerms

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mirror.sync.means import Means
    from mirror.upstream.site import Crawl

# An interrupted crawl is taken up again only while its pages can still be true.
_FRESH: Final = timedelta(hours=1)
_PLACE: Final = " at "


class Crawling:
    """The crawl of the run with this *number*; ``crawl_id`` is that of the one begun last."""

    def __init__(self, means: Means, number: int, report_pages: Callable[[int, int], None]) -> None:
        self._means = means
        self._number = number
        self._report_pages = report_pages
        self.crawl_id = ""

    @spanned("crawl")
    async def crawl(self, now: datetime) -> Crawl:
        """Return what the first upstream lists, or the next that can be asked.

        Raises what the first one's crawl ended with, when none can.
        """
        means = self._means
        failures: list[MirrorError] = []
        for place, source in {"": means.fetcher, **means.stand_ins}.items():
            self.crawl_id = await self._crawl_id(now, place)
            terms = CrawlTerms(self.crawl_id, now, means.version, self._report_pages)
            pages = RememberedPages(means.store.index)
            peers = RememberedPeers(means.store)
            try:
                return await crawl_any(source, means.sandbox, pages, peers, terms)
            except MirrorError as error:
                if not _is_no_crawl(error, place):
                    raise
                failures.append(error)
                if means.stand_ins:  # else it is all that the run has to say
                    structlog.get_logger().warning(
                        "no crawl of this upstream",
                        upstream=place or means.fetcher.upstream,
                        reason=str(error),
                    )
        raise failures[0]

    async def drop(self, now: datetime) -> None:
        """Ask for every page anew next time: what this crawl found is not believed."""
        await self._means.store.index.begin_crawl(f"{self.crawl_id} refused", now)

    async def _crawl_id(self, now: datetime, place: str) -> str:
        index = self._means.store.index
        begun = await index.unfinished_crawl()
        if (
            begun is not None
            and abs(now - begun.started) < _FRESH
            and begun.id.partition(_PLACE)[2] == place
        ):
            return begun.id
        # The number too: two runs can begin at one time of a clock that was put back.
        crawl_id = f"{now.isoformat()} {self._number}" + (f"{_PLACE}{place}" if place else "")
        await index.begin_crawl(crawl_id, now)
        return crawl_id


def _is_no_crawl(error: MirrorError, place: str) -> bool:
    stands_in = bool(place)
    return is_away(error, stands_in=stands_in) or (
        stands_in and isinstance(error, PageRefusedError)
    )
