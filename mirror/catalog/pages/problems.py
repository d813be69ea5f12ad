"""The list of what was left out of a page, bounded like everything else that is foreign."""

from __future__ import annotations

from mirror.catalog.model import Problem
from mirror.catalog.texts import one_line

MAX_PROBLEMS = 200
"""After so many one last problem, ``more-problems``, says how many more there were."""

_MAX_TEXT = 200


class Problems:
    """Problems of one page, in the order they were met."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._found: list[Problem] = []
        self._more = 0

    def add(self, rule: str, text: str) -> None:
        """Note that *text* was left out by *rule*."""
        if len(self._found) < MAX_PROBLEMS:
            # Only the beginning is shown, so only the beginning is worked on.
            shown = one_line(text[: 2 * _MAX_TEXT], _MAX_TEXT)
            self._found.append(Problem(rule, shown, self._page))
        else:
            self._more += 1

    def all(self) -> tuple[Problem, ...]:
        """Return what was found, and how much more there was."""
        if not self._more:
            return tuple(self._found)
        return (*self._found, Problem("more-problems", f"{self._more} more", self._page))
