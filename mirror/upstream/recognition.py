"""Crawl an upstream whatever it is: the site itself, or another mirror of it.

A mirror says so in every answer, so the site is never asked whether it is one, and a mirror
once: by the crawl's first request.  What it is, is remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mirror.errors import (
    DocumentRefusedError,
    MirrorError,
    SelfUpstreamError,
    UpstreamMissingError,
)
from mirror.upstream.memory import PageReader, PageSource
from mirror.upstream.peer import crawl_peer
from mirror.upstream.peer_memory import PeerReader
from mirror.upstream.site import Crawl, crawl

if TYPE_CHECKING:
    from mirror.upstream.answers import PageAnswer, Validators
    from mirror.upstream.memory import PageMemory
    from mirror.upstream.peer_memory import PeerMemory
    from mirror.upstream.visits import CrawlTerms


class Source(PageSource, Protocol):
    """Where pages come from, of which one can see what it is: a `Fetcher`."""

    @property
    def is_mirror(self) -> bool:
        """Whether the last answer said that it comes from an mpmirror."""


class Reader(PageReader, PeerReader, Protocol):
    """Reads the pages of the site, and the documents of mirrors: a `Sandbox`."""


async def crawl_any(
    fetcher: Source, reader: Reader, pages: PageMemory, peers: PeerMemory, terms: CrawlTerms
) -> Crawl:
    """Crawl what is behind *fetcher*, as `crawl` or as `crawl_peer`; raises what they raise."""
    if await peers.find(fetcher.upstream) is None:
        try:
            return await crawl(_Site(fetcher), reader, pages, terms)
        except _MirrorFoundError:
            return await crawl_peer(fetcher, reader, pages, peers, terms)
    try:
        return await crawl_peer(fetcher, reader, pages, peers, terms)
    except (UpstreamMissingError, DocumentRefusedError):
        if fetcher.is_mirror:
            raise
    # Where a mirror was there is none any more.
    await peers.forget(fetcher.upstream)
    return await crawl(fetcher, reader, pages, terms)


class _MirrorFoundError(MirrorError):
    """The upstream that is crawled as a site is a mirror."""


class _Site:
    """Pages of an upstream, as long as it does not say that it is a mirror."""

    def __init__(self, fetcher: Source) -> None:
        self._fetcher = fetcher

    @property
    def upstream(self) -> str:
        return self._fetcher.upstream

    async def changed_page(self, url: str, since: Validators) -> PageAnswer | None:
        try:
            answer = await self._fetcher.changed_page(url, since)
        except SelfUpstreamError:
            raise
        except MirrorError as error:
            if self._fetcher.is_mirror:
                raise _MirrorFoundError(f"{url}: comes from a mirror") from error
            raise
        if self._fetcher.is_mirror:
            raise _MirrorFoundError(f"{url}: comes from a mirror")
        return answer
