"""What is hidden is listed with a mark, and is never the latest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mirror.errors import ArtifactNotFoundError
from mirror.publication.documents import BoardDocument, decode_board, encode
from mirror.publication.feeds import render_latest, summarise
from mirror.publication.hiding import without_hidden
from mirror.publication.query import FeedQuery
from tests.web.building import PICO, PICO_OLD, PICO_PREVIEW, boards_of, images


def hiding(*names: str) -> BoardDocument:
    """Return a board of two releases and a preview, of which *names* are hidden."""
    [board] = boards_of(images(PICO, PICO_OLD, PICO_PREVIEW))
    return replace(
        board,
        releases=tuple(
            replace(
                release,
                files=tuple(replace(file, hidden=file.name in names) for file in release.files),
            )
            for release in board.releases
        ),
    )


def test_the_next_newest_is_the_latest() -> None:
    board = hiding(PICO)

    assert b"v1.27.0" in render_latest(board, FeedQuery(versions=("v1.28.0", "v1.27.0")))
    assert summarise(board).release == "v1.27.0"


def test_a_hidden_preview_is_not_the_newest_preview() -> None:
    assert summarise(hiding(PICO_PREVIEW)).preview is None


def test_nothing_is_the_latest_where_everything_is_hidden() -> None:
    with pytest.raises(ArtifactNotFoundError):
        render_latest(hiding(PICO, PICO_OLD, PICO_PREVIEW), FeedQuery())


def test_what_is_hidden_still_counts_as_held() -> None:
    assert summarise(hiding(PICO)).files == 3


def test_the_mark_is_written_and_read_back() -> None:
    board = hiding(PICO)

    assert decode_board(encode(board)) == board


def test_a_document_of_before_hides_nothing() -> None:
    board = hiding()
    older = encode(board).replace(b'"hidden":false,', b"")

    assert b"hidden" not in older
    assert decode_board(older) == board


def test_a_board_without_hidden_files_is_left_as_it_is() -> None:
    board = hiding()

    assert without_hidden(board) is board
