"""The page of all boards is what upstream's would be, and its filters filter."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.pages import read_index_page
from mirror.publication.photographs import Shown
from mirror.publication.site.index import (
    Card,
    Filters,
    card_of,
    decode_cards,
    encode_card,
    join_cards,
    render_index_page,
)
from mirror.publication.tree import render_board
from tests.publication import examples

URL = "https://micropython.org/download/"
SHOWN = Shown("/m/RPI_PICO/a.jpg", 800, 600, "/m/RPI_PICO/a.thumb.jpg", 300, 225)
CARDS = (
    Card("ALIF_ENSEMBLE", "Ensemble E7", "Alif Semiconductor", "alif", "ae722", ("Dual-core",)),
    Card("ESP32_GENERIC", "ESP32 / WROOM", "Espressif", "esp32", "esp32", ("BLE", "WiFi")),
    Card("ESP32_GENERIC_S3", "ESP32-S3", "Espressif", "esp32", "esp32s3", ("BLE", "WiFi")),
    Card("RPI_PICO", "Pico", "Raspberry Pi", "rp2", "rp2040", ()),
    Card("ODD", 'A "b" <c>', "nullbits & co", None, None, ("WiFi",)),
)


def boards(**asked: str) -> list[str]:
    """Return the boards on the page for these filters, in order."""
    page = render_index_page(CARDS, Filters.parse(asked.items()))
    return re.findall(r'<a class="board-card" href="([^"]*)">', page.decode())


def test_our_own_parser_reads_every_board_port_and_mcu_back() -> None:
    page = read_index_page(render_index_page(CARDS, Filters()), URL)

    assert {(card.board, card.product, card.vendor) for card in page.cards} == {
        (card.board, card.product, card.vendor) for card in CARDS
    }
    assert page.ports == ("alif", "esp32", "rp2")
    assert page.mcus == ("ae722", "esp32", "esp32s3", "rp2040")
    assert page.problems == ()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"port": "esp32"}, ["ESP32_GENERIC", "ESP32_GENERIC_S3"]),
        ({"mcu": "esp32"}, ["ESP32_GENERIC"]),
        ({"vendor": "Alif Semiconductor"}, ["ALIF_ENSEMBLE"]),
        ({"features": "WiFi"}, ["ESP32_GENERIC", "ESP32_GENERIC_S3", "ODD"]),
        ({"features": "WiFi", "mcu": "esp32s3"}, ["ESP32_GENERIC_S3"]),
        ({"port": "rp2", "vendor": "Espressif"}, []),
        ({"port": "ESP32"}, []),
        ({"colour": "red", "port": "rp2"}, ["RPI_PICO"]),
    ],
)
def test_a_filter_shows_the_boards_that_have_all_that_was_asked_for(
    asked: dict[str, str], expected: list[str]
) -> None:
    assert sorted(boards(**asked)) == sorted(expected)


def test_cards_are_sorted_by_vendor_then_product_as_ascii_sorts() -> None:
    assert boards() == ["ALIF_ENSEMBLE", "ESP32_GENERIC", "ESP32_GENERIC_S3", "RPI_PICO", "ODD"]


def test_an_active_facet_shows_its_value_and_the_others_all_of_theirs() -> None:
    page = render_index_page(CARDS, Filters.parse([("vendor", "Espressif")])).decode()

    assert 'Espressif <a href="?" class="filter-option">[x]</a>' in page
    assert '<a href="?port=rp2" class="filter-option">rp2</a>' in page
    assert "?vendor=" not in page


def test_values_are_percent_encoded() -> None:
    page = render_index_page(CARDS, Filters()).decode()

    assert '<a href="?vendor=Alif%20Semiconductor" class="filter-option">' in page
    assert '<a href="?vendor=nullbits%20%26%20co" class="filter-option">nullbits &amp; co</a>' in (
        page
    )


@given(st.dictionaries(st.sampled_from(["port", "mcu", "vendor", "features"]), st.text()))
def test_no_question_puts_markup_on_the_page(asked: dict[str, str]) -> None:
    page = render_index_page(CARDS, Filters.parse(asked.items())).decode()
    plain = render_index_page(CARDS, Filters()).decode()

    assert set(re.findall(r"<([a-z]+)", page)) <= set(re.findall(r"<([a-z]+)", plain))


def test_questions_in_another_order_are_one_question() -> None:
    one = Filters.parse([("port", "rp2"), ("mcu", "rp2040"), ("x", "y"), ("port", "rp2")])

    assert one == Filters.parse([("mcu", "rp2040"), ("port", "rp2")])


def test_a_card_has_the_thumbnail_of_a_photograph_that_is_held_and_no_other_has_one() -> None:
    """Also when only some boards are shown; a click on it leads to the board."""
    cards = [replace(card, shown=SHOWN if card.board == "RPI_PICO" else None) for card in CARDS]
    images = {
        port: re.findall(
            r'<a class="board-card" href="([^"]*)">\s*<div class="board-image">'
            r'<img src="([^"]*)" width="300" height="225"',
            render_index_page(cards, Filters.parse([("port", port)])).decode(),
        )
        for port in ("rp2", "esp32")
    }

    assert images == {"rp2": [("RPI_PICO", "/m/RPI_PICO/a.thumb.jpg")], "esp32": []}


def test_cards_are_read_back_as_they_were_written() -> None:
    board = render_board(replace(examples.facts(), mcu=None), [], {})
    cards = (*CARDS, card_of(board), card_of(board, [SHOWN]))

    assert decode_cards(join_cards(map(encode_card, cards))) == cards
