"""What an operator reads: a sentence, and nothing that a terminal would obey."""

from __future__ import annotations


def is_one_sentence(text: str) -> bool:
    """Whether *text* is one line of bounded length in which every character shows itself."""
    return text.isprintable() and 10 < len(text) < 600


def is_inert(written: str) -> bool:
    """Whether lines that a program wrote hold nothing but what shows itself."""
    return all(line.isprintable() for line in written.split("\n"))
