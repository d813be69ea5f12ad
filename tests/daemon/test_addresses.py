"""What people in the room can type."""

from __future__ import annotations

from mirror.config import ListenAddress
from mirror.daemon.addresses import typed_urls


def test_a_named_address_is_typed_as_it_is() -> None:
    assert typed_urls(ListenAddress("127.0.0.1", 8080)) == ["http://127.0.0.1:8080"]


def test_every_address_never_names_the_loopback_or_nothing() -> None:
    urls = typed_urls(ListenAddress("0.0.0.0", 8080))  # noqa: S104 - what a room is opened with

    assert urls
    assert not [url for url in urls if "127.0.0.1" in url]


def test_a_host_name_is_typed_as_it_is() -> None:
    assert typed_urls(ListenAddress("mirror.lab", 80)) == ["http://mirror.lab:80"]
