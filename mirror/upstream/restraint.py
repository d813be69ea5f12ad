"""What may stop a run that nobody waits for, between two files: quiet hours, a spent budget.

Pages and files in hand come to their end; the next is not asked for, and the run ends in
order.  Whoever began the run learns from the restraint when it can go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mirror.errors import BudgetSpentError, QuietHoursError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mirror.errors import UpstreamRestingError
    from mirror.upstream.answers import Download, PageAnswer, Partial, Validators
    from mirror.upstream.asked import Asked
    from mirror.upstream.recognition import Source

T = TypeVar("T")


class Restraint:
    """The restraint of one run: *objection* is asked before each page and each file.

    ``met`` is the first that kept the run from something, or the spent budget.
    """

    def __init__(self, objection: Callable[[], UpstreamRestingError | None]) -> None:
        self._objection = objection
        self.met: UpstreamRestingError | None = None

    async def hold(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return what *ask* does, unless there is an objection: then raise that."""
        try:
            objection = self._objection()
            if objection is not None:
                raise objection
            return await ask()
        except (QuietHoursError, BudgetSpentError) as error:
            self.met = self.met or error
            raise


class RestrainedPages:
    """The pages of *source* under *restraint*."""

    def __init__(self, source: Source, restraint: Restraint) -> None:
        self._source = source
        self._restraint = restraint

    @property
    def upstream(self) -> str:
        """The base URL, without a final slash."""
        return self._source.upstream

    @property
    def is_mirror(self) -> bool:
        """Whether the last answer said that it comes from an mpmirror."""
        return self._source.is_mirror

    async def changed_page(self, url: str, since: Validators) -> PageAnswer | None:
        """Return the page at *url*; None if upstream says that it is as it was at *since*."""
        return await self._restraint.hold(lambda: self._source.changed_page(url, since))


class Restrained(RestrainedPages):
    """The pages and files of *asked* under *restraint*."""

    def __init__(self, asked: Asked, restraint: Restraint) -> None:
        super().__init__(asked, restraint)
        self._asked = asked

    async def page(self, url: str) -> PageAnswer:
        """Return the page at *url*."""
        return await self._restraint.hold(lambda: self._asked.page(url))

    async def download(
        self, url: str, partial: Partial, expecting: Callable[[int], None] | None = None
    ) -> Download:
        """Bring *partial* to the whole of the file at *url*."""
        return await self._restraint.hold(lambda: self._asked.download(url, partial, expecting))
