"""A URL is upstream's own or it is not asked for."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mirror.errors import ConfigurationError, RedirectRefusedError, RefusedError
from mirror.upstream.origin import Origin

MICROPYTHON = Origin("https", "micropython.org", 443)
LAB = Origin("http", "10.0.0.5", 8080)


@pytest.mark.parametrize(
    ("text", "origin", "url"),
    [
        ("https://micropython.org", MICROPYTHON, "https://micropython.org"),
        ("HTTPS://MicroPython.org.:443/", MICROPYTHON, "https://micropython.org"),
        ("http://10.0.0.5:8080", LAB, "http://10.0.0.5:8080"),
        ("http://[::0001]:81/", Origin("http", "::1", 81), "http://[::1]:81"),
        ("http://localhost", Origin("http", "localhost", 80), "http://localhost"),
    ],
)
def test_an_upstream_is_a_scheme_a_host_and_a_tcp_port(text: str, origin: Origin, url: str) -> None:
    assert Origin.parse(text) == origin
    assert origin.url == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "micropython.org",
        "ftp://micropython.org",
        "https://",
        "https://user@micropython.org",
        "https://micropython.org/mirror",
        "https://micropython.org?x",
        "https://micropython.org#x",
        "https://micropython.org:99999",
        "https://[::1",
        "https://мир.example.org",
        "https://micropython.org\r\n",
        "https://" + "x" * 3000,
    ],
)
def test_anything_else_can_not_be_an_upstream(text: str) -> None:
    with pytest.raises(ConfigurationError, match="the upstream URL"):
        Origin.parse(text)


@pytest.mark.parametrize(
    ("url", "located"),
    [
        ("https://micropython.org", "https://micropython.org/"),
        ("https://www.micropython.org/a", "https://www.micropython.org/a"),
        ("https://MICROPYTHON.org.:443/a?b=c%20d#e", "https://micropython.org/a?b=c%20d"),
        ("https://micropython.org/a b", "https://micropython.org/a%20b"),
        ("https://micropython.org/плата", "https://micropython.org/%D0%BF%D0%BB%D0%B0%D1%82%D0%B0"),
        ('https://micropython.org/..%2f"<>', "https://micropython.org/..%2f%22%3C%3E"),
    ],
)
def test_a_url_of_upstream_has_one_form(url: str, located: str) -> None:
    assert MICROPYTHON.locate(url) == located


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://example.org/", "is not on upstream's host micropython.org"),
        ("https://micropython.org.example.org/", "is not on upstream's host"),
        ("https://xmicropython.org/", "is not on upstream's host"),
        ("https://micropython.org@example.org/", "a URL with a user"),
        ("https://example.org\\@micropython.org/", "a URL with a user"),
        ("https://micropython.org%00.example.org/", "is not on upstream's host"),
        ("http://micropython.org/", "would go down from https to http"),
        ("https://micropython.org:8443/", "is on TCP port 8443, while upstream is set to 443"),
        ("//micropython.org/", r"not an http\(s\) URL"),
        ("/download/", r"not an http\(s\) URL"),
        ("javascript:alert(1)", r"not an http\(s\) URL"),
        ("https://micropython.org/a\x1b[31m", "a URL with control characters"),
        ("https://micropython.org/\ud800", "a URL that can not be written"),
        ("https://micropython.org/" + "x" * 2000, "a URL of 2024 characters"),
    ],
)
def test_any_other_url_is_refused_by_name(url: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        MICROPYTHON.locate(url)


def test_a_literal_upstream_has_no_second_name() -> None:
    assert LAB.hosts == {"10.0.0.5"}


def test_an_upstream_with_www_is_the_one_without_too() -> None:
    assert Origin.parse("https://www.example.org").hosts == {"www.example.org", "example.org"}


def test_a_redirect_is_read_relative_to_where_it_was() -> None:
    assert MICROPYTHON.follow("https://micropython.org/a/b", "../c") == "https://micropython.org/c"


def test_a_redirect_can_go_to_the_other_own_host() -> None:
    target = MICROPYTHON.follow("https://micropython.org/a", "//www.micropython.org/a")

    assert target == "https://www.micropython.org/a"


def test_a_redirect_never_goes_down_again() -> None:
    mixed = Origin("http", "example.org", 8443)

    with pytest.raises(RedirectRefusedError, match="redirected down from https"):
        mixed.follow("https://example.org:8443/a", "http://example.org:8443/a")


URLISH = st.text(st.sampled_from("https:/\\@.#?%[]micropythonorgxn-0129 \t\x00é"), max_size=60)


@given(st.one_of(URLISH, st.text(max_size=60), URLISH.map("https://micropython.org/".__add__)))
@example("https://micropython.org:443\\@example.org/")
@example("https:///micropython.org/")
def test_whatever_is_located_is_on_upstream(url: str) -> None:
    """Nothing passes whose host, scheme or TCP port another reader could take for another."""
    try:
        located = MICROPYTHON.locate(url)
    except RefusedError:
        located = "https://micropython.org/"
    parts = urlsplit(located)

    assert located.isascii()
    assert located.isprintable()
    assert (parts.scheme, parts.port, parts.username) == ("https", None, None)
    assert parts.netloc in {"micropython.org", "www.micropython.org"}
    assert MICROPYTHON.locate(located) == located
