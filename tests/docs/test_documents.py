"""Every command line of every document is run as it stands, and prints what is shown."""

from __future__ import annotations

import json
import subprocess
import tempfile
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from mirror.config import load_settings
from tests.docs.playing import played
from tests.docs.reading import DOCS, DOCUMENTS, ROOT, Block, blocks_of, text_of, typed_in
from tests.docs.scenes import NOT_RUN, RUN_ON, STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What a block may be.
LANGUAGES: Final = {"console", "toml", "json", "python", "ini", "html", "text"}
#: Where a document may stand: by what it is for.
KINDS: Final = ("tutorial", "how-to", "reference", "explanation")
TYPED: Final = [one for document in DOCUMENTS for one in typed_in(document)]


def blocks_in(language: str) -> Iterable[Block]:
    return (block for path in DOCUMENTS for block in blocks_of(path) if block.language == language)


@pytest.mark.programs
@pytest.mark.parametrize("document", [path for path in DOCUMENTS if typed_in(path)])
async def test_the_commands_of_a_document_do_what_it_shows(document: str) -> None:
    assert [one for one in await played(document) if one.wrong] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_says_what_it_is(document: str) -> None:
    """So that no command line stands where nobody looks for it."""
    languages = {block.language for block in blocks_of(document)}
    inside = {
        number
        for block in blocks_of(document)
        for number in range(block.first, block.first + len(block.lines))
    }
    lines = text_of(document).split("\n")
    indented = [
        number
        for number, (before, line) in enumerate(pairwise(lines), 2)
        if line.startswith("    ") and not before and number not in inside
    ]

    assert languages - LANGUAGES == set()
    assert indented == []


def test_a_shell_can_read_every_command() -> None:
    text = "\n".join(one.command for one in TYPED)
    read = subprocess.run(
        ["/bin/bash", "-n"], input=text, text=True, capture_output=True, check=False
    )

    assert (read.returncode, read.stderr) == (0, "")


def test_what_is_listed_stands_somewhere() -> None:
    """Else a table would speak of a command that nobody is told to type."""
    commands = {one.command for one in TYPED} | {one.bare for one in TYPED}
    listed = {*NOT_RUN, *RUN_ON, *STATUSES}

    assert listed - commands == set()


def test_every_piece_of_settings_is_read() -> None:
    found = 0
    for block in blocks_in("toml"):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "mpmirror.toml"
            text = "\n".join(line.replace('keys = ["RWQ…"]', "keys = []") for line in block.lines)
            file.write_text(text, encoding="utf-8")
            load_settings({}, Path(folder), file=file)
        assert tomllib.loads(text)
        found += 1

    assert found >= 3


def test_every_document_of_json_and_python_is_one() -> None:
    for block in blocks_in("json"):
        assert json.loads("\n".join(block.lines))
    for block in blocks_in("python"):
        compile("\n".join(block.lines), block.document, "exec")


def test_every_page_stands_with_its_kind_and_in_the_index() -> None:
    """In the order of the kinds: who begins to read begins with the tutorial."""
    pages = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    places = [index.index(f"## {kind.capitalize()}") for kind in KINDS]

    assert {page.partition("/")[0] for page in pages} == {*KINDS, "README.md"}
    assert [page for page in pages if page != "README.md" and f"({page})" not in index] == []
    assert places == sorted(places)
    assert "docs/README.md" in (ROOT / "README.md").read_text(encoding="utf-8")
