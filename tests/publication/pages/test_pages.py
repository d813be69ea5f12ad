"""Pages say what is held, in the feed's words, and nothing that anybody wrote is markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.publication import tree
from mirror.publication.local.specimen import SPECIMENS
from mirror.publication.pages.board import Surroundings, render_board
from mirror.publication.pages.catalogue import Asked, render_catalogue
from mirror.publication.pages.releases import releases_of, render_release, render_releases
from mirror.publication.pages.status import read_status, render_status
from mirror.publication.photographs import PhotographsDocument
from mirror.publication.site.index import card_of
from tests.publication.dialects.boards import board, hostile_boards
from tests.publication.dialects.outside import outside
from tests.publication.dialects.rendering import SITE
from tests.publication.examples import WARNED, facts, held
from tests.publication.pages.boards import every_board, every_photograph

if TYPE_CHECKING:
    from mirror.publication.documents import BoardDocument

UPSTREAM: Final = "https://micropython.org"
AROUND: Final = Surroundings("http://mirror.lab:8080", UPSTREAM)
HELD: Final = PhotographsDocument()
ESP: Final = SPECIMENS[0]
MOST_BYTES: Final = 300_000
HOSTILE: Final = "<script>alert(1)</script>\"'&{0}{shown}"

_VOID: Final = {"meta", "link", "img", "input", "wbr"}
_OURS: Final = _VOID | set(
    "html head title script body a header nav button main footer p h1 h2 h3 h4 dl div dt dd ul"  # noqa: SIM905
    " ol li b small form label select option span section details summary blockquote pre code"
    " table thead tbody tr th td svg g rect path polygon polyline figure figcaption time"
    " symbol use noscript text".split()
)


class Read(HTMLParser):
    """What a browser sees of a page: its elements, and whether each is closed in order."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.scripts: list[str] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(page.decode())
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the element down."""
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take down what is closed at once."""
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Take down the words."""
        self.words += data
        if self._open[-1:] == ["script"]:
            self.scripts.append(data)


def inert(page: bytes) -> Read:
    """Read *page*, which has our elements only, and neither a script nor a style inside."""
    read = Read(page)

    assert read.names <= _OURS
    assert read.scripts == []
    assert not {name for name in read.attributes if name.startswith("on") or name == "style"}
    assert outside("/", page, "text/html", SITE) == []
    return read


@settings(max_examples=40, deadline=None)
@given(hostile_boards())
def test_whatever_a_page_said_stays_text(document: BoardDocument) -> None:
    cards = [card_of(document)]

    inert(render_board(document, AROUND))
    inert(render_catalogue(cards, HELD, Asked(), UPSTREAM))
    inert(render_releases(releases_of(cards), UPSTREAM))
    inert(render_release(releases_of(cards)[0], HOSTILE, UPSTREAM))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_whatever_is_searched_for_is_text_and_finds_what_has_it(words: str) -> None:
    asked = Asked.parse([("q", words), ("port", ""), ("x", "y")])
    page = render_catalogue([card_of(ESP)], HELD, asked, UPSTREAM)

    inert(page)
    assert (b"1 of 1 boards" in page) == asked.finds(card_of(ESP))


def test_a_status_of_hostile_words_is_text() -> None:
    alarm = {"alarm": HOSTILE, "name": HOSTILE, "text": HOSTILE, "since": HOSTILE, "todo": HOSTILE}
    port = {"port": HOSTILE, "held": {"artifacts": 1, "size": 0}, "missing": 1}
    status = replace(read_status(b"{}"), upstream=HOSTILE, next_run=HOSTILE)
    facts_of = read_status(json.dumps({"alarms": [alarm], "ports": [port]}).encode())

    assert HOSTILE in inert(render_status(facts_of)).words
    inert(render_status(status))
    inert(render_status(None))


def test_the_catalogue_of_all_boards_is_small() -> None:
    cards = [card_of(one) for one in every_board()]
    page = render_catalogue(cards, every_photograph(), Asked(), UPSTREAM)

    assert len(cards) == 225
    pictures = page.count(b"<img") - 1  # the mirror's own mark
    assert pictures == page.count(b'loading="lazy"') > 150
    assert pictures == page.count(b'width="200" height="150"')
    assert len(page) <= MOST_BYTES


def test_only_what_is_searched_for_is_shown() -> None:
    page = render_catalogue(
        [card_of(one) for one in every_board()], HELD, Asked.parse([("q", "pico w")]), UPSTREAM
    ).decode()
    shown = re.findall(r'<li><a class="card" href="/boards/([^"]*)"', page)

    assert "RPI_PICO_W" in shown
    assert "ESP32_GENERIC" not in shown
    assert page.count("<li>") + page.count("<li hidden") == 225


def test_filters_that_a_form_leaves_empty_ask_for_nothing() -> None:
    asked = Asked.parse([("q", ""), ("port", ""), ("vendor", "A & B"), ("mcu", "rp2040")])
    page = render_catalogue([card_of(one) for one in SPECIMENS], HELD, asked, UPSTREAM)

    assert b"1 of 3 boards" in page
    assert b'<option selected="">rp2040</option>' in page
    assert b"/boards/SPECIMEN_UF2" in page
    assert b"/boards/SPECIMEN_ESP" not in page


def test_the_newest_release_and_preview_come_first_and_older_ones_are_folded() -> None:
    page = render_board(ESP, AROUND).decode()
    places = [
        page.index(words)
        for words in (
            "Newest release: ",
            "Newest preview: ",
            "<summary>Older builds (1)",
            "v1.27.0",
        )
    ]

    assert places == sorted(places)
    assert ">v1.28.0<" in page[places[0] : places[1]]
    assert "SPECIMEN_ESP-20260407-v1.28.0.bin" not in page  # it is hidden


def test_a_verdict_is_said_in_the_words_of_the_feed_with_its_reasons() -> None:
    files = [held("ESP32_GENERIC-20260406-v1.28.0.bin", WARNED)]
    document = tree.render_board(facts(), files, {})
    file = document.releases[0].files[0]
    words = Read(render_board(document, AROUND)).words

    assert file.verdict.words in words
    assert WARNED.reasons[0].text in words
    assert WARNED.limits[0] in words
    assert file.hashes.sha256 in words


def test_the_commands_are_ours_with_this_name_and_this_mirror() -> None:
    document = board("RPI_PICO_W-20260406-v1.28.0.uf2", chip="RP2040", offset=None)
    page = Read(render_board(document, AROUND)).words
    url = "http://mirror.lab:8080/v1/files/RPI_PICO_W-20260406-v1.28.0.uf2"

    assert f"curl --fail --remote-name {url}" in page
    assert "cp -- RPI_PICO_W-20260406-v1.28.0.uf2 VOLUME/" in page
    assert "usually called RPI-RP2" in page


def test_without_an_address_nothing_is_made_up() -> None:
    page = render_board(ESP, Surroundings(None, UPSTREAM))

    assert b"curl" not in page
    assert b"write_flash" in page
    assert b'class="qr"' not in page


def test_the_qr_code_is_of_this_page_and_scales() -> None:
    page = render_board(ESP, AROUND).decode()
    other = render_board(ESP, Surroundings("http://other.lab", UPSTREAM)).decode()
    [code] = re.findall(r'<div class="qr".*?</div>', page, re.DOTALL)

    assert "http://mirror.lab:8080/boards/SPECIMEN_ESP" in page
    assert code not in other
    assert re.search(r'<svg viewBox="0 0 ([0-9]+) \1"', code)


def test_upstreams_instructions_are_a_quotation_without_a_button() -> None:
    page = render_board(ESP, AROUND).decode()
    quotation = page[page.index("Upstream&#x27;s installation instructions") :]
    quotation = quotation[: quotation.index("</blockquote>")]

    assert "esptool write_flash 0x1000 &lt;file&gt;" in quotation
    assert "<button" not in quotation
    assert not re.search(r'data-copy="[^"]*&lt;file&gt;', page)


def test_what_is_on_demand_is_marked() -> None:
    page = render_board(SPECIMENS[2], AROUND)

    assert page.count(b'<span class="tag">on demand</span>') == len(SPECIMENS[2].on_demand) == 1
    assert b"No firmware of this board is held here." in page


def test_releases_come_newest_first_with_their_boards() -> None:
    found = releases_of([card_of(one) for one in SPECIMENS])

    assert [one.version for one in found] == [
        "v1.29.0-preview.5.gabcdef0123",
        "v1.28.0",
        "v1.27.0",
    ]
    assert (len(found[1].boards), found[1].held, found[1].date) == (3, 2, "2026-04-06")
