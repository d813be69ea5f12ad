"""Only public addresses pass, and what the operator named."""

from __future__ import annotations

import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import AddressRefusedError
from mirror.upstream.addresses import AddressRule, objection_to, system_resolve


@pytest.mark.parametrize("address", ["176.58.119.26", "2a01:7e00::f03c:91ff:fe93:7b2f", "8.8.8.8"])
def test_nothing_speaks_against_a_public_address(address: str) -> None:
    assert objection_to(address) is None


@pytest.mark.parametrize(
    ("address", "objection"),
    [
        ("127.0.0.1", "a loopback address"),
        ("127.255.255.254", "a loopback address"),
        ("::1", "a loopback address"),
        ("::ffff:127.0.0.1", "a loopback address"),
        ("64:ff9b::7f00:1", "a loopback address"),
        ("2002:7f00:1::", "a loopback address"),
        ("0.0.0.0", "the unspecified address"),  # noqa: S104 - an address to refuse
        ("::", "the unspecified address"),
        ("169.254.169.254", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("fe80::1%eth0", "a link-local address"),
        ("224.0.0.1", "a multicast address"),
        ("ff02::1", "a multicast address"),
        ("240.0.0.1", "a reserved address"),
        ("255.255.255.255", "a reserved address"),
        ("10.0.0.1", "a private address"),
        ("172.16.0.1", "a private address"),
        ("192.168.1.1", "a private address"),
        ("fd00::1", "a private address"),
        ("::ffff:192.168.1.1", "a private address"),
        ("192.0.2.1", "a private address"),
        ("100.64.0.1", "a shared address"),
        ("localhost", "which is not an address"),
        ("", "which is not an address"),
    ],
)
def test_every_other_address_is_named_for_what_it_is(address: str, objection: str) -> None:
    assert objection_to(address) == objection


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
def test_a_public_upstream_admits_none_of_them(address: str) -> None:
    rule = AddressRule("micropython.org")

    with pytest.raises(AddressRefusedError, match=f"micropython.org resolves to {address}, a"):
        rule.admit("micropython.org", ["176.58.119.26", address])


def test_an_upstream_that_is_an_address_admits_just_that_one() -> None:
    rule = AddressRule("10.0.0.5")
    rule.admit("10.0.0.5", ["10.0.0.5", "::ffff:a00:5"][:1])

    with pytest.raises(AddressRefusedError):
        rule.admit("10.0.0.5", ["10.0.0.6"])


def test_localhost_admits_loopback_and_nothing_else() -> None:
    rule = AddressRule("localhost")
    rule.admit("localhost", ["127.0.0.1", "::1"])

    with pytest.raises(AddressRefusedError):
        rule.admit("localhost", ["10.0.0.1"])


def test_a_private_network_can_be_allowed_and_loopback_stays_shut() -> None:
    rule = AddressRule("mirror.lab", private=True)
    rule.admit("mirror.lab", ["192.168.1.1", "fd00::1"])

    with pytest.raises(AddressRefusedError, match="a loopback address"):
        rule.admit("mirror.lab", ["127.0.0.1"])


@given(st.one_of(st.ip_addresses().map(str), st.text(max_size=20)))
def test_any_text_is_admitted_or_refused(text: str) -> None:
    """No answer of a name service makes the rule fail in another way."""
    with contextlib.suppress(AddressRefusedError):
        AddressRule("micropython.org").admit("micropython.org", [text])

        assert objection_to(text) is None


async def test_the_system_knows_localhost() -> None:
    found = await system_resolve("localhost", 80)

    assert set(found) <= {"127.0.0.1", "::1"}
    assert found


@pytest.mark.parametrize("name", ["x" * 70 + ".example.org", "a..b"])
async def test_a_name_that_is_none_is_an_error_of_the_system(name: str) -> None:
    with pytest.raises(OSError, match="not a host name") as caught:
        await system_resolve(name, 80)

    assert not isinstance(caught.value, socket.gaierror)
