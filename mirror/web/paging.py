"""Pages of a list, as GitHub counts them: ``?per_page=30&page=2``, and a ``Link`` to the others.

What is no number is as if it was not said, and what is too large is the largest: GitHub's
clients expect no error.  A page behind the last is empty, which is how some of them know that
they have all.  The links are relative (RFC 8288): the client knows how it came here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_USUAL: Final = 30
_MOST: Final = 100
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}")

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Page:
    """The page *number*, from 1, of pages of *size* items."""

    number: int = 1
    size: int = _USUAL

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Page:
        """Return the page that *query* asks for."""
        size = min(_number(query.get("per_page"), _USUAL), _MOST)
        return cls(_number(query.get("page"), 1), size)

    def cut(self, items: Sequence[_Item]) -> Sequence[_Item]:
        """Return those of *items* that are on this page."""
        start = (self.number - 1) * self.size
        return items[start : start + self.size]

    def links(self, path: str, count: int) -> str | None:
        """Return the ``Link`` of this page of *count* items at *path*; None where it is all."""
        last = max(1, -(-count // self.size))
        others = {"prev": self.number - 1, "next": self.number + 1, "first": 1, "last": last}
        if self.number >= last:
            del others["next"], others["last"]
        if self.number == 1:
            del others["prev"], others["first"]
        links = (
            f'<{path}?per_page={self.size}&page={min(number, last)}>; rel="{relation}"'
            for relation, number in others.items()
        )
        return ", ".join(links) or None


def _number(text: str | None, usual: int) -> int:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else usual
