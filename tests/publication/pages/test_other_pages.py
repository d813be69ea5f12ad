"""The pages beside the boards: what changed, how it was over time, terms, and where nothing is."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import BadQueryError, NotFoundError
from mirror.publication.changes import BoardChange, Changes, FileChange, What
from mirror.publication.documents import PublicationRoot, Recall
from mirror.publication.history import Hour, NodeHistory, PastRun
from mirror.publication.pages import more_texts, texts
from mirror.publication.pages.changes import Between, Choice, Offered, render_changes
from mirror.publication.pages.failures import near_boards, render_failure
from mirror.publication.pages.flash import Here, can_be_flashed_here, render_flash
from mirror.publication.pages.flasher import Flasher
from mirror.publication.pages.licenses import render_licenses
from mirror.publication.pages.over_time import duration_words
from mirror.publication.pages.status import read_status, render_status
from tests.publication.dialects.boards import hostile_boards
from tests.publication.pages.test_pages import HOSTILE, UPSTREAM, inert

if TYPE_CHECKING:
    from mirror.publication.documents import BoardDocument

AT: Final = datetime(2026, 4, 7, 6, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
BOARDS: Final = ("RPI_PICO", "RPI_PICO_W", "ESP32_GENERIC", "ESP32_GENERIC_S3", "PYBV11")


def root(sequence: int) -> PublicationRoot:
    return PublicationRoot("l", "current", sequence, None, "2026-04-07T06:00:00Z", Digest.of(b""))


def test_every_sort_of_change_has_words_and_hostile_ones_are_text() -> None:
    files = tuple(FileChange(what, HOSTILE, HOSTILE, "/v1/files/x", HOSTILE) for what in What)
    change = BoardChange(
        HOSTILE, HOSTILE, files, tuple(more_texts.FACT_NAMES), arrived=True, left=True
    )
    recall = Recall(Digest.of(b""), (HOSTILE,), HOSTILE, HOSTILE)
    changes = Changes(root(1), root(2), (change,), (recall,), (Digest.of(b"x"),))
    read = inert(render_changes(changes, Choice([Offered(2, HOSTILE), Offered(1, "")]), HOSTILE))

    assert all(words in read.words for words in more_texts.CHANGED.values())
    assert HOSTILE in read.words


def test_many_files_of_one_version_are_counted_and_some_are_named() -> None:
    files = tuple(FileChange(What.NEW, f"{number}.bin", "v1.28.0") for number in range(100))
    change = BoardChange("RPI_PICO", "Pico", files)
    words = inert(render_changes(Changes(root(1), root(2), (change,)), Choice(), UPSTREAM)).words

    assert "v1.28.0 (100)" in words
    assert "and 80 more" in words


@pytest.mark.parametrize("text", ["-1", "1e3", "²", "1" * 13, "a", " 1"])
def test_what_is_no_sequence_can_not_be_asked(text: str) -> None:
    with pytest.raises(BadQueryError):
        Between.parse({"from": text})


def test_plots_show_what_was_noted_and_say_it_in_words() -> None:
    hours = tuple(Hour(AT + n * HOUR, n * 1000, n, n % 2, 3 * n) for n in (0, 1, 2, 5))
    runs = (PastRun(AT, 61.0, "published"), PastRun(AT + HOUR, 5.0, "failed", 1))
    page = render_status(read_status(b"{}"), NodeHistory(hours, runs)).decode()
    read = inert(page.encode())

    assert re.findall(r'aria-label="(Held bytes[^"]*)"', page) == [
        "Held bytes: last 5.0 kB, at most 5.0 kB"
    ]
    assert 'aria-label="Duration of sync runs: last 5 s, at most 1 min 1 s"' in page
    assert 'aria-label="Errors of upstream in an hour: last 15, at most 15"' in page
    assert page.count('class="bar bad"') == 1 + 2 + 3  # a run, hours with failures, errors
    assert "polyline" in read.names


def test_who_does_not_know_the_upstream_names_none() -> None:
    """A page of a refusal is made without a publication, and this may mirror another mirror."""
    refusal = inert(render_failure(404, "nothing is there", "x", BOARDS)).words
    known = inert(render_changes(Changes(root(1), root(2)), Choice(), UPSTREAM)).words

    assert "Mirrored from" not in refusal
    assert f"Mirrored from {UPSTREAM}." in known


def test_of_what_went_wrong_as_much_is_seen_as_it_was() -> None:
    """One request in a hundred does not make a whole hour look lost."""
    hours = (Hour(AT, 0, 100, 1, 0), Hour(AT + HOUR, 0, 100, 100, 0))
    page = render_status(read_status(b"{}"), NodeHistory(hours)).decode()
    heights = re.findall(r'height="([^"]+)" class="(bar[^"]*)"', page)

    assert heights == [("96.0", "bar"), ("1.0", "bar bad"), ("96.0", "bar"), ("96.0", "bar bad")]


def test_without_notes_there_is_no_plot() -> None:
    assert texts.OVER_TIME.encode() not in render_status(read_status(b"{}"), NodeHistory())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2**50), max_size=20), st.lists(st.floats(0, 1e9), max_size=9))
def test_whatever_was_noted_can_be_drawn(numbers: list[int], seconds: list[float]) -> None:
    hours = tuple(Hour(AT + at * HOUR, n, n, n, n) for at, n in enumerate(numbers))
    runs = tuple(PastRun(AT + at * HOUR, one, "published") for at, one in enumerate(seconds))
    page = render_status(read_status(b"{}"), NodeHistory(hours, runs)).decode()
    places = re.findall(r'<rect x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)"', page)

    assert all(float(y) >= 0 and float(y) + float(h) <= 100.1 for _, y, _, h in places)
    inert(page.encode())


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.4, "59 s"), (61, "1 min 1 s"), (3720, "1 h 2 min")]
)
def test_a_duration_is_said_in_its_largest_units(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [("rpi-pico-w", "RPI_PICO_W"), ("ESP32_GENRIC", "ESP32_GENERIC"), ("pybv10", "PYBV11")],
)
def test_who_nearly_knows_an_id_is_shown_it(asked: str, nearest: str) -> None:
    assert near_boards(asked, BOARDS)[0] == nearest


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=100))
def test_whatever_was_asked_for_the_page_of_nothing_is_text(asked: str) -> None:
    inert(render_failure(404, HOSTILE, asked, BOARDS))


def test_terms_are_named_for_each_port_and_an_unknown_one_is_said_to_be_so() -> None:
    words = inert(render_licenses({"rp2", "esp32", "new-port"}, UPSTREAM, None)).words

    assert "Raspberry Pi Pico SDK" in words
    assert "ESP-IDF" in words
    assert "STM32 library" not in words
    assert words.count(more_texts.COMPONENT_UNKNOWN) == 1
    assert "MIT today" in words  # the driver of the radio of the Pico W
    assert more_texts.LICENSES_PHOTOGRAPHS in words


def test_all_terms_are_said_by_a_file_that_is_named_or_are_not_known() -> None:
    arm = {"cc3200", "mimxrt", "nrf", "renesas-ra", "rp2", "samd", "stm32", "zephyr"}
    page = render_licenses({*arm, "esp32", "esp8266"}, UPSTREAM, None).decode()
    rows = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td></tr>", page)
    named = page.count('<li><span class="outside">https://')
    numbers = {int(said[1:-1]) for *_, said in rows if said != more_texts.SAID_BY_NOBODY}

    assert len(rows) > 30
    assert numbers == set(range(1, named + 1))
    assert {terms for *_, terms, said in rows if said == more_texts.SAID_BY_NOBODY} == {
        more_texts.TERMS_UNKNOWN
    }


@settings(max_examples=30, deadline=None)
@given(hostile_boards())
def test_whatever_a_board_is_called_the_page_that_flashes_it_is_inert(
    document: BoardDocument,
) -> None:
    here = Here(HOSTILE, Flasher("1.0", {}), "https://mirror.lab/x")
    for release in document.releases:
        for file in release.files:
            if can_be_flashed_here(document.board, file):
                inert(render_flash(document, file.name, here))
            else:
                with pytest.raises(NotFoundError):
                    render_flash(document, file.name, here)
