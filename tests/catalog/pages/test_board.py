"""A board's page gives its facts and its files, and says by name what it left out."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.catalog.model import BoardPage, Passage, PassageKind, VariantFacts
from mirror.catalog.pages import read_board_page, read_empty_board_page
from mirror.catalog.pages.listings import MAX_LISTINGS
from mirror.catalog.pages.problems import MAX_PROBLEMS
from mirror.catalog.pages.prose import MAX_PASSAGE, MAX_PASSAGES
from mirror.errors import FirmwareHeadingMissingError, PageRefusedError
from tests.catalog.pages.html import (
    FIRMWARE,
    HEAD,
    NOTES,
    SOURCE,
    TEXT,
    URL,
    board_page,
    build,
    card,
    index_page,
    link,
    page,
    section,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "real"
REAL = SHARED / "pages" / "micropython_board_esp32_generic.html"
needs_page = pytest.mark.skipif(
    not REAL.exists(), reason="the real pages of ../shared/real are not here"
)

RELEASE = "NICE_BOARD-20260406-v1.28.0.bin"
RELEASE_APP = "NICE_BOARD-20260406-v1.28.0.app-bin"
OLDER = "NICE_BOARD-20251209-v1.27.0.bin"
PREVIEW = "NICE_BOARD-20260807-v1.29.0-preview.678.g5f2181f938.bin"
OTA = "NICE_BOARD-OTA-20260406-v1.28.0.bin"

FULL = board_page(
    section(build(RELEASE, RELEASE_APP, notes="v1.28.0"), build(OLDER, notes="v1.27.0")),
    section(build(PREVIEW), lists="Preview builds"),
    section(build(OTA), title="Firmware (Support for OTA)"),
)


def names(html: bytes) -> list[str]:
    """Return the names that the page of NICE_BOARD lists, in order."""
    return [str(listing.name) for listing in read_board_page(html, URL, "NICE_BOARD").listings]


def rules(html: bytes) -> list[str]:
    """Return the rules of the problems on the page of NICE_BOARD, in order."""
    return [problem.rule for problem in read_board_page(html, URL, "NICE_BOARD").problems]


@needs_page
def test_the_real_page_has_315_files_in_5_variants() -> None:
    url = "https://micropython.org/download/ESP32_GENERIC/"
    found = read_board_page(REAL.read_bytes(), url, "ESP32_GENERIC")
    kinds = [listing.name.kind for listing in found.listings]

    assert len({str(listing.name) for listing in found.listings}) == 315
    assert [kinds.count(kind) for kind in (Kind.BIN, Kind.APP_BIN, Kind.META_ZIP)] == [105, 80, 80]
    assert [kinds.count(Kind.ELF), kinds.count(Kind.MAP)] == [25, 25]
    assert found.problems == ()
    assert found.facts.variants == (
        VariantFacts(None, ""),
        VariantFacts("D2WD", "ESP32 D2WD"),
        VariantFacts("SPIRAM", "Support for SPIRAM / WROVER"),
        VariantFacts("UNICORE", "ESP32 Unicore"),
        VariantFacts("OTA", "Support for OTA"),
    )


@needs_page
def test_the_real_page_tells_the_boards_facts() -> None:
    url = "https://micropython.org/download/ESP32_GENERIC/"
    facts = read_board_page(REAL.read_bytes(), url, "ESP32_GENERIC").facts

    assert (facts.product, facts.vendor, facts.port) == ("ESP32 / WROOM", "Espressif", "esp32")
    assert facts.features == ("BLE", "External Flash", "WiFi")
    assert facts.flash_offset == 0x1000
    assert facts.photographs == ("esp32_devkitc.jpg",)
    assert facts.website == "https://www.espressif.com/en/products/modules"
    assert (len(facts.description), len(facts.instructions)) == (7, 20)


@needs_page
def test_the_real_page_cut_anywhere_is_refused() -> None:
    html = REAL.read_bytes().rstrip()
    for left in range(1, len(html), 997):
        with pytest.raises(PageRefusedError, match="cut short"):
            read_board_page(html[:-left], URL, "ESP32_GENERIC")


def test_files_are_listed_in_the_pages_order() -> None:
    found = read_board_page(FULL, URL, "NICE_BOARD")

    assert [str(listing.name) for listing in found.listings] == [
        RELEASE,
        RELEASE_APP,
        OLDER,
        PREVIEW,
        OTA,
    ]
    assert [listing.position for listing in found.listings] == [0, 1, 2, 3, 4]
    assert found.problems == ()


def test_a_url_is_absolute_and_on_the_pages_own_host() -> None:
    found = read_board_page(FULL, "http://127.0.0.1:8080/download/NICE_BOARD/", "NICE_BOARD")

    assert found.listings[0].url == "http://127.0.0.1:8080/resources/firmware/" + RELEASE


def test_release_notes_belong_to_every_file_of_their_build() -> None:
    found = read_board_page(FULL, URL, "NICE_BOARD")

    assert [listing.notes for listing in found.listings] == [
        NOTES + "v1.28.0",
        NOTES + "v1.28.0",
        NOTES + "v1.27.0",
        None,
        None,
    ]


def test_a_page_tells_the_boards_facts() -> None:
    facts = read_board_page(FULL, URL, "NICE_BOARD").facts

    assert (facts.board, facts.page, facts.mcu) == ("NICE_BOARD", URL, None)
    assert (facts.product, facts.vendor, facts.port) == ("Nice / Board", "Nice & Co", "esp32")
    assert facts.features == ("BLE", "External Flash", "WiFi")
    assert facts.website == "https://example.org/nice?a=1&b=2"
    assert facts.photographs == ("nice.jpg",)
    assert facts.flash_offset == 0x1000
    assert facts.variants == (VariantFacts(None, ""), VariantFacts("OTA", "Support for OTA"))


def test_prose_is_quoted_as_plain_passages() -> None:
    facts = read_board_page(FULL, URL, "NICE_BOARD").facts

    assert facts.description == (
        Passage(PassageKind.PARAGRAPH, "A board for nice people."),
        Passage(PassageKind.ITEM, "It is red."),
        Passage(PassageKind.ITEM, "It is small."),
    )
    assert facts.instructions == (
        Passage(PassageKind.PARAGRAPH, "Use esptool, found here."),
        Passage(PassageKind.HEADING, "Flashing"),
        Passage(
            PassageKind.CODE,
            "esptool.py erase_flash\n"
            "esptool.py --baud 460800 write_flash 0x1000 BOARD-DATE-VERSION.bin",
        ),
    )


def test_a_page_needs_no_line_of_its_head_but_the_first() -> None:
    html = board_page(section(build(RELEASE)), head="<h2>Nice</h2>", text="")
    facts = read_board_page(html, URL, "NICE_BOARD").facts

    assert (facts.product, facts.vendor, facts.port) == ("Nice", "", None)
    assert (facts.features, facts.website, facts.flash_offset) == ((), None, None)


def test_comments_are_not_read() -> None:
    """Behind the last section stands one with every photograph."""
    found = read_board_page(FULL, URL, "NICE_BOARD")

    assert "hidden.jpg" not in found.facts.photographs
    assert "NICE_BOARD-20200101-v1.0.bin" not in names(FULL)


# --- whole pages that are refused ------------------------------------------------------


def test_a_page_without_firmware_headings_is_refused_as_a_failure_of_the_page() -> None:
    """Upstream had 37 such pages on 2025-12-26; the next day all was well."""
    with pytest.raises(FirmwareHeadingMissingError, match="without any firmware heading"):
        read_board_page(board_page(), URL, "NICE_BOARD")


def test_who_knows_that_a_board_never_had_files_may_read_its_page() -> None:
    found = read_empty_board_page(board_page(), URL, "NICE_BOARD")

    assert found.listings == ()
    assert found.facts.vendor == "Nice & Co"
    assert found.facts.flash_offset == 0x1000


def test_a_firmware_heading_without_files_is_an_empty_board() -> None:
    found = read_board_page(board_page(section()), URL, "NICE_BOARD")

    assert (found.listings, found.problems) == ((), ())


def test_a_heading_of_the_boards_own_text_is_no_firmware_heading() -> None:
    """So that a failed page does not pass for an empty board."""
    with pytest.raises(FirmwareHeadingMissingError):
        read_board_page(board_page("<h3>Firmware for the modem</h3>"), URL, "NICE_BOARD")


def test_another_boards_page_is_refused() -> None:
    with pytest.raises(PageRefusedError, match="page of NICE_BOARD, not of OTHER"):
        read_board_page(FULL, URL, "OTHER")


def test_an_index_page_is_no_boards_page() -> None:
    with pytest.raises(PageRefusedError, match="an index page"):
        read_board_page(index_page(card("NICE_BOARD")), URL, "NICE_BOARD")


def test_a_page_without_headings_is_refused() -> None:
    with pytest.raises(PageRefusedError, match="without a single heading"):
        read_board_page(page("<p>Down for maintenance.</p>"), URL, "NICE_BOARD")


@pytest.mark.parametrize("read", [read_board_page, read_empty_board_page])
def test_a_page_of_something_else_is_refused(
    read: Callable[[bytes, str, str], BoardPage],
) -> None:
    """A page that says "not found" is no empty board."""
    with pytest.raises(PageRefusedError, match="not a board's page"):
        read(page("<h1>404</h1><p>Not found.</p>"), URL, "NICE_BOARD")


def test_a_page_that_only_says_firmware_is_refused() -> None:
    """Believed, it would be an empty board, and take the place of what is known of it."""
    with pytest.raises(PageRefusedError, match="not a board's page"):
        read_board_page(page("<h2>Firmware</h2><p>Come back later.</p>"), URL, "NICE_BOARD")


def test_more_files_than_a_page_can_have_are_refused() -> None:
    many = [f"NICE_BOARD-20260406-v1.{number}.0.bin" for number in range(MAX_LISTINGS + 1)]
    with pytest.raises(PageRefusedError, match="more than 5000 files"):
        read_board_page(board_page(section(build(*many))), URL, "NICE_BOARD")


# --- single links that are refused -----------------------------------------------------


@pytest.mark.parametrize(
    ("href", "rule"),
    [
        (FIRMWARE + "None", "none-link"),
        (FIRMWARE + "..%2f" + OLDER, "outside-tree"),
        ("https://evil.example" + FIRMWARE + OLDER, "other-host"),
        ("javascript:alert(1)", "not-http"),
        (FIRMWARE + "A" * 5000, "too-long"),
        (FIRMWARE + OLDER.replace("A", "\u0410"), "not-ascii"),
        (FIRMWARE + "esp32-bluetooth.bin", "unrecognised-name"),
        (FIRMWARE + RELEASE, "listed-twice"),
        ("/download/OTHER/", "other-path"),
    ],
)
def test_an_odd_link_is_left_out_by_name_and_the_rest_is_kept(href: str, rule: str) -> None:
    html = board_page(section(build(RELEASE), link(href), build(PREVIEW)))

    assert names(html) == [RELEASE, PREVIEW]
    assert rules(html) == [rule]


def test_a_problem_says_what_was_found_and_where() -> None:
    html = board_page(section(build(RELEASE), link(FIRMWARE + "\x1b[31m" + "A" * 300)))
    (problem,) = read_board_page(html, URL, "NICE_BOARD").problems

    assert problem.rule == "odd-characters"
    assert problem.text.startswith("/resources/firmware/\\x1b[31mAAA")
    assert len(problem.text) == 200
    assert problem.page == URL


def test_links_of_the_prose_are_no_problems() -> None:
    """Only one that wants to be firmware is, wherever it stands."""
    text = TEXT + link("https://example.org/x") + link(FIRMWARE + "fix.bin") + link("mailto:me@x")

    assert rules(board_page(section(build(RELEASE)), text=text)) == ["unrecognised-name"]


def test_problems_are_bounded_and_the_rest_is_counted() -> None:
    html = board_page(section(*[link(f"/odd/{number}") for number in range(MAX_PROBLEMS + 7)]))
    problems = read_board_page(html, URL, "NICE_BOARD").problems

    assert len(problems) == MAX_PROBLEMS + 1
    assert (problems[-1].rule, problems[-1].text) == ("more-problems", "7 more")


def test_the_footer_ends_the_last_section() -> None:
    """Its links are none of ours."""
    assert rules(FULL) == []


# --- sections and variants -------------------------------------------------------------


def test_a_variant_is_named_by_its_files_and_labelled_by_its_heading() -> None:
    html = board_page(
        section(build(RELEASE)),
        section(build(OTA), title="Firmware (Two (2) flashes)"),
    )
    facts = read_board_page(html, URL, "NICE_BOARD").facts

    assert facts.variants == (VariantFacts(None, ""), VariantFacts("OTA", "Two (2) flashes"))


def test_a_guest_in_a_section_does_not_take_its_label() -> None:
    """Builds of an older toolchain are listed under plain ``Firmware``."""
    html = board_page(section(build(RELEASE), build("NICE_BOARD-idf4-20200316-v1.12.bin")))
    facts = read_board_page(html, URL, "NICE_BOARD").facts

    assert facts.variants == (VariantFacts(None, ""), VariantFacts("idf4", ""))


def test_a_label_without_files_is_a_problem() -> None:
    html = board_page(section(build(RELEASE)), section(title="Firmware (Lost)"))
    (problem,) = read_board_page(html, URL, "NICE_BOARD").problems

    assert (problem.rule, problem.text) == ("empty-section", "Lost")


def test_old_ids_on_the_page_of_their_board_are_present_variants() -> None:
    html = page(
        HEAD.replace("NICE_BOARD", "ESP32_GENERIC_S3")
        + section(build("GENERIC_S3_SPIRAM-20220618-v1.19.1.uf2"), title="Firmware (SPIRAM)")
    )
    found = read_board_page(html, URL, "ESP32_GENERIC_S3")

    assert found.facts.variants == (VariantFacts("SPIRAM", "SPIRAM"),)
    assert found.listings[0].board == "ESP32_GENERIC_S3"


def test_markup_and_control_characters_in_texts_are_shown() -> None:
    head = HEAD.replace("Nice / Board", "<b>Nice</b> &lt;script&gt;\x1b[31m\u202e").replace(
        "Nice &amp; Co", "\x07Co"
    )
    facts = read_board_page(board_page(section(), head=head), URL, "NICE_BOARD").facts

    assert facts.product == "Nice <script>\\x1b[31m\\u202e"
    assert facts.vendor == "\\x07Co"


def test_a_website_that_is_no_web_address_is_left_out_by_name() -> None:
    head = HEAD.replace("https://example.org/nice?a=1&amp;b=2", "javascript:alert(1)")
    found = read_board_page(board_page(section(), head=head), URL, "NICE_BOARD")

    assert found.facts.website is None
    assert [problem.rule for problem in found.problems] == ["odd-website"]


def test_a_source_link_elsewhere_tells_no_port() -> None:
    head = HEAD.replace(SOURCE, "https://example.org/ports/esp32/boards/")
    found = read_board_page(board_page(section(), head=head), URL, "NICE_BOARD")

    assert found.facts.port is None
    assert [problem.rule for problem in found.problems] == ["odd-source"]


@pytest.mark.parametrize(
    ("command", "offset"),
    [
        ("esptool.py write_flash 0x1000 X.bin", 0x1000),
        ("esptool --chip esp32c5 --baud 460800 write-flash 0x2000 X.bin", 0x2000),
        ("esptool.py --port P write_flash -z 0 X.bin", 0),
        ("esptool.py write_flash --flash_size=detect 0 X.bin", 0),
        ("esptool.py write_flash -fm dio -fs 4MB 0x0 X.bin", 0),
        ("esptool.py erase_flash", None),
        ("esptool.py --baud 460800 write_flash", None),
        ("dfu-util --alt 0 -D X.dfu", None),
    ],
)
def test_the_flash_offset_is_that_of_the_command(command: str, offset: int | None) -> None:
    text = f"<h2>Installation instructions</h2><pre><code>{command}\n</code></pre>"
    facts = read_board_page(board_page(section(), text=text), URL, "NICE_BOARD").facts

    assert facts.flash_offset == offset


def test_offsets_that_differ_are_a_problem_and_no_fact() -> None:
    text = TEXT + "<pre>esptool.py write_flash 0 X.bin</pre>"
    found = read_board_page(board_page(section(), text=text), URL, "NICE_BOARD")

    assert found.facts.flash_offset is None
    assert [(problem.rule, problem.text) for problem in found.problems] == [
        ("offsets-differ", "0x1000, 0x0")
    ]


def test_prose_is_bounded_and_says_so() -> None:
    text = "<p>" + "long " * 5000 + "</p>" + "<p>short</p>" * (MAX_PASSAGES + 5)
    found = read_board_page(board_page(section(), text=text), URL, "NICE_BOARD")

    assert len(found.facts.description) == MAX_PASSAGES
    assert len(found.facts.description[0].text) == MAX_PASSAGE
    assert [problem.rule for problem in found.problems] == ["too-many-passages"]


# --- shapes of the past ----------------------------------------------------------------


def test_nightly_builds_are_listed_like_previews() -> None:
    daily = "NICE_BOARD-20220708-unstable-v1.19.1-113-g9af6a275d.bin"

    assert names(board_page(section(build(daily), lists="Nightly builds"))) == [daily]


def test_a_note_between_heading_and_list_is_no_obstacle() -> None:
    note = '<p class="preview-note">\nThese are automatic builds.\n</p>'
    html = board_page(section(note, build(PREVIEW), title="Firmware (Old) "))

    assert names(html) == [PREVIEW]
    assert rules(html) == []


def test_a_page_of_the_lower_case_age_is_read() -> None:
    """To October 2021: lists of links with the file name as their text."""
    old = ["rp2-pico-20210902-v1.17.uf2", "rp2-pico-20210129-unstable-v1.13-305-gb8f4c623f.uf2"]
    items = "".join(f"<li>{link(FIRMWARE + name, name)} (latest)</li>" for name in old)
    html = page(f"<h2>Pico</h2><p>A board.</p><h3>Firmware</h3><ul>{items}</ul>")
    found = read_board_page(html, "https://micropython.org/download/rp2-pico/", "rp2-pico")

    assert [str(listing.name) for listing in found.listings] == old
    assert found.facts.product == "Pico"


def test_the_one_long_page_is_read() -> None:
    """To April 2020: anchors, absolute ``http`` links, file names as text."""
    old = ["esp8266-20200421-v1.12-388-g388d419ba.bin", "esp32-idf3-20191220-v1.12.bin"]
    lists = "".join(
        f'<h3 id="{name[:5]}">Firmware for {name[:5]} boards</h3>'
        f"{link('http://micropython.org' + FIRMWARE + name, name)} (latest)<br/>"
        for name in old
    )
    url = "https://micropython.org/download/"
    found = read_board_page(page(f"<h1>MicroPython downloads</h1>{lists}"), url, "all")

    assert [listing.url for listing in found.listings] == [
        "https://micropython.org/resources/firmware/" + name for name in old
    ]
    assert [variant.variant for variant in found.facts.variants] == [None, "idf3"]
    assert found.problems == ()


def test_links_without_any_heading_of_firmware_are_read_all_the_same() -> None:
    html = page(f"<h2>Nice</h2><ul><li>{link(FIRMWARE + RELEASE)}</li></ul>")

    assert names(html) == [RELEASE]


# --- anything at all -------------------------------------------------------------------


@given(st.data())
def test_a_damaged_page_is_read_or_refused(data: st.DataObject) -> None:
    """No change to a page makes the reader fail in another way, nor list a name twice."""
    start = data.draw(st.integers(0, len(FULL)))
    end = data.draw(st.integers(start, min(len(FULL), start + 400)))
    extra = data.draw(st.binary(max_size=20) | st.sampled_from([b"<p>", b"<!--", b"</h2>", b'"']))
    with contextlib.suppress(PageRefusedError):
        found = read_board_page(FULL[:start] + extra + FULL[end:], URL, "NICE_BOARD")

        assert len({listing.name for listing in found.listings}) == len(found.listings)


@given(st.text(max_size=300))
def test_any_text_in_a_page_is_shown_or_refused(text: str) -> None:
    """Whatever stands in a product's name, what comes out prints."""
    html = board_page(section(), head=HEAD.replace("Nice / Board", "x" + text))
    with contextlib.suppress(PageRefusedError):
        facts = read_board_page(html, URL, "NICE_BOARD").facts

        assert facts.product.isprintable()
        assert facts.vendor.isprintable()
