"""Refusals for people: whoever asks with a browser gets a page, every program gets JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirror.publication.local.dialect import HTML
from mirror.web.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from mirror.web.failures import Asked
    from mirror.web.heads import Field, Heads

# What programs ask for stays as they know it, whatever they say that they accept.
_FOR_PROGRAMS = re.compile(
    r"/(?:v1|feeds|thonny|esp-web-tools|ota|repos|micropython|pi)(?:/.*)?", re.DOTALL
)
_LONGEST: Final = 100


class PeopleRefusals:
    """Makes pages of refusals, with *heads*; *boards* gives the ids that there are."""

    def __init__(self, heads: Heads, boards: Callable[[], Collection[str]]) -> None:
        self._heads = heads
        self._boards = boards

    def find(
        self, request: Asked, status: int, message: str, fields: Sequence[Field]
    ) -> Answer | None:
        """Return the page for *request*, None for a request that no person made."""
        if not _is_of_a_person(request):
            return None
        # Here, because most processes never refuse anybody a page.
        from mirror.publication.pages.failures import render_failure  # noqa: PLC0415 - see above

        asked = request.path.rstrip("/").rpartition("/")[2][:_LONGEST]
        body = render_failure(status, message, asked, self._boards())
        head = self._heads.with_body(status, HTML, len(body), fields)
        return Answer(status, head, b"" if request.method == "HEAD" else body)


def _is_of_a_person(request: Asked) -> bool:
    accepted = request.headers.get("Accept", "")
    return "text/html" in accepted and _FOR_PROGRAMS.fullmatch(request.path) is None
