"""Foreign text made plain: folded, shown in full, and bounded."""

from __future__ import annotations

_CUT = "…"


def visible(text: str) -> str:
    """Write every character that does not print as its escape, so that it is shown, not obeyed.

    Control characters, bidirectional overrides, zero-width and unassigned characters and
    every space but U+0020 do not print in the sense of `str.isprintable`.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escape(letter) for letter in text)


def one_line(text: str, limit: int) -> str:
    """Fold white space to single spaces, make *text* visible, and cut it to *limit* characters."""
    return cut(visible(" ".join(text.split())), limit)


def lines(text: str, limit: int) -> str:
    """Keep line breaks, drop trailing space, make the rest visible, and cut to *limit*."""
    shown = (visible(line.expandtabs().rstrip()) for line in text.splitlines())
    return cut("\n".join(shown).strip("\n"), limit)


def cut(text: str, limit: int) -> str:
    """Return *text*, or its beginning and an ellipsis, in at most *limit* characters."""
    return text if len(text) <= limit else text[: limit - 1] + _CUT


def _escape(letter: str) -> str:
    return (
        letter.encode("ascii", "backslashreplace").decode()
        if letter > "\x7f"
        else repr(letter)[1:-1]
    )
