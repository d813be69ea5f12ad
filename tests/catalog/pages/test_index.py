"""An index page gives its boards and the values of its facets."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.model import Card
from mirror.catalog.pages import read_index_page
from mirror.catalog.pages.index import MAX_CARDS
from mirror.errors import PageRefusedError
from tests.catalog.pages.html import INDEX_URL, board_page, card, facet, index_page, page, section

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "real"
REAL = SHARED / "pages" / "micropython_download_esp32.html"
needs_page = pytest.mark.skipif(
    not REAL.exists(), reason="the real pages of ../shared/real are not here"
)

PORTS = ["alif", "esp32", "psoc-edge", "renesas-ra"]
MCUS = ["AE722F80F55D5XX", "RA6M5", "ra6m5", "stm32wb"]
FACETS = facet("port", PORTS) + facet("vendor", ["Alif%20Semiconductor"]) + facet("mcu", MCUS)
FULL = index_page(card("RPI_PICO"), card("NICE_BOARD"), facets=FACETS)


def rules(html: bytes) -> list[str]:
    """Return the rules of the problems on an index page, in order."""
    return [problem.rule for problem in read_index_page(html, INDEX_URL).problems]


@needs_page
def test_the_real_page_has_nine_boards_and_eleven_ports() -> None:
    found = read_index_page(REAL.read_bytes(), INDEX_URL + "?mcu=esp32")

    assert found.cards[0] == Card(
        "ESP32_GENERIC", "ESP32 / WROOM", "Espressif", "esp32_devkitc.thumb.jpg"
    )
    assert [len(found.cards), len(found.ports), found.mcus] == [9, 11, ()]
    assert found.problems == ()


def test_cards_stand_in_the_pages_order() -> None:
    assert read_index_page(FULL, INDEX_URL).cards == (
        Card("RPI_PICO", "Nice", "Nice Co", "a.thumb.jpg"),
        Card("NICE_BOARD", "Nice", "Nice Co", "a.thumb.jpg"),
    )


def test_facets_are_the_values_of_their_links() -> None:
    found = read_index_page(FULL, INDEX_URL)

    assert list(found.ports) == PORTS
    assert list(found.mcus) == MCUS


@pytest.mark.parametrize(
    "href", ["NICE_BOARD", "NICE_BOARD/", "/download/NICE_BOARD/", INDEX_URL + "NICE_BOARD"]
)
@pytest.mark.parametrize("url", [INDEX_URL, INDEX_URL.removesuffix("/"), INDEX_URL + "?port=esp32"])
def test_a_cards_href_is_the_boards_id(href: str, url: str) -> None:
    found = read_index_page(index_page(f'<a class="board-card" href="{href}"></a>'), url)

    assert found.cards == (Card("NICE_BOARD", "NICE_BOARD", ""),)


@pytest.mark.parametrize(
    ("href", "rule"),
    [
        ("None", "none-link"),
        ("", "unrecognised-board"),
        ("a/b", "unrecognised-board"),
        ("/other/NICE", "unrecognised-board"),
        ("-NICE", "unrecognised-board"),
        ("A" * 65, "unrecognised-board"),
        ("..%2fadmin", "outside-tree"),
        ("../admin", "outside-tree"),
        ("https://evil.example/download/NICE", "other-host"),
        ("javascript:alert(1)", "not-http"),
        ("NICE_BO\u0410RD", "not-ascii"),
        ("A" * 5000, "too-long"),
        ("RPI_PICO", "listed-twice"),
    ],
)
def test_an_odd_card_is_left_out_by_name_and_the_rest_is_kept(href: str, rule: str) -> None:
    html = index_page(card("RPI_PICO"), card(href), card("NICE_BOARD"))
    found = read_index_page(html, INDEX_URL)

    assert [each.board for each in found.cards] == ["RPI_PICO", "NICE_BOARD"]
    assert rules(html) == [rule]


def test_an_odd_facet_is_left_out_by_name() -> None:
    html = index_page(card("RPI_PICO"), facets=facet("port", ["esp32", "%2e%2e%2f", "a%0d%0ab"]))

    assert read_index_page(html, INDEX_URL).ports == ("esp32",)
    assert rules(html) == ["odd-facet", "odd-facet"]


def test_markup_and_control_characters_in_texts_are_shown() -> None:
    html = index_page(card("NICE", product="<b>a</b>\x1b[2J&lt;i&gt;", vendor="\u202eb"))
    (found,) = read_index_page(html, INDEX_URL).cards

    assert (found.product, found.vendor) == ("a\\x1b[2J<i>", "\\u202eb")


def test_a_card_without_photograph_has_no_thumbnail() -> None:
    html = index_page('<a class="board-card" href="NICE"><div class="board-product">N</div></a>')

    assert read_index_page(html, INDEX_URL).cards == (Card("NICE", "N", ""),)


def test_the_index_of_the_lower_case_age_is_read() -> None:
    """To October 2021 it was a list of links; the bar above it has one to itself."""
    items = '<ul><li><a href="/download/rp2-pico/">Pi <em>Pico</em></a></li></ul>'
    html = page(f'<h1>MicroPython downloads</h1><a href="/download/">Download</a>{items}')

    assert read_index_page(html, INDEX_URL).cards == (Card("rp2-pico", "Pi Pico", ""),)


@pytest.mark.parametrize(
    ("html", "why"),
    [
        (FULL.rstrip()[:-1], "cut short"),
        (board_page(section()), "not an index page"),
        (page("<h1>404</h1>"), "not an index page"),
        (index_page(facets=FACETS), "without a single board"),
        (index_page(card("None")), "without a single board"),
        (index_page(*[card(f"B{number}") for number in range(MAX_CARDS + 1)]), "more than 5000"),
    ],
)
def test_a_page_that_is_no_whole_index_is_refused(html: bytes, why: str) -> None:
    with pytest.raises(PageRefusedError, match=why):
        read_index_page(html, INDEX_URL)


@given(st.data())
def test_a_damaged_page_is_read_or_refused(data: st.DataObject) -> None:
    """No change to a page makes the reader fail in another way, nor give a board twice."""
    start = data.draw(st.integers(0, len(FULL)))
    end = data.draw(st.integers(start, min(len(FULL), start + 200)))
    extra = data.draw(st.binary(max_size=20) | st.sampled_from([b"</a>", b"<!--", b"</h1>", b'"']))
    with contextlib.suppress(PageRefusedError):
        found = read_index_page(FULL[:start] + extra + FULL[end:], INDEX_URL)

        assert len({each.board for each in found.cards}) == len(found.cards)
