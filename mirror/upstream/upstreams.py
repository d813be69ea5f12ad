"""Several upstreams in order: the first is the one that is mirrored, the others stand in for it.

A file that one can not give now (unreachable, resting, asking us to wait) is asked of the next
at the same path; what comes is judged alike.  What the first one answers, a 404 or bytes that
are refused, is its answer, and nobody else is asked.  Everything keeps the first one's URLs,
so that a crawl of another changes no catalog; only a `Download` names who really gave it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from mirror.errors import (
    AddressRefusedError,
    BudgetSpentError,
    MirrorError,
    QuietHoursError,
    RefusedError,
    SelfUpstreamError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamUnavailableError,
)
from mirror.upstream.answers import PageAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mirror.upstream.answers import Download, Partial, Validators
    from mirror.upstream.fetch import Fetcher
    from mirror.upstream.recognition import Source

_OF_THIS_NODE = (BudgetSpentError, QuietHoursError)


def is_away(error: MirrorError, *, stands_in: bool) -> bool:
    """Whether *error* says that an upstream can not give what another might.

    One that *stands_in* has listed nothing itself, so what it has not got is no answer either.
    """
    if isinstance(error, _OF_THIS_NODE):
        return False
    if isinstance(error, UpstreamUnavailableError | UpstreamBusyError):
        return True
    return stands_in and isinstance(error, UpstreamError | SelfUpstreamError | AddressRefusedError)


class Upstreams:
    """*fetchers* in order, at least one; whoever opened them closes them.

    ``pages_from`` and ``files_from`` are the base URLs of those that gave something last.
    """

    def __init__(self, fetchers: Sequence[Fetcher]) -> None:
        self.fetchers = tuple(fetchers)
        self._first = self.fetchers[0]
        self._last = self._first
        self.pages_from: str | None = None
        self.files_from: str | None = None

    @property
    def upstream(self) -> str:
        """The base URL of the first, without a final slash."""
        return self._first.upstream

    @property
    def is_mirror(self) -> bool:
        """Whether the last answer of the first said that it comes from an mpmirror."""
        return self._first.is_mirror

    @property
    def stand_ins(self) -> Mapping[str, Source]:
        """The pages of the others, in order, by their base URLs: under the first one's URLs."""
        return {other.upstream: _StandIn(self, other) for other in self.fetchers[1:]}

    async def page(self, url: str) -> PageAnswer:
        """Return the page at *url* of the first."""
        return await self._first.page(url)

    async def changed_page(self, url: str, since: Validators) -> PageAnswer | None:
        """Return the page at *url* of the first; None if it is as it was at *since*."""
        answer = await self._first.changed_page(url, since)
        self.note_pages_from(self.upstream)
        return answer

    async def download(
        self, url: str, partial: Partial, expecting: Callable[[int], None] | None = None
    ) -> Download:
        """Bring *partial* to the whole of the file at *url*, from the first that can give it.

        Raises what the last of them raised, when none can.  Only an upstream whose own URL
        it is continues what is there already: bytes of two are never joined.
        """
        failures: list[MirrorError] = []
        for fetcher in self.fetchers:
            stands_in = not fetcher.owns(url)
            there = _NeverContinued(partial) if stands_in else partial
            try:
                download = await fetcher.download(self._at(fetcher, url), there, expecting)
            except MirrorError as error:
                if not is_away(error, stands_in=stands_in):
                    raise
                failures.append(error)
            else:
                self._note_files_from(fetcher, failures)
                return download
        raise failures[-1]

    def seconds_for(self, size: int) -> float | None:
        """Return how long *size* bytes take from who gave the last file, as far as measured."""
        return self._last.speed.seconds_for(size)

    def note_pages_from(self, base: str) -> None:
        """Remember who gives pages, and say it when that is another than before."""
        if base != (self.pages_from or self.upstream):
            structlog.get_logger().warning("pages come from another upstream", upstream=base)
        self.pages_from = base

    def _note_files_from(self, fetcher: Fetcher, failures: Sequence[MirrorError]) -> None:
        self._last = fetcher
        base = fetcher.upstream
        if base != (self.files_from or self.upstream):
            why = str(failures[0]) if failures else "it can be asked again"
            structlog.get_logger().warning(
                "files come from another upstream", upstream=base, because=why
            )
        self.files_from = base

    def _at(self, fetcher: Fetcher, url: str) -> str:
        """Return *url* where *fetcher* has it; as it is, if it is no upstream's at all."""
        if fetcher.owns(url) or not any(other.owns(url) for other in self.fetchers):
            return url
        return _moved(url, fetcher.upstream)


class _StandIn:
    """The pages of *fetcher* as those of the first of *upstreams*.

    They are never asked for conditionally: what the pages of one say of its validators means
    nothing to another.
    """

    def __init__(self, upstreams: Upstreams, fetcher: Fetcher) -> None:
        self._upstreams = upstreams
        self._fetcher = fetcher

    @property
    def upstream(self) -> str:
        return self._upstreams.upstream

    @property
    def is_mirror(self) -> bool:
        return self._fetcher.is_mirror

    async def changed_page(self, url: str, since: Validators) -> PageAnswer | None:
        del since
        answer = await self._fetcher.page(_moved(url, self._fetcher.upstream))
        self._upstreams.note_pages_from(self._fetcher.upstream)
        return PageAnswer(url, answer.final_url, answer.body, answer.digest)


class _NeverContinued:
    """A *partial* download that is begun anew each time, and leaves nothing to continue."""

    def __init__(self, partial: Partial) -> None:
        self._partial = partial

    @property
    def size(self) -> int:
        return self._partial.size

    @property
    def validator(self) -> str | None:
        return None

    async def restart(self, validator: str | None) -> None:
        del validator
        await self._partial.restart(None)

    async def write(self, chunk: bytes) -> None:
        await self._partial.write(chunk)


def _moved(url: str, base: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise RefusedError(f"not a URL: {url[:200]!r} ({error})") from error
    return base + parts.path + (f"?{parts.query}" if parts.query else "")
