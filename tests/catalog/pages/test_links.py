"""A link is taken as it is or not at all, and the rule says why not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.names import ArtifactName
from mirror.catalog.pages.links import FirmwareLink, NotesLink, OddLink, path_on_host, read_link
from tests.catalog.pages.html import FIRMWARE, NOTES, URL
from tests.catalog.strategies import name_texts

NAME = "NICE_BOARD-20260406-v1.28.0.bin"
GOOD = "https://micropython.org/resources/firmware/" + NAME


@pytest.mark.parametrize(
    "href",
    [
        FIRMWARE + NAME,
        f"  {FIRMWARE}{NAME}\n",
        "https://micropython.org" + FIRMWARE + NAME,
        "http://micropython.org" + FIRMWARE + NAME,
        "https://MicroPython.org:443" + FIRMWARE + NAME,
        "//micropython.org" + FIRMWARE + NAME,
        FIRMWARE + NAME.replace("-", "%2D"),
    ],
)
def test_a_file_of_the_pages_own_host_is_taken(href: str) -> None:
    """And its URL is built anew from the page's, whatever scheme the link named."""
    assert read_link(href, URL) == FirmwareLink(ArtifactName.parse(NAME), GOOD)


@given(name_texts.filter(lambda text: len(text) <= 200))
def test_every_name_is_taken(text: str) -> None:
    found = read_link(FIRMWARE + text, "http://127.0.0.1:8080/download/X/")

    assert found == FirmwareLink(
        ArtifactName.parse(text), f"http://127.0.0.1:8080/resources/firmware/{text}"
    )


@pytest.mark.parametrize(
    ("href", "rule"),
    [
        (FIRMWARE + "None", "none-link"),
        ("None", "none-link"),
        (FIRMWARE, "outside-tree"),
        (FIRMWARE + "sub/" + NAME, "outside-tree"),
        (FIRMWARE + "..%2f" + NAME, "outside-tree"),
        (FIRMWARE + "..%2F..%2Fetc%2Fpasswd", "outside-tree"),
        (FIRMWARE + "../" + NAME, "outside-tree"),
        (FIRMWARE + "%2e%2e/" + NAME, "outside-tree"),
        (FIRMWARE + "%252e%252e%252f" + NAME, "unrecognised-name"),
        ("/download/OTHER/", "other-path"),
        (NAME, "other-path"),
        ("", "other-path"),
        ("#top", "other-path"),
        (FIRMWARE + NAME + "?x=1", "has-query"),
        (FIRMWARE + NAME + "#x", "has-query"),
        (FIRMWARE + "%zz" + NAME, "malformed-escape"),
        (FIRMWARE + NAME + "%", "malformed-escape"),
        (FIRMWARE + "a%00b", "odd-characters"),
        (FIRMWARE + "a%0d%0ab", "odd-characters"),
        (FIRMWARE + "a%C3%A9b", "odd-characters"),
        (FIRMWARE + "a b", "odd-characters"),
        (FIRMWARE + "a\tb", "odd-characters"),
        (FIRMWARE.replace("/", "\\") + NAME, "odd-characters"),
        (FIRMWARE + "NICE_BO\u0410RD-20260406-v1.28.0.bin", "not-ascii"),
        (FIRMWARE + "A" * 5000, "too-long"),
        ("javascript:alert(1)", "not-http"),
        ("JAVASCRIPT:alert(1)//resources/firmware/x", "not-http"),
        ("data:text/html,x", "not-http"),
        ("file:///resources/firmware/" + NAME, "not-http"),
        ("ftp://micropython.org" + FIRMWARE + NAME, "not-http"),
        ("https:resources/firmware/" + NAME, "malformed"),
        ("https://[micropython.org" + FIRMWARE + NAME, "malformed"),
        ("https://micropython.org:99999" + FIRMWARE + NAME, "malformed"),
        ("https://evil.example" + FIRMWARE + NAME, "other-host"),
        ("//evil.example" + FIRMWARE + NAME, "other-host"),
        ("https://micropython.org.evil.example" + FIRMWARE + NAME, "other-host"),
        ("https://micropython.org@evil.example" + FIRMWARE + NAME, "other-host"),
        ("https://me:secret@micropython.org" + FIRMWARE + NAME, "other-host"),
        ("https://micropython.org:8443" + FIRMWARE + NAME, "other-host"),
        (FIRMWARE + "esp32-ppp-fix.bin", "unrecognised-name"),
        (FIRMWARE + "esp8266-20220618-v1.19.1.ota", "unrecognised-name"),
    ],
)
def test_an_odd_link_is_not_taken(href: str, rule: str) -> None:
    assert read_link(href, URL) == OddLink(rule)


@pytest.mark.parametrize("href", [NOTES + "v1.28.0", NOTES + "v1.9"])
def test_release_notes_are_links_for_people(href: str) -> None:
    assert read_link(href, URL) == NotesLink(href)


@pytest.mark.parametrize(
    "href",
    [
        "https://github.com/evil/micropython/releases/tag/v1",
        "https://github.com.evil.example/micropython/micropython/releases/tag/v1",
        NOTES + "v1?x",
    ],
)
def test_only_upstreams_release_notes_are_notes(href: str) -> None:
    assert isinstance(read_link(href, URL), OddLink)


@given(st.text() | st.text("/.%2efFresoucimwa:@#?\\ -", max_size=60))
def test_what_is_taken_stays_in_the_folder_of_firmware(href: str) -> None:
    """Whatever the text: a URL of the page's host, one file below the folder, or a rule."""
    match read_link(href, URL):
        case FirmwareLink(url=url):
            assert re.fullmatch(r"https://micropython\.org/resources/firmware/[A-Za-z0-9_.-]+", url)
        case NotesLink(url):
            assert url.startswith(("https://github.com/", "http://github.com/"))
        case OddLink(rule):
            assert rule


@given(st.text())
def test_a_path_has_no_dot_segment(href: str) -> None:
    path = path_on_host(FIRMWARE + href, URL)

    assert isinstance(path, OddLink) or not {".", ".."} & set(path.split("/"))
