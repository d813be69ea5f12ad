"""What programs read out of the pages, with their own expressions: a contract, held here.

Each test says whose logic it is.  The programs were read and run in the versions named; the
lines here say what they look for, in our words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import groupby
from typing import Final

import pytest

from mirror.catalog.model import VariantFacts
from mirror.publication.photographs import Shown
from mirror.publication.site.board import render_board_page
from mirror.publication.site.index import Card, Filters, render_index_page
from mirror.publication.tree import render_board
from tests.publication import examples
from tests.publication.examples import held

_PATH: Final = "/resources/micropython-media/boards/ESP32_GENERIC/front"
SHOWN: Final = Shown(f"{_PATH}.jpg", 800, 600, f"{_PATH}.thumb.jpg", 300, 225)
CARDS: Final = (
    Card("ESP32_GENERIC", "ESP32 / WROOM", "Espressif", "esp32", "esp32", ("WiFi",), shown=SHOWN),
    Card("RPI_PICO_W", "Pico W", "Raspberry Pi", "rp2", "rp2040", ("WiFi",)),
)
PICO: Final = (
    "RPI_PICO_W-20260406-v1.28.0.uf2",
    "RPI_PICO_W-20251209-v1.27.0.uf2",
    "RPI_PICO_W-20260807-v1.29.0-preview.678.g5f2181f938.uf2",
    "RPI_PICO_W-20260806-v1.29.0-preview.677.g5f2181f937.uf2",
)
ESP: Final = (
    "ESP32_GENERIC-20260406-v1.28.0.bin",
    "ESP32_GENERIC-20260406-v1.28.0.app-bin",
    "ESP32_GENERIC-20260406-v1.28.0.elf",
    "ESP32_GENERIC-20251209-v1.27.0.bin",
    "ESP32_GENERIC-20251209-v1.27.0.app-bin",
    "ESP32_GENERIC-20260807-v1.29.0-preview.678.g5f2181f938.bin",
    "ESP32_GENERIC-OTA-20260406-v1.28.0.bin",
    "ESP32_GENERIC-OTA-20260406-v1.28.0.app-bin",
    "ESP32_GENERIC-OTA-20251209-v1.27.0.bin",
    "ESP32_GENERIC-OTA-20260807-v1.29.0-preview.678.g5f2181f938.bin",
)


def page(board: str, port: str, names: tuple[str, ...]) -> str:
    """Return the page of *board* with these files."""
    facts = examples.facts(board, port)
    variants = (VariantFacts(None, ""), VariantFacts("OTA", "Support for OTA"))
    document = render_board(facts, [held(name) for name in names], {})
    with_variants = render_board(
        type(facts)(board=board, page=facts.page, product="A board", port=port, variants=variants),
        [held(name) for name in names],
        {},
    )
    assert document.releases == with_variants.releases
    return render_board_page(with_variants, [SHOWN]).decode()


PICO_PAGE: Final = page("RPI_PICO_W", "rp2", PICO)
ESP_PAGE: Final = page("ESP32_GENERIC", "esp32", ESP)
INDEX: Final = render_index_page(CARDS, Filters()).decode()
BOTH: Final = pytest.mark.parametrize("html", [PICO_PAGE, ESP_PAGE], ids=["pico", "esp"])


@dataclass
class _Link:
    attributes: list[tuple[str, str | None]]
    words: str = ""


class _Links(HTMLParser):
    """Finds every link, its attributes and the words in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[_Link] = []
        self._open: _Link | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._open = _Link(attrs)
            self.found.append(self._open)

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open.words += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._open = None


def hrefs(html: str) -> list[str]:
    """Return where every link leads."""
    return [dict(link.attributes).get("href") or "" for link in _Links(html).found]


def mpflash_newest(html: str, extension: str) -> list[str]:
    """Choose as mpflash 1.29.0 (``mpflash/download/from_web.py``) does.

    Links whose ``href`` ends in the extension, in the page's order, keyed by what stands
    before ``-v`` and whether it is a preview; of each run the first.
    """
    urls = [href for href in hrefs(html) if re.search(rf"\.{extension}$", href)]

    def key(url: str) -> tuple[str, bool]:
        return url.rpartition("/")[2].partition("-v")[0].rpartition("-")[0], "preview" in url

    return [next(run).rpartition("/")[2] for _, run in groupby(urls, key)]


