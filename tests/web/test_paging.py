"""Pages of a list, as GitHub's clients count them."""

from __future__ import annotations

import pytest

from mirror.web.paging import Page

ALL = range(1, 66)


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ({}, Page(1, 30)),
        ({"per_page": "50", "page": "2"}, Page(2, 50)),
        ({"per_page": "1000"}, Page(1, 100)),
        ({"per_page": "0", "page": "-1"}, Page(1, 30)),
        ({"per_page": "many", "page": "\u0663"}, Page(1, 30)),
        ({"page": "9" * 30}, Page(1, 30)),
    ],
)
def test_what_is_no_number_is_as_if_it_was_not_said(query: dict[str, str], page: Page) -> None:
    assert Page.of(query) == page


def test_the_pages_are_the_whole_list_in_order() -> None:
    pages = [list(Page(number, 20).cut(ALL)) for number in range(1, 6)]

    assert [one for page in pages for one in page] == list(ALL)
    assert pages[-1] == []


def test_links_lead_to_the_other_pages() -> None:
    assert Page(2, 20).links("/x", len(ALL)) == (
        '</x?per_page=20&page=1>; rel="prev", </x?per_page=20&page=3>; rel="next", '
        '</x?per_page=20&page=1>; rel="first", </x?per_page=20&page=4>; rel="last"'
    )


def test_the_last_page_has_no_next_and_a_single_one_no_links() -> None:
    last = Page(4, 20).links("/x", len(ALL))

    assert last is not None
    assert 'rel="next"' not in last
    assert Page(1, 100).links("/x", len(ALL)) is None
    assert Page(1, 30).links("/x", 0) is None
