"""What changed is found in the documents alone: every difference a person cares about, no other."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.publication import tree
from mirror.publication.changes import FACTS, What, compare_board
from mirror.publication.documents import BoardDocument, FileEntry, Hashes
from tests.publication.examples import VERDICT, WARNED, facts, held

NAMES = ("ESP32_GENERIC-20260406-v1.28.0.bin", "ESP32_GENERIC-20251209-v1.27.0.bin")


def document(*names: str) -> BoardDocument:
    return tree.render_board(facts(), [held(name) for name in names], {})


def with_file(board: BoardDocument, **other: object) -> BoardDocument:
    """Return *board*, whose first file is *other*wise."""
    first = board.releases[0]
    file: FileEntry = replace(first.files[0], **other)  # type: ignore[arg-type]
    return replace(board, releases=(replace(first, files=(file,)), *board.releases[1:]))


def told(before: BoardDocument | None, after: BoardDocument | None) -> list[What]:
    change = compare_board(before, after)
    return [one.what for one in change.files] if change else []


@given(st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))
def test_files_come_and_go(old: set[str], new: set[str]) -> None:
    change = compare_board(document(*old), document(*new))
    files = change.files if change else ()

    assert {one.name for one in files if one.what is What.NEW} == new - old
    assert {one.name for one in files if one.what is What.GONE} == old - new
    assert (change is None) == (old == new)


def test_what_happens_to_a_file_is_told_in_both_directions() -> None:
    board = document(*NAMES)
    other = with_file(board, hashes=Hashes(Digest.of(b"other").hex))
    withdrawn, hidden = with_file(board, withdrawn="2026-05-01"), with_file(board, hidden=True)
    verdict = tree.render_board(facts(), [held(NAMES[0], WARNED)], {}).releases[0].files[0].verdict

    assert told(board, other) == [What.OTHER_BYTES]
    assert (told(board, withdrawn), told(withdrawn, board)) == ([What.WITHDRAWN], [What.LISTED])
    assert (told(board, hidden), told(hidden, board)) == ([What.HIDDEN], [What.SHOWN])
    assert told(board, with_file(board, verdict=verdict)) == [What.JUDGED]
    assert VERDICT.conclusion is not WARNED.conclusion


def test_a_board_that_comes_or_goes_is_named_with_its_files() -> None:
    come, gone = compare_board(None, document(*NAMES)), compare_board(document(*NAMES), None)

    assert come is not None
    assert gone is not None
    assert (come.arrived, come.left, len(come.files)) == (True, False, 2)
    assert (gone.arrived, gone.left, gone.files[0].path) == (False, True, None)
    assert compare_board(None, None) is None


def test_facts_that_upstream_says_otherwise_are_named() -> None:
    board = document(*NAMES)
    change = compare_board(board, replace(board, mcu="esp32s3", features=()))

    assert change is not None
    assert change.facts == ("mcu", "features")
    assert set(FACTS) <= set(BoardDocument.__dataclass_fields__)
