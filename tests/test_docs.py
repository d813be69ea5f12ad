"""What the documents tell people to type is there: commands, options, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mirror.cli.commands import COMMANDS

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "deploy" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
NAMES = {command.name for command in COMMANDS}
# `mpmirror` and words behind it, in a code block or between backticks.
TYPED = re.compile(
    r"(?:^ {4}|`|^\$ |\n\$ |sudo -u mpmirror )mpmirror ([a-z][a-z-]*)\b([^`\n|]*)", re.MULTILINE
)
LINKED = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
# What belongs to all commands, and stands before or behind any of them.
FOR_ALL = {"--help", "--data", "--config", "--debug", "--version"}


def options() -> set[str]:
    """Give every option that the source of any command declares."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "mirror" / "cli").glob("*.py")]
    named = {one for text in texts for one in re.findall(r'"(--[a-z][a-z-]*)[",/ ]', text)}
    # Where none is named, it is called as the parameter is.
    parameters = {
        one for text in texts for one in re.findall(r"^    (\w+): Annotated", text, re.MULTILINE)
    }
    return FOR_ALL | named | {f"--{one.replace('_', '-')}" for one in parameters}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_and_option_that_is_told_is_there(path: Path) -> None:
    typed = TYPED.findall(path.read_text(encoding="utf-8"))
    known = options()
    unknown = [name for name, _ in typed if name not in NAMES]
    unknown += [
        f"{name} {option}"
        for name, rest in typed
        for option in re.findall(r"(?<![\w-])(--[a-z][a-z-]*)", rest)
        if option not in known
    ]

    assert unknown == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_that_is_linked_is_there(path: Path) -> None:
    linked = LINKED.findall(path.read_text(encoding="utf-8"))

    assert [name for name in linked if not (path.parent / name).exists()] == []


def test_the_documents_do_tell_commands() -> None:
    """Else the tests above would hold for nothing."""
    told = sum(len(TYPED.findall(path.read_text(encoding="utf-8"))) for path in DOCUMENTS)

    assert told > 100
