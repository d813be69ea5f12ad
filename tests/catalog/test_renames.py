"""Renamed boards are recognised by their bytes, and by nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.renames import find_renamed
from mirror.catalog.values import Digest

VERSIONS = ("20250415-v1.25.0", "20251209-v1.27.0", "20260406-v1.28.0")


def digest(text: str) -> Digest:
    """Return the digest of *text*."""
    return Digest.of(text.encode())


def files(board: str, *bodies: str) -> dict[str, Digest]:
    """Return a file for each of *bodies*, one of each version from the oldest on."""
    return {
        f"{board}-{version}.uf2": digest(body)
        for version, body in zip(VERSIONS, bodies, strict=False)
    }


OLD = files("PICO", "one", "two", "three")


def test_a_board_whose_builds_are_under_another_id_was_renamed() -> None:
    assert find_renamed(OLD, {"RPI_PICO": files("RPI_PICO", "one", "two", "three")}) == "RPI_PICO"


def test_little_that_is_held_of_the_new_board_is_enough() -> None:
    """The policy may hold the newest release only."""
    new = {"RPI_PICO-20260406-v1.28.0.uf2": digest("three")}

    assert find_renamed(OLD, {"RPI_PICO": new}) == "RPI_PICO"


def test_one_equal_build_among_others_is_no_rename() -> None:
    assert find_renamed(OLD, {"RPI_PICO_W": files("RPI_PICO_W", "one", "b", "c")}) is None


def test_a_board_that_became_a_variant_is_recognised() -> None:
    new = {"ESP32_GENERIC-SPIRAM-20260406-v1.28.0.uf2": digest("three")}

    assert find_renamed(OLD, {"ESP32_GENERIC": new}) == "ESP32_GENERIC"


def test_of_several_boards_the_one_with_most_in_common_is_taken() -> None:
    others = {"B": files("B", "one", "two", "three"), "A": files("A", "one", "two")}

    assert find_renamed(OLD, others) == "B"


def test_other_names_are_left_out() -> None:
    assert find_renamed({"None": digest("one")}, {"B": {"None": digest("one")}}) is None


@given(
    st.lists(st.sampled_from("abc"), max_size=3),
    st.dictionaries(st.sampled_from("BCD"), st.lists(st.sampled_from("xyz"), max_size=3)),
)
def test_boards_without_common_bytes_were_never_renamed(
    old: list[str], others: dict[str, list[str]]
) -> None:
    found = {board: files(board, *bodies) for board, bodies in others.items()}

    assert find_renamed(files("A", *old), found) is None
