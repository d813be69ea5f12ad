"""What holds of every dialect: hostile texts stay texts, and no client is led outside."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from mirror.publication.dialects.news import NEWS
from mirror.publication.dialects.thonny import THONNY
from mirror.publication.local.registry import DIALECTS
from tests.publication.dialects.boards import board, esp32, hostile_boards, pico_w
from tests.publication.dialects.outside import all_outside, outside
from tests.publication.dialects.rendering import SITE, render

if TYPE_CHECKING:
    from mirror.publication.documents import BoardDocument
    from mirror.publication.local.dialect import Dialect

NANO = board("ARDUINO_NANO_RP2040_CONNECT-20260406-v1.28.0.uf2")
ATOM = "{http://www.w3.org/2005/Atom}"
TAGS = {
    "author",
    "category",
    "content",
    "entry",
    "feed",
    "generator",
    "id",
    "link",
    "name",
    "published",
    "subtitle",
    "title",
    "updated",
}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Take down that there is a tag."""
        del attrs
        self.found.append(tag)


@settings(max_examples=40)
@given(hostile_boards())
def test_whatever_a_page_says_documents_are_well_formed(document: BoardDocument) -> None:
    """JSON parses, XML has the elements of Atom and no others, and no URL leads outside."""
    for dialect in DIALECTS:
        rendered = render(dialect, document, NANO)

        assert all_outside(rendered, SITE) == []
        for body, media_type in rendered.values():
            if "json" in media_type:
                json.loads(body.decode())
            elif "xml" in media_type:
                found = {one.tag.removeprefix(ATOM) for one in ET.fromstring(body).iter()}  # noqa: S314

                assert found <= TAGS


@settings(max_examples=30)
@given(hostile_boards())
def test_no_control_character_of_a_page_reaches_a_reader(document: BoardDocument) -> None:
    """Texts are printable, line by line: nothing turns, hides or ends a line."""
    feed = json.loads(render(NEWS, document)["/feeds/firmware.json"][0])
    listed = json.loads(render(THONNY, document)["/thonny/micropython-variants-uf2.json"][0])
    texts = [item["title"] for item in feed["items"]]
    texts += [line for item in feed["items"] for line in item["content_text"].split("\n")]
    texts += [one[key] for one in listed for key in ("vendor", "model", "title")]

    assert all(text.isprintable() for text in texts)


def test_markup_in_a_text_is_shown_and_not_obeyed() -> None:
    """The text of an entry in Atom is the text, letter by letter."""
    evil = replace(pico_w(), product="<script>alert('1')</script>]]>&amp;")
    body = render(NEWS, evil)["/feeds/firmware.atom"][0]
    content = ET.fromstring(body).findtext(f"{ATOM}entry/{ATOM}content")  # noqa: S314
    tags = _Tags()
    tags.feed(body.decode())

    assert content
    assert content.startswith("<script>alert('1')</script>]]>&amp; by Raspberry Pi: ")
    assert "script" not in tags.found


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_the_same_boards_give_the_same_bytes(dialect: Dialect) -> None:
    assert render(dialect, pico_w(), esp32(), NANO) == render(dialect, pico_w(), esp32(), NANO)


def test_no_two_dialects_share_a_path() -> None:
    paths = [path for dialect in DIALECTS for path in render(dialect, pico_w(), esp32(), NANO)]

    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'{"a":[{"url":"https://elsewhere.test/x"}]}', "application/json"),
        (b'{"a":"//elsewhere.test/x"}', "application/json"),
        (b'{"https://elsewhere.test/x":1}', "application/json"),
        (b'<f><link href="http://elsewhere.test/"/></f>', "application/atom+xml"),
        (b"<f><uri>ftp://elsewhere.test/</uri></f>", "application/atom+xml"),
        (b'<img src="//elsewhere.test/p.png">', "text/html; charset=utf-8"),
        (b'<a href="https://mirror.lab/">', "text/html; charset=utf-8"),
    ],
)
def test_the_scan_finds_what_leads_outside(body: bytes, media_type: str) -> None:
    """Otherwise it would prove nothing."""
    assert len(outside("/x/y", body, media_type, SITE)) == 1


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'{"url":"http://mirror.lab:8080/x","path":"../x","id":"urn:uuid:1"}', "application/json"),
        (b'{"version":"https://jsonfeed.org/version/1.1"}', "application/feed+json"),
        (b'{"content_text":"notes: https://elsewhere.test/"}', "application/json"),
        (b'<a href="/download/">', "text/html; charset=utf-8"),
        (b'<a rel="external" href="https://elsewhere.test/">', "text/html; charset=utf-8"),
    ],
)
def test_the_scan_leaves_what_nobody_follows(body: bytes, media_type: str) -> None:
    assert outside("/x/y", body, media_type, SITE) == []
