"""A board's page is what upstream's would be, of what is held, and our own parser agrees."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.model import BoardFacts, Passage, PassageKind, VariantFacts
from mirror.catalog.pages import read_board_page
from mirror.catalog.values import Digest
from mirror.publication.local.specimen import SPECIMENS
from mirror.publication.photographs import Shown
from mirror.publication.site.board import render_board_page
from mirror.publication.tree import HeldArtifact, render_board
from tests.catalog.pages.test_board import REAL, needs_page
from tests.publication import examples
from tests.publication.examples import VERDICT, WARNED, held

if TYPE_CHECKING:
    from mirror.publication.documents import BoardDocument

URL = "https://micropython.org/download/ESP32_GENERIC/"
NOTES = {
    version: f"https://github.com/micropython/micropython/releases/tag/{version}"
    for version in ("v1.28.0", "v1.27.0")
}
NAMES = (
    "ESP32_GENERIC-20260406-v1.28.0.bin",
    "ESP32_GENERIC-20260406-v1.28.0.app-bin",
    "ESP32_GENERIC-20260406-v1.28.0.elf",
    "ESP32_GENERIC-20260406-v1.28.0.map",
    "ESP32_GENERIC-20251209-v1.27.0.bin",
    "ESP32_GENERIC-20251212-v1.27.0.bin",
    "ESP32_GENERIC-20251209-v1.27.0.meta.zip",
    "ESP32_GENERIC-20260807-v1.29.0-preview.678.g5f2181f938.bin",
    "ESP32_GENERIC-20260806-v1.29.0-preview.677.g5f2181f937.bin",
    "ESP32_GENERIC-OTA-20260406-v1.28.0.bin",
    "ESP32_GENERIC-OTA-20260406-v1.28.0.app-bin",
)
FACTS = replace(
    examples.facts(),
    variants=(VariantFacts(None, ""), VariantFacts("OTA", "Support for OTA")),
    description=(Passage(PassageKind.PARAGRAPH, "A <module> & more."),),
)
BOARD = render_board(FACTS, [held(name) for name in NAMES], NOTES)
TEXT = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40)


def html(board: BoardDocument = BOARD) -> str:
    """Return the page of *board* as text."""
    return render_board_page(board).decode()


def listed(board: BoardDocument) -> list[str]:
    """Return the names that our own parser finds on the page of *board*, in order."""
    page = read_board_page(render_board_page(board), URL, board.board)
    return [str(listing.name) for listing in page.listings]


def renewed(facts: BoardFacts) -> BoardFacts:
    """Return the facts that our own parser finds on the page for *facts*."""
    board = render_board(facts, [held("ESP32_GENERIC-20260406-v1.28.0.bin")], {})
    return read_board_page(render_board_page(board), URL, facts.board).facts


def test_our_own_parser_reads_the_same_facts_and_files_back() -> None:
    page = read_board_page(render_board_page(BOARD), URL, "ESP32_GENERIC")

    assert replace(page.facts, mcu=FACTS.mcu) == FACTS
    assert sorted(map(str, (listing.name for listing in page.listings))) == sorted(NAMES)
    assert {str(listing.name.version): listing.notes for listing in page.listings} == {
        "v1.29.0-preview.678.g5f2181f938": None,
        "v1.29.0-preview.677.g5f2181f937": None,
    } | NOTES
    assert page.problems == ()


def test_a_section_has_the_newest_first_releases_before_previews_and_the_right_build_first() -> (
    None
):
    assert listed(BOARD) == [
        "ESP32_GENERIC-20260406-v1.28.0.bin",
        "ESP32_GENERIC-20260406-v1.28.0.app-bin",
        "ESP32_GENERIC-20260406-v1.28.0.elf",
        "ESP32_GENERIC-20260406-v1.28.0.map",
        "ESP32_GENERIC-20251209-v1.27.0.bin",
        "ESP32_GENERIC-20251209-v1.27.0.meta.zip",
        "ESP32_GENERIC-20251212-v1.27.0.bin",
        "ESP32_GENERIC-20260807-v1.29.0-preview.678.g5f2181f938.bin",
        "ESP32_GENERIC-20260806-v1.29.0-preview.677.g5f2181f937.bin",
        "ESP32_GENERIC-OTA-20260406-v1.28.0.bin",
        "ESP32_GENERIC-OTA-20260406-v1.28.0.app-bin",
    ]


def test_a_held_photograph_is_shown_at_upstreams_path_and_read_back() -> None:
    """The first of those that are held, without a host, in a place that has its shape."""
    path = "/resources/micropython-media/boards/ESP32_GENERIC"
    shown = [
        Shown(f"{path}/{name}.jpg", 800, 600, f"{path}/{name}.thumb.jpg", 300, 225)
        for name in ("front", "back")
    ]
    page = render_board_page(BOARD, shown)
    without = render_board_page(BOARD)

    assert re.findall(rb'<img src="([^"]*)" width="800" height="600"', page) == [
        f"{path}/front.jpg".encode()
    ]
    assert read_board_page(page, URL, "ESP32_GENERIC").facts.photographs == ("front.jpg",)
    assert b"<img" not in without


@needs_page
def test_of_upstreams_own_page_nothing_is_lost_but_the_photograph() -> None:
    """All 315 files of the real page, in its order, its labels, texts and notes."""
    upstream = read_board_page(REAL.read_bytes(), URL, "ESP32_GENERIC")
    artifacts = [
        HeldArtifact(one.name, one.url, Digest.of(str(one.name).encode()), 1, None, VERDICT)
        for one in upstream.listings
    ]
    notes = {str(one.name.version): one.notes for one in upstream.listings if one.notes}
    ours = render_board_page(render_board(upstream.facts, artifacts, notes))
    again = read_board_page(ours, URL, "ESP32_GENERIC")

    assert len(again.listings) == 315
    assert again.listings == upstream.listings
    assert again.facts == replace(upstream.facts, photographs=())


@given(TEXT, TEXT, TEXT, TEXT)
def test_whatever_words_upstream_writes_they_stay_words(
    product: str, vendor: str, paragraph: str, code: str
) -> None:
    facts = replace(
        FACTS,
        product=product,
        vendor=vendor,
        description=(Passage(PassageKind.PARAGRAPH, paragraph),),
        instructions=(Passage(PassageKind.CODE, code),),
        flash_offset=None,
        variants=(),
    )
    page = renewed(facts)

    assert (page.vendor, page.product) == (vendor, product)
    assert [passage.text for passage in (*page.description, *page.instructions)] == [
        paragraph,
        code,
    ]


@pytest.mark.parametrize(
    "words",
    ["</h2><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<!--", "&lt;b&gt;"],
)
def test_markup_in_upstreams_words_is_shown_and_not_obeyed(words: str) -> None:
    facts = replace(
        FACTS,
        product=words,
        vendor=words,
        features=(words,),
        variants=(VariantFacts("OTA", words),),
        description=(Passage(PassageKind.HEADING, words), Passage(PassageKind.ITEM, words)),
    )
    page = html(render_board(facts, [held(name) for name in NAMES], {}))

    assert re.findall(r"<(?:script|img|!--)|onerror=[^&]*>", page) == []
    assert "<b>" not in page


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.test/", "x"])
def test_a_website_that_is_no_web_address_is_no_link(url: str) -> None:
    page = html(render_board(replace(FACTS, website=url), [], {}))

    assert "Website" in page
    assert url not in re.findall(r'href="([^"]*)"', page)


def test_every_link_to_another_site_is_marked_as_one() -> None:
    links = re.findall(r"<a [^>]*>", html())
    foreign = [link for link in links if re.search(r'href="(?:[a-z]+:|//)', link)]

    assert len(foreign) == 5
    assert [link for link in foreign if 'class="outward" rel="external' not in link] == []


def test_only_what_is_held_and_not_hidden_is_listed() -> None:
    artifacts = [held(NAMES[0]), replace(held(NAMES[4]), hidden=True)]
    board = render_board(FACTS, artifacts, NOTES)

    assert listed(board) == [NAMES[0]]
    assert listed(replace(SPECIMENS[2], board="ESP32_GENERIC", port="esp32")) == []


def test_what_is_warned_about_is_said_in_the_words_of_the_feed() -> None:
    board = render_board(FACTS, [held(NAMES[0], WARNED), held(NAMES[9])], {})
    words = [file.verdict.words for file in board.releases[0].files]

    assert html(board).count(".bin: structure checked") == 1
    assert f"<small>.bin: {words[0]}</small>" in html(board)


def test_the_builds_of_an_older_toolchain_stand_under_plain_firmware_as_upstreams_do() -> None:
    facts = replace(FACTS, variants=(VariantFacts(None, ""), VariantFacts("idf4", "")))
    names = [NAMES[0], "ESP32_GENERIC-idf4-20200902-v1.13.bin"]
    board = render_board(facts, [held(name) for name in names], {})

    assert html(board).count("<h2>Firmware") == 1
    assert listed(board) == names


def test_a_board_of_which_nothing_is_held_is_an_empty_board() -> None:
    page = html(render_board(FACTS, [], {}))

    assert "No firmware of this board is held here." in page
    assert read_board_page(page.encode(), URL, "ESP32_GENERIC").listings == ()
