"""The environment says which proxy and which certificates, and nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import ConfigurationError
from mirror.upstream.surroundings import Proxy, Surroundings

PROXY = "http://proxy.example.org:3128"


def test_an_empty_environment_is_a_direct_way() -> None:
    assert Surroundings.read({}) == Surroundings()


def test_each_scheme_has_its_proxy() -> None:
    around = Surroundings.read({"HTTPS_PROXY": PROXY, "http_proxy": "plain.example.org"})

    assert around.proxy_for("https", "micropython.org", 443) == Proxy.parse(PROXY)
    assert around.proxy_for("http", "micropython.org", 80) == Proxy.parse("plain.example.org:80")


def test_lower_case_goes_before_upper_case() -> None:
    around = Surroundings.read({"HTTPS_PROXY": "http://other", "https_proxy": PROXY})

    assert around.https_proxy == Proxy.parse(PROXY)


def test_credentials_become_a_header_and_leave_the_url() -> None:
    proxy = Proxy.parse("http://us%65r:p%40ss@[2001:db8::1]:3128")

    assert proxy == Proxy("http://[2001:db8::1]:3128", "2001:db8::1", 3128, "Basic dXNlcjpwQHNz")


@pytest.mark.parametrize(
    "text", ["socks5://proxy:1080", "https://proxy", "http://", "http://proxy:99999", "http://[::1"]
)
def test_a_proxy_that_can_not_be_used_is_named_by_its_variable(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^HTTPS_PROXY: ") as caught:
        Surroundings.read({"HTTPS_PROXY": text.replace("//", "//user:secret@")})

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "rule",
    [
        "*",
        "micropython.org",
        "MicroPython.org",
        ".org",
        "*.org",
        "x, micropython.org",
        "x micropython.org",
        "micropython.org:443",
    ],
)
def test_no_proxy_names_hosts_to_reach_directly(rule: str) -> None:
    around = Surroundings.read({"HTTPS_PROXY": PROXY, "NO_PROXY": rule})

    assert around.proxy_for("https", "micropython.org", 443) is None


@pytest.mark.parametrize(
    "rule", ["", "python.org", "micropython.org:80", "www.micropython.org", ".", "10.0.0.0/8"]
)
def test_no_proxy_names_no_others(rule: str) -> None:
    around = Surroundings.read({"HTTPS_PROXY": PROXY, "NO_PROXY": rule})

    assert around.proxy_for("https", "micropython.org", 443) == Proxy.parse(PROXY)


@pytest.mark.parametrize(
    ("rule", "host"),
    [
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.1.2.3", "10.1.2.3"),
        ("fd00::/8", "fd00::1"),
        ("[fd00::1]", "fd00::1"),
    ],
)
def test_no_proxy_names_networks_too(rule: str, host: str) -> None:
    around = Surroundings.read({"HTTP_PROXY": PROXY, "NO_PROXY": rule})

    assert around.proxy_for("http", host, 80) is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_this_machine_is_never_reached_by_a_proxy(host: str) -> None:
    assert Surroundings.read({"HTTP_PROXY": PROXY}).proxy_for("http", host, 80) is None


def test_both_customary_ca_files_are_taken_once() -> None:
    both = {"SSL_CERT_FILE": "/etc/lab.pem", "REQUESTS_CA_BUNDLE": "/etc/other.pem"}
    same = {"SSL_CERT_FILE": "/etc/lab.pem", "REQUESTS_CA_BUNDLE": "/etc/lab.pem"}

    assert Surroundings.read(both).ca_files == (Path("/etc/lab.pem"), Path("/etc/other.pem"))
    assert Surroundings.read(same).ca_files == (Path("/etc/lab.pem"),)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_environment_is_read_or_refused(proxy: str, rule: str) -> None:
    """And what was read can be asked about any host."""
    try:
        around = Surroundings.read({"https_proxy": proxy, "no_proxy": rule})
    except ConfigurationError:
        around = Surroundings()

    assert around.proxy_for("https", "micropython.org", 443) in {None, around.https_proxy}
