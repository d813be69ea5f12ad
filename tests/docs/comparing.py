"""Compare what is shown with what was printed: dates, digests, keys and addresses may differ."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Stands in a document for whatever comes: alone on a line for any lines.
ANYTHING: Final = "…"
#: What no two runs have in common, and what stands for it.
_OF_THE_MOMENT: Final = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:00)?", "<time>"),
    (r"\b(?:\d+ days?, )?\d+:\d\d:\d\d ago", "<age>"),
    (r"(?:[A-Z2-7]{4}[ -]){9,}[A-Z2-7]{4}", "<recovery key>"),
    (r"[0-9a-f]{4}(?:[- ][0-9a-f]{4}){7,15}", "<fingerprint>"),
    (r"[0-9a-f]{64}", "<sha256>"),
    (r"[0-9a-f]{32}", "<id>"),
    (r"\b[0-9A-F]{16}\b", "<key>"),
    (r"\b[0-9a-f]{12}\b", "<id>"),
    (r"\b[0-9a-f]{10}\b", "<alarm>"),
    (r"\b[0-9a-f]{8}\b", "<check>"),
    (r"https?://[0-9.]+:\d+", "<address>"),
    # A site has more of them where `make assets` was run.
    (r"\b(\d+) files, \1 of them new", "<all> files"),
)

# What is a bar on a terminal, and gone when the command ends.
_PROGRESS: Final = re.compile(r"^[a-z ]+: \d+ of \d+(, [0-9.]+ MB( received)?)?\n", re.MULTILINE)


def without_progress(printed: str) -> str:
    """Return *printed* as it stays on a terminal."""
    return _PROGRESS.sub("", printed)


def alike(shown: Iterable[str], printed: str) -> bool:
    """Whether *printed* is what is *shown*, but for what no two runs have in common."""
    pattern = "".join(_pattern_of(line) for line in shown)
    return re.fullmatch(pattern, _normal(printed.rstrip("\n") + "\n")) is not None


def has_lines(shown: Iterable[str], printed: str) -> bool:
    """Whether all lines of *shown* are in *printed*, in their order: of what prints for ever."""
    pattern = "".join(f"(?:.*\n)*?{_pattern_of(line)}" for line in shown)
    return re.match(pattern, _normal(printed)) is not None


def _pattern_of(line: str) -> str:
    if line.strip() == ANYTHING:
        return r"(?:.*\n)*"
    return r".*".join(map(re.escape, _normal(line.rstrip()).split(ANYTHING))) + r"[ ]*\n"


def _normal(text: str) -> str:
    for pattern, word in _OF_THE_MOMENT:
        text = re.sub(pattern, word, text)
    return text
