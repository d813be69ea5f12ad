"""Only whole pages become events."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given, reject
from hypothesis import strategies as st

from mirror.catalog.pages.events import Closed, Opened, Words
from mirror.catalog.pages.markup import MAX_PAGE, Heading, headings, read_markup, words_from
from mirror.errors import PageRefusedError
from tests.catalog.pages.html import URL, board_page, page, section
from tests.catalog.pages.tree import events_of_tree
from tests.replica import Replica

WHOLE = board_page(section())


@pytest.mark.parametrize("left", [1, 2, 7, 100, len(WHOLE) // 2, len(WHOLE) - 1, len(WHOLE)])
def test_a_page_cut_anywhere_is_refused(left: int) -> None:
    """However few bytes are missing, down to the last ``>``."""
    with pytest.raises(PageRefusedError, match="cut short"):
        read_markup(WHOLE.rstrip()[:-left], URL)


@pytest.mark.parametrize("tail", ["", "\n\n", "<!-- made in 3 ms -->\n", "</HTML>", "</html\n>"])
def test_only_white_space_or_a_comment_may_follow_the_end(tail: str) -> None:
    events = read_markup(WHOLE + tail.encode(), URL)

    assert Opened("html") in events


def test_anything_else_behind_the_end_is_refused() -> None:
    with pytest.raises(PageRefusedError, match="cut short"):
        read_markup(WHOLE + b"<p>more", URL)


def test_a_page_of_more_than_four_mebibytes_is_refused() -> None:
    with pytest.raises(PageRefusedError, match="at most 4194304"):
        read_markup(b" " * MAX_PAGE + WHOLE, URL)


def test_a_page_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(PageRefusedError, match="not UTF-8 at byte 7"):
        read_markup(b"<p>Espr\xe9sso</p></html>", URL)


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert read_markup(WHOLE, URL) == read_markup(b"\xef\xbb\xbf" + WHOLE, URL)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("<a " * 33_333, "a tag <a…> that is never closed"),
        ("<!--" * 25_000, "a comment that never ends"),
        ("<div>" * 20_000, "nested more than 1000 deep"),
        ("<p>&#" + "9" * 5000 + ";</p>", "no HTML parser can read"),
        ("<![odd", "no HTML parser can read"),
    ],
)
def test_a_broken_page_is_refused_and_says_why(content: str, why: str) -> None:
    with pytest.raises(PageRefusedError, match=why):
        read_markup(f"<html>{content}</html>".encode(), URL)


def test_comments_scripts_and_styles_are_no_text() -> None:
    events = read_markup(b"<p>a<!-- b --><script>c</script><style>d</style>e</p></html>", URL)

    assert [event.text for event in events if isinstance(event, Words)] == ["a", "e"]


def test_events_come_in_document_order() -> None:
    events = read_markup(b'<p class="x y">a<a href="b" src="c">d</a></p></html>', URL)

    assert events[:6] == (
        Opened("p", classes=("x", "y")),
        Words("a"),
        Opened("a", href="b", source="c"),
        Words("d"),
        Closed("a"),
        Closed("p"),
    )


def test_headings_are_found_wherever_they_stand() -> None:
    """A heading inside a paragraph, or one that is never closed, is a heading."""
    events = read_markup(b"<p><h2>One <em>two</em></h2>three<h3> four <p>five</html>", URL)

    assert headings(events) == (Heading(2, "One two", 1), Heading(3, "four", 8))


def test_words_end_where_a_block_begins() -> None:
    events = read_markup(b"<p>one <b>two</b><div>three</div></html>", URL)

    assert words_from(events, 0, frozenset({"div"})) == "one two"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """No bytes make the reader fail in another way, nor warn."""
    with contextlib.suppress(PageRefusedError):
        read_markup(b"<html>" + content + b"</html>", URL)


@given(st.text("<>/!-ab c=\"'&#;x1[]?", max_size=200))
def test_any_markup_is_read_or_refused(content: str) -> None:
    with contextlib.suppress(PageRefusedError):
        events = read_markup(page(content), URL)

        assert isinstance(events, tuple)


TAGS = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<pre>",
        "</pre>",
        "<div class='a  b'>",
        "</div>",
        "<br>",
        "</br>",
        "<br/>",
        "<a href=x>",
        "</a>",
        "<script>",
        "</script>",
        "<style>",
        "</style>",
        "<img src=y>",
        "<template>",
        "</template>",
        "<h2>",
        "</h2>",
        "<rt>",
        "</rt>",
        "<!--c-->",
        "<!DOCTYPE html>",
        "<textarea>",
        "</textarea>",
        "<?pi>",
        "&amp;",
        "&#65;",
    ]
)

#: As upstream writes them, or nearly so, and what only looks like that.
PLAIN = st.sampled_from(
    [
        '<div class="a  b">',
        '<a href="x">',
        '<a href="1" href="2">',
        '<a\nhref="x" class="y" >',
        '<a href="x&amp;y&z">',
        "<A HREF='x'>",
        '<br class="x">',
        '<img src="y"/>',
        "</br x>",
        "</p\n>",
        "<title>",
        "</title>",
        '<a b ="c>d">',
        '<a "b>',
        '<a\xa0b="x=">',
        '<a\x0bb="x c =\'">',
        '<p class="\xa0 a">',
        "<!-- -- > -->",
        "<!--> -->",
        "<!-- <p> -->",
        "<![CDATA[x]]>",
        "&#x41;",
        "&#12ab;",
        "&nosuch;",
        "& ",
        "&",
        "<",
        ">",
        '"',
    ]
)


@given(st.lists(TAGS | st.sampled_from([" ", "\n", " \n ", "text "]), max_size=30))
def test_the_reader_agrees_with_the_tree_of_beautiful_soup(pieces: list[str]) -> None:
    """Also where elements are not closed, closed twice, or closed in another order."""
    html = "<html>" + "".join(pieces) + "</html>"

    assert read_markup(html.encode(), URL) == events_of_tree(html)


@example(pieces=["<br>", "text ", "</br>", "text "])
@given(st.lists(TAGS | PLAIN | st.sampled_from([" ", "\n", "text "]), max_size=30))
def test_the_reader_agrees_with_the_tree_of_any_page_that_it_reads(pieces: list[str]) -> None:
    """Also where a tag is read by itself, and the next one is odd."""
    html = "<html>" + "".join(pieces) + "</html>"
    try:
        events = read_markup(html.encode(), URL)
    except PageRefusedError:
        reject()

    assert events == events_of_tree(html)


@pytest.mark.parametrize("board", ["RPI_PICO", "ESP32_GENERIC", "PYBV11"])
def test_the_reader_agrees_with_the_tree_of_a_whole_page(board: str) -> None:
    html = Replica.of_boards(20).find_page(board)

    assert html is not None
    assert read_markup(html.encode(), URL) == events_of_tree(html)
