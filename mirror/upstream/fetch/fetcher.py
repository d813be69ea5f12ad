"""One polite way to upstream, shared by everything that asks it for something.

Every request keeps the set rate, number of connections, time-outs and size limits, says
who we are, and goes nowhere but to upstream's own hosts at addresses that were checked.
Failures that time can mend are tried again; what is left over is a `MirrorError` of one
sentence.  A file goes to its `Partial` as it comes and is continued where it stopped,
also after a restart; what a `Partial` raises is passed on as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Self

from mirror.catalog.values import Digest
from mirror.errors import RefusedError, TooLargeError, UpstreamError
from mirror.upstream import decoding
from mirror.upstream.answers import Download, PageAnswer, Partial, Validators
from mirror.upstream.breaker import Breaker, BreakerTerms
from mirror.upstream.budget import Budget
from mirror.upstream.fetch.asking import Asking
from mirror.upstream.fetch.filling import Filling
from mirror.upstream.fetch.testimony import headers_worth_keeping
from mirror.upstream.fetch.wire import Answer, Wire
from mirror.upstream.origin import Origin
from mirror.upstream.pacing import Pace, Timing
from mirror.upstream.politeness import Politeness
from mirror.upstream.retry import Retries
from mirror.upstream.speed import Speed
from mirror.upstream.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


_UNITS_OF_FAILURE: Final = 5
"""After so many pages or files in a row that failed with all their tries, a host is away."""


# Packed and unpacked: within a tenth of a millisecond.
_AT_ONCE_BYTES: Final = 64 * 1024


class Fetcher:
    """Fetches pages and files from one upstream; an async context manager."""

    def __init__(  # noqa: PLR0913 - the budget is shared by several fetchers, the rest is one's own
        self,
        upstream: str,
        *,
        user_agent: str,
        node_id: str,
        politeness: Politeness | None = None,
        surroundings: Surroundings | None = None,
        timing: Timing | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Fetch from *upstream* (scheme and host); `ConfigurationError` if it is not that.

        *node_id* is our own: an upstream that answers with it is this mirror itself.
        """
        origin = Origin.parse(upstream)
        limits = politeness or Politeness()
        timing = timing or Timing.real()
        pace = Pace(limits.requests_per_second, limits.retry_after_cap, timing)
        self.upstream = origin.url
        self._origin = origin
        self.speed = Speed()
        self._timing = timing
        self._limits = limits
        budget = budget or Budget()
        self._wire = Wire(origin, limits, surroundings or Surroundings(), user_agent, budget.spend)
        self._asking = Asking(origin, self._wire, pace, timing, node_id, budget)
        terms = BreakerTerms(failures=_UNITS_OF_FAILURE * limits.attempts)
        self.breaker = Breaker(origin.url, terms, timing)
        self._retries = Retries(limits, timing)
        self._slots = asyncio.Semaphore(limits.connections)

    async def __aenter__(self) -> Self:
        """Start; raise `ConfigurationError` if a CA file can not be read."""
        await self._wire.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        await self._wire.close()

    @property
    def is_mirror(self) -> bool:
        """Whether upstream's last answer said that it comes from an mpmirror."""
        return self._asking.is_mirror

    def owns(self, url: str) -> bool:
        """Whether *url* is one of this upstream."""
        try:
            self._origin.locate(url)
        except RefusedError:
            return False
        return True

    async def page(self, url: str) -> PageAnswer:
        """Return the page at *url*, decoded, with its digest."""
        answer = await self.changed_page(url, Validators())
        if answer is None:
            raise UpstreamError(f"{url}: answered 304 to a request without conditions")
        return answer

    async def changed_page(self, url: str, since: Validators) -> PageAnswer | None:
        """Return the page at *url*; None if upstream says that it is as it was at *since*."""
        return await self._retries.run(lambda: self._one_page(url, since))

    async def download(
        self, url: str, partial: Partial, expecting: Callable[[int], None] | None = None
    ) -> Download:
        """Bring *partial* to the whole of the file at *url*, and return its facts.

        What *partial* holds already is continued if it has a strong validator and
        upstream confirms it, and thrown away otherwise.  When this raises, what came so
        far is in *partial*, so that a later call continues.  *expecting* is told how many
        bytes are still to come, as soon as upstream has said so.
        """
        return await self._retries.run(lambda: self._one_download(url, partial, expecting))

    async def _one_page(self, url: str, since: Validators) -> PageAnswer | None:
        headers = {"Accept-Encoding": decoding.ACCEPTED, **since.headers()}
        seconds = self._limits.page_seconds
        async with self._slots:
            with (
                self.breaker.trying() as one,
                closing(await self._asking.ask(url, headers, seconds, one)) as answer,
            ):
                if answer.status == HTTPStatus.NOT_MODIFIED:
                    return None
                if answer.status != HTTPStatus.OK:
                    raise UpstreamError(f"{url}: answered {answer.status} where a page belongs")
                raw = await self._read_all(answer)
        coding = (answer.header("Content-Encoding") or "").lower()
        body, digest = await self._unpacked(raw, coding, answer.url)
        given = Validators(answer.header("ETag"), answer.header("Last-Modified"))
        return PageAnswer(url, answer.url, body, digest, given)

    async def _read_all(self, answer: Answer) -> bytes:
        limit = self._limits.page_bytes
        raw = bytearray()
        # A length that was announced is refused before the body is read.
        too_large = (answer.length or 0) > limit
        while not too_large and (chunk := await answer.read()):
            raw += chunk
            too_large = len(raw) > limit
        if too_large:
            raise TooLargeError(f"{answer.url}: a page of more than {limit} bytes")
        return bytes(raw)

    async def _unpacked(self, raw: bytes, coding: str, url: str) -> tuple[bytes, Digest]:
        if len(raw) <= _AT_ONCE_BYTES:
            # Most pages are small: asking a thread takes longer than this may take.
            with contextlib.suppress(TooLargeError):
                return _unpack(raw, coding, min(_AT_ONCE_BYTES, self._limits.page_bytes), url)
        return await asyncio.to_thread(_unpack, raw, coding, self._limits.page_bytes, url)

    async def _one_download(
        self, url: str, partial: Partial, expecting: Callable[[int], None] | None
    ) -> Download:
        filling = Filling(partial, self._limits.file_bytes)
        headers = {"Accept-Encoding": "identity", **filling.range_headers()}
        seconds = self._limits.file_seconds
        async with self._slots:
            with (
                self.breaker.trying() as one,
                closing(await self._asking.ask(url, headers, seconds, one)) as answer,
            ):
                await filling.begin(answer)
                if expecting is not None and filling.to_come is not None:
                    expecting(filling.to_come)
                await self._pour(filling, answer, partial)
        return Download(
            url=url,
            final_url=answer.url,
            size=partial.size,
            etag=answer.header("ETag"),
            last_modified=answer.header("Last-Modified"),
            content_type=answer.header("Content-Type"),
            peer=answer.peer,
            resumed_from=filling.resumed_from,
            certificate=answer.certificate,
            headers=headers_worth_keeping(answer.all_headers()),
        )

    async def _pour(self, filling: Filling, answer: Answer, partial: Partial) -> None:
        began, before = self._timing.monotonic(), partial.size
        await filling.pour(answer)
        self.speed.note(partial.size - before, self._timing.monotonic() - began)


def _unpack(raw: bytes, coding: str, limit: int, url: str) -> tuple[bytes, Digest]:
    body = decoding.decode(raw, coding, limit, url)
    return body, Digest.of(body)
