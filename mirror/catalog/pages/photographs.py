"""File names of photographs, out of the URLs that pages show them by."""

from __future__ import annotations

import re

_PHOTOGRAPH = re.compile(
    r"(?:https?://[A-Za-z0-9.:\[\]-]+)?/resources/micropython-media/boards/"
    r"(?P<board>[A-Za-z0-9_-]{1,64})/(?P<file>[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127})"
)


def photograph(source: str | None, board: str) -> str | None:
    """Return the file name if *source* is a photograph of *board*, whatever host it names."""
    found = _PHOTOGRAPH.fullmatch(source or "")
    return found["file"] if found is not None and found["board"] == board else None
