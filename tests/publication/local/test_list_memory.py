"""What names all boards is made in little more memory than the longest of it takes."""

from __future__ import annotations

import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest

from mirror.publication.dialects.github import GITHUB
from mirror.publication.dialects.thonny import THONNY
from mirror.publication.local.rendering import render_lists
from mirror.publication.local.sums import SUMS
from mirror.publication.site.dialect import SITE as PAGES
from tests.publication.dialects.boards import board
from tests.publication.dialects.rendering import SITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.publication.documents import BoardDocument
    from mirror.publication.local.dialect import Dialect

BOARDS, VERSIONS = 50, 60


@pytest.fixture(scope="module")
def documents() -> list[BoardDocument]:
    return [
        board(*(f"B{number}-20260101-v1.{version}.0.uf2" for version in range(VERSIONS)))
        for number in range(BOARDS)
    ]


@pytest.mark.parametrize(
    ("dialect", "most"),
    [
        pytest.param(THONNY, 1.4, id="thonny"),
        # Half of the files are in hand at once, and each list is a fiftieth of all.
        pytest.param(GITHUB, 5, id="github"),
        pytest.param(SUMS, 1.25, id="sums"),
        pytest.param(PAGES, 1.4, id="site"),
    ],
)
def test_lists_take_little_more_than_the_longest_and_what_they_are_made_of(
    documents: list[BoardDocument], dialect: Dialect, most: float
) -> None:
    """They are made of packed summaries, and each is let go of when the next is asked for."""
    packed = [zlib.compress(dialect.summarise(one, SITE), 1) for one in documents]
    longest = longest_list(dialect, packed)  # and all code is loaded
    tracemalloc.start()
    try:
        longest_list(dialect, packed)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < most * (longest + sum(map(len, packed)))


def longest_list(dialect: Dialect, packed: list[bytes]) -> int:
    """Make all lists of *dialect*, and keep none."""

    def summaries(_name: str) -> Iterator[bytes]:
        return map(zlib.decompress, packed)

    lists = render_lists(summaries, SITE, [dialect])
    return max(len(rendered.body) for _, rendered in lists)
