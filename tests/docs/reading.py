"""What stands in the documents: blocks of code, and the command lines in them with their output."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
#: All documents for users, by their path in the project.
DOCUMENTS: Final = tuple(
    path.relative_to(ROOT).as_posix()
    for path in (
        ROOT / "README.md",
        *sorted((ROOT / "deploy").rglob("*.md")),
        *sorted(DOCS.rglob("*.md")),
    )
)
_FENCE: Final = re.compile(r"^```(\w*)$")
_PROMPT: Final = "$ "
_COMMENT: Final = re.compile(r"\s{2,}# .*$")


@dataclass(frozen=True, slots=True)
class Block:
    """The lines between two fences; *first* is the number of the line behind the first fence."""

    document: str
    language: str
    first: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """A command, as it stands behind a prompt, and the lines that are shown of what it prints.

    *first* is the number of the line that it stands on, *last* that of the line behind it all.
    """

    document: str
    command: str
    shown: tuple[str, ...]
    first: int
    last: int

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.document}:{self.first}"

    @property
    def bare(self) -> str:
        """The command without a comment behind it."""
        return _COMMENT.sub("", self.command)


def text_of(document: str) -> str:
    """Return the text of *document*."""
    return (ROOT / document).read_text(encoding="utf-8")


def blocks_of(document: str) -> Iterator[Block]:
    """Give the fenced blocks of *document*."""
    begun: tuple[str, int] | None = None
    lines = text_of(document).split("\n")
    for number, line in enumerate(lines):
        found = _FENCE.match(line)
        if found is None:
            continue
        if begun is None:
            begun = found[1], number + 1
        else:
            yield Block(document, begun[0], begun[1] + 1, tuple(lines[begun[1] : number]))
            begun = None
    assert begun is None, f"{document}: a fence stays open"


def typed_in(document: str) -> tuple[Typed, ...]:
    """Return every command line of *document*, in its order."""
    return tuple(
        typed
        for block in blocks_of(document)
        if block.language == "console"
        for typed in _typed_in(block)
    )


def _typed_in(block: Block) -> Iterator[Typed]:
    at = 0
    while at < len(block.lines):
        line = block.lines[at]
        assert line.startswith(_PROMPT), f"{block.document}:{block.first + at}: no command"
        begin, command = at, line.removeprefix(_PROMPT)
        while command.endswith("\\"):
            at += 1
            command = f"{command}\n{block.lines[at]}"
        at += 1
        shown = at
        while at < len(block.lines) and not block.lines[at].startswith(_PROMPT):
            at += 1
        first = block.first + begin
        yield Typed(block.document, command, block.lines[shown:at], first, block.first + at)