def test_mpflash_chooses_the_newest_of_each_variant_once() -> None:
    assert mpflash_newest(ESP_PAGE, "bin") == [ESP[0], ESP[5], ESP[6], ESP[9]]
    assert mpflash_newest(PICO_PAGE, "uf2") == [PICO[0], PICO[2]]


def test_mpflash_reads_the_version_out_of_every_link() -> None:
    """Its expression, on every file that it takes (1.29.0)."""
    version = re.compile(r"v(([\d\.]+)(?:-preview)?)\.?(\d+)?\.")
    found = [match[1] for href in hrefs(PICO_PAGE) if (match := version.search(href))]

    assert found == ["1.28.0", "1.27.0", "1.29.0-preview", "1.29.0-preview"]


def test_mpflash_finds_a_board_by_a_link_that_is_exactly_its_id() -> None:
    boards = [href for href in hrefs(INDEX) if href == "RPI_PICO_W"]

    assert boards == ["RPI_PICO_W"]


def test_thonnys_generator_compares_the_class_of_a_card_as_text() -> None:
    """``data/`` of thonny/thonny: ``class`` is compared with ``==``."""
    cards = [link for link in _Links(INDEX).found if ("class", "board-card") in link.attributes]

    assert [dict(card.attributes)["href"] for card in cards] == ["ESP32_GENERIC", "RPI_PICO_W"]
    assert all(list(dict(card.attributes)) == ["class", "href"] for card in cards)


def test_chiptui_finds_cards_and_files_by_literal_text() -> None:
    """Chiptui 0.1.0: the card's text, product and vendor inside, and the words of a link."""
    assert '<a class="board-card" href="RPI_PICO_W">' in INDEX
    assert '<div class="board-product">Pico W</div>' in INDEX
    assert '<div class="board-vendor">Raspberry Pi</div>' in INDEX
    words = {link.words: dict(link.attributes)["href"] for link in _Links(ESP_PAGE).found}
    assert words["v1.27.0 (2025-12-09) .bin"] == f"/resources/firmware/{ESP[8]}"
    assert words["[.elf]"] == f"/resources/firmware/{ESP[2]}"


def test_micropico_takes_the_first_strong_link_behind_the_heading() -> None:
    """MicroPico 4.3.4, which splits the page at the heading and asks for no more."""
    _, _, behind = PICO_PAGE.partition("<h2>Firmware</h2>")
    found = re.search(r'<strong>\s*<a[^>]+href="([^"]+\.uf2)"', behind)

    assert found is not None
    assert found[1] == f"/resources/firmware/{PICO[0]}"


@BOTH
def test_snakies_index_builder_reads_every_link(html: str) -> None:
    """Snakie 0.45.0: board pages by one expression over root-relative links."""
    pattern = re.compile(
        r'href="(/resources/firmware/([^"]+?)-(\d{8})-v([^"]+?)\.(bin|uf2|hex|app-bin))"'
    )
    names = PICO if html is PICO_PAGE else tuple(name for name in ESP if ".elf" not in name)

    assert {match[1].rpartition("/")[2] for match in pattern.finditer(html)} == set(names)


@BOTH
def test_the_jetbrains_plug_in_takes_whole_pages_with_their_headings(html: str) -> None:
    """It refuses a page without ``</html>`` and reads variants from the headings."""
    variants = re.findall(r"<h2>Firmware(?: \((.+?)\))?</h2>", html)

    assert html.rstrip().endswith("</html>")
    assert variants == ([""] if html is PICO_PAGE else ["", "Support for OTA"])


@BOTH
def test_the_plain_heading_stands_on_a_page_exactly_once(html: str) -> None:
    assert html.count("<h2>Firmware</h2>") == 1


@BOTH
def test_strong_marks_one_link_of_each_section_and_nothing_else_of_it(html: str) -> None:
    _, _, lists = html.partition("<h2>Firmware</h2>")
    strong = re.findall(r"<strong>(.*?)</strong>", lists)

    assert len(strong) == html.count("<h2>Firmware")
    assert all(
        re.fullmatch(r'<a href="[^"]+-v1\.28\.0\.[a-z0-9]+">[^<]+</a>', one) for one in strong
    )


@BOTH
def test_every_link_to_a_file_begins_at_the_root_and_names_no_host(html: str) -> None:
    files = [href for href in hrefs(html) if re.search(r"\.(?:bin|uf2|app-bin|elf)$", href)]

    assert len(files) == len(PICO if html is PICO_PAGE else ESP)
    assert all(href.startswith("/resources/firmware/") for href in files)
