"""A catalog that lost too much at once is refused; a small loss is let through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.guard import Guard, Shrinkage, file_counts, shrinkage
from mirror.catalog.model import BoardFacts, Catalog, CatalogBoard, Listing
from mirror.catalog.names import ArtifactName
from mirror.errors import CatalogShrunkError


def catalog_of(counts: dict[str, int], kind: str = "uf2") -> Catalog:
    """Return a catalog in which each board lists so many files."""
    return Catalog(
        "https://micropython.org",
        tuple(
            CatalogBoard(
                BoardFacts(board, f"https://micropython.org/download/{board}/", board),
                tuple(
                    Listing(ArtifactName.parse(f"{board}-20260406-v1.{n}.0.{kind}"), "u/", board, n)
                    for n in range(files)
                ),
            )
            for board, files in counts.items()
        ),
    )


def boards(number: int, files: int = 5) -> dict[str, int]:
    """Return the counts of so many boards with so many files each."""
    return {f"B{place:03}": files for place in range(number)}


def test_half_the_boards_gone_is_refused() -> None:
    with pytest.raises(CatalogShrunkError, match="lost 112 of 225 boards at once, at most 22"):
        shrinkage(boards(225), catalog_of(boards(113)), Guard())


def test_boards_that_lost_all_their_files_are_lost() -> None:
    """On 2025-12-26 the pages of 37 boards were whole, and empty."""
    emptied = boards(200) | boards(37, files=0)
    with pytest.raises(CatalogShrunkError, match=r"lost 37 of 200 .*\(B000, B001, .*, …\)"):
        shrinkage(boards(200), catalog_of(emptied), Guard())


def test_a_tenth_of_the_boards_may_go() -> None:
    found = shrinkage(boards(200), catalog_of(boards(180)), Guard())

    assert len(found.lost_boards) == 20
    assert (found.boards_before, found.files_before, found.lost_files) == (200, 1000, 100)


def test_one_more_than_a_tenth_may_not() -> None:
    with pytest.raises(CatalogShrunkError, match="lost 21 of 200"):
        shrinkage(boards(200), catalog_of(boards(179)), Guard())


def test_a_fifth_of_the_files_may_go_and_no_more() -> None:
    thinned = boards(20, files=8)

    assert shrinkage(boards(20, 10), catalog_of(thinned), Guard()).lost_files == 40
    with pytest.raises(CatalogShrunkError, match="lost 41 of 200 files at once, at most 40"):
        shrinkage(boards(20, 10), catalog_of(thinned | {"B000": 7}), Guard())


def test_what_one_board_gains_hides_nothing_of_another() -> None:
    now = {"A": 300, "B": 50, "C": 50, "D": 50}
    with pytest.raises(CatalogShrunkError, match="lost 150 of 400 files"):
        shrinkage({"A": 100, "B": 100, "C": 100, "D": 100}, catalog_of(now), Guard())


def test_files_for_debugging_do_not_count() -> None:
    assert file_counts(catalog_of({"B": 5}, kind="elf")) == {"B": 0}
    assert file_counts(catalog_of({"B": 5}, kind="meta.zip")) == {"B": 0}
    assert file_counts(catalog_of({"B": 5}, kind="app-bin")) == {"B": 5}


@pytest.mark.parametrize(("before", "after"), [(2, 1), (3, 2), (9, 8)])
def test_a_small_catalog_may_lose_one_board(before: int, after: int) -> None:
    assert len(shrinkage(boards(before), catalog_of(boards(after)), Guard()).lost_boards) == 1


@pytest.mark.parametrize("before", [1, 2, 300])
def test_everything_may_never_be_lost(before: int) -> None:
    with pytest.raises(CatalogShrunkError, match=f"lost {before} of {before}"):
        shrinkage(boards(before), catalog_of({}), Guard(boards=1.0, files=1.0))


def test_nothing_can_be_lost_without_a_previous_catalog() -> None:
    nothing = Shrinkage(0, (), 0, 0)

    assert shrinkage({}, catalog_of({}), Guard()) == nothing
    assert shrinkage({}, catalog_of(boards(3)), Guard()) == nothing


def test_a_board_that_was_always_empty_is_not_lost() -> None:
    found = shrinkage(boards(3) | {"EMPTY": 0}, catalog_of(boards(3)), Guard())

    assert found.lost_boards == ()


@given(st.dictionaries(st.sampled_from("ABCDEFGH"), st.integers(0, 9)))
def test_a_catalog_that_did_not_change_lost_nothing(counts: dict[str, int]) -> None:
    found = shrinkage(file_counts(catalog_of(counts)), catalog_of(counts), Guard())

    assert (found.lost_boards, found.lost_files) == ((), 0)
