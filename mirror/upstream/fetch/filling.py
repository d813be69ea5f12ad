"""One try at making a partial download whole.

Bytes are appended only when upstream confirms, by range and strong ETag, that they
continue those that are there; in every other case the partial download starts again.
Whether the result is whole is always known: a body without length and without chunks is
not taken at all.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from mirror.errors import RefusedError, TooLargeError, UpstreamError, UpstreamUnavailableError
from mirror.upstream.ranges import ContentRange, parse_content_range, strong_etag

if TYPE_CHECKING:
    from mirror.upstream.answers import Partial
    from mirror.upstream.fetch.wire import Answer

_MARKUP = frozenset({"text/html", "application/xhtml+xml"})


class Filling:
    """Fills *partial* from one answer; more than *most_bytes* in all are refused."""

    def __init__(self, partial: Partial, most_bytes: int) -> None:
        self._partial = partial
        self._most_bytes = most_bytes
        self._validator = strong_etag(partial.validator)
        self._wanted_from = partial.size if self._validator else 0
        self._expected: int | None = None
        self.resumed_from = 0

    def range_headers(self) -> dict[str, str]:
        """Return the headers that ask for the rest only, if there is a beginning to keep."""
        if not self._wanted_from or self._validator is None:
            return {}
        return {"Range": f"bytes={self._wanted_from}-", "If-Range": self._validator}

    async def begin(self, answer: Answer) -> None:
        """Judge the head of *answer*, and make the partial download ready for its body.

        Raises `RefusedError` for what can not be a file, `TooLargeError`, and
        `UpstreamUnavailableError` where a second try may go better.
        """
        if answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            await self._start_again(answer, f"has nothing from byte {self._wanted_from} on")
        if answer.status not in {200, 206}:
            raise UpstreamError(f"{answer.url}: answered {answer.status} where a file belongs")
        _refuse_what_is_no_file(answer)
        if answer.status == HTTPStatus.PARTIAL_CONTENT:
            await self._continue(answer)
        else:
            await self._take_all(answer)

    @property
    def to_come(self) -> int | None:
        """How many bytes are missing, after `begin`; None when the answer does not say."""
        return None if self._expected is None else self._expected - self._partial.size

    async def pour(self, answer: Answer) -> None:
        """Append the body; raise `UpstreamUnavailableError` unless the whole file is there."""
        bound = self._most_bytes if self._expected is None else self._expected
        while chunk := await answer.read():
            if self._partial.size + len(chunk) > bound:
                await self._overflow(answer)
            await self._partial.write(chunk)
        size = self._partial.size
        if self._expected is not None and size < self._expected:
            raise UpstreamUnavailableError(
                f"{answer.url}: the body was cut short, {size} of {self._expected} bytes"
            )

    async def _continue(self, answer: Answer) -> None:
        if not self._wanted_from:
            raise UpstreamUnavailableError(f"{answer.url}: answered 206 to a plain request")
        span = parse_content_range(answer.header("Content-Range"))
        if span is None or span.start != self._wanted_from:
            came = answer.header("Content-Range")
            await self._start_again(answer, f"sends the range {came!r} instead of ours")
        elif answer.header("ETag") != self._validator:
            await self._start_again(answer, f"does not confirm {self._validator}")
        elif answer.length not in {None, span.end - span.start + 1}:
            await self._start_again(answer, f"sends {answer.length} bytes as {span}")
        else:
            self._expect(answer, span)

    def _expect(self, answer: Answer, span: ContentRange) -> None:
        self._refuse_size(answer, span.total)
        self._expected = span.total
        self.resumed_from = self._wanted_from

    async def _take_all(self, answer: Answer) -> None:
        if not answer.framed:
            raise UpstreamUnavailableError(
                f"{answer.url}: sends neither length nor chunks, so an early end would not show"
            )
        self._refuse_size(answer, answer.length or 0)
        self._expected = answer.length
        await self._partial.restart(strong_etag(answer.header("ETag")))

    def _refuse_size(self, answer: Answer, size: int) -> None:
        if size > self._most_bytes:
            raise TooLargeError(f"{answer.url}: {size} bytes, over {self._most_bytes}")

    async def _overflow(self, answer: Answer) -> None:
        if self._expected is None:
            raise TooLargeError(f"{answer.url}: more than {self._most_bytes} bytes")
        await self._start_again(answer, f"sends more than the {self._expected} bytes it said")

    async def _start_again(self, answer: Answer, reason: str) -> None:
        await self._partial.restart(None)
        raise UpstreamUnavailableError(f"{answer.url}: {reason}; starting again")


def _refuse_what_is_no_file(answer: Answer) -> None:
    kind = (answer.header("Content-Type") or "").partition(";")[0].strip().lower()
    if kind in _MARKUP:
        raise RefusedError(f"{answer.url}: an HTML page where a file belongs")
    coding = (answer.header("Content-Encoding") or "identity").lower()
    if coding != "identity":
        raise RefusedError(f"{answer.url}: a file coded {coding[:40]!r}, which was not asked for")
