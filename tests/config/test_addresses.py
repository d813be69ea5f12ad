"""Addresses are read or refused, and written as they are typed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.config.addresses import (
    MAX_SOCKET_PATH,
    ListenAddress,
    SocketAddress,
    parse_base_url,
)
from mirror.errors import ConfigurationError, MalformedValueError


@pytest.mark.parametrize("text", ["127.0.0.1:8080", "[::1]:0", "localhost:80", "mirror.lab:65535"])
def test_a_listen_address_is_written_as_it_is_read(text: str) -> None:
    """The brackets of IPv6 are kept."""
    assert str(ListenAddress.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "8080",
        ":8080",
        "127.0.0.1",
        "127.0.0.1:",
        "::1:80",
        "1.2.3:80",
        "a b:80",
        "x:70000",
        "[1]:2",
    ],
)
def test_what_nobody_can_listen_on_is_refused(text: str) -> None:
    """An address without a host means all of them: that is typed as 0.0.0.0."""
    with pytest.raises(MalformedValueError):
        ListenAddress.parse(text)


@pytest.mark.parametrize(
    ("text", "only_here"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("mirror.lab:1", False),
    ],
)
def test_an_address_knows_whether_others_can_reach_it(text: str, *, only_here: bool) -> None:
    """Loopback is for this machine only."""
    assert ListenAddress.parse(text).only_here is only_here


def test_a_socket_path_that_the_system_would_cut_is_refused() -> None:
    """Linux has room for 107 bytes."""
    longest = "unix:/" + "x" * (MAX_SOCKET_PATH - 1)

    assert str(SocketAddress.parse(longest)) == longest
    with pytest.raises(MalformedValueError, match="at most 107 bytes, this one 108"):
        SocketAddress.parse(longest + "x")


@pytest.mark.parametrize("text", ["", "unix:", "/run/x", "127.0.0.1:80", "unix:/a\0b"])
def test_a_socket_is_a_path_behind_its_word(text: str) -> None:
    """A TCP address is none: operators' routes have no tokens yet."""
    with pytest.raises(MalformedValueError):
        SocketAddress.parse(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://micropython.org/", "https://micropython.org"),
        ("http://mirror.lab:8080", "http://mirror.lab:8080"),
        ("http://[::1]:80/", "http://[::1]:80"),
        ("HTTPS://Mirror.Lab", "https://mirror.lab"),
    ],
)
def test_a_site_is_named_without_its_final_slash(text: str, url: str) -> None:
    """So that paths can be put behind it."""
    assert parse_base_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "micropython.org",
        "ftp://micropython.org",
        "https://",
        "https://user@host",
        "https://host/path",
        "https://host/?",
        "https://host#",
        "https://host:99999",
        "https://host\\evil",
        "https://ho st",
        "https://h\u043est",
        "https://[::1",
        "https://-host",
    ],
)
def test_what_is_no_root_of_a_site_is_refused(text: str) -> None:
    """Clients build every address from the root, so a path can not be obeyed."""
    with pytest.raises(ConfigurationError, match="expected"):
        parse_base_url(text)


@given(st.text() | st.from_regex(r"https?://[!-~]{0,40}", fullmatch=True))
def test_any_url_is_read_or_refused(text: str) -> None:
    """No text fails in another way, and what is read is read again the same."""
    with contextlib.suppress(ConfigurationError):
        url = parse_base_url(text)

        assert parse_base_url(url) == url


@given(st.text() | st.from_regex(r"\[?[0-9a-f:.]{0,20}\]?:[0-9]{1,6}", fullmatch=True))
def test_any_address_is_read_or_refused(text: str) -> None:
    """No text fails in another way, and what is read is read again the same."""
    with contextlib.suppress(MalformedValueError):
        address = ListenAddress.parse(text)

        assert ListenAddress.parse(str(address)) == address
