"""What people in the room can type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.config import Given, ListenAddress, load_settings
from mirror.daemon.addresses import own_url, typed_urls

if TYPE_CHECKING:
    from pathlib import Path


def test_a_named_address_is_typed_as_it_is() -> None:
    assert typed_urls(ListenAddress("127.0.0.1", 8080)) == ["http://127.0.0.1:8080"]


def test_every_address_never_names_the_loopback_or_nothing() -> None:
    urls = typed_urls(ListenAddress("0.0.0.0", 8080))  # noqa: S104 - what a room is opened with

    assert urls
    assert not [url for url in urls if "127.0.0.1" in url]


def test_a_host_name_is_typed_as_it_is() -> None:
    assert typed_urls(ListenAddress("mirror.lab", 80)) == ["http://mirror.lab:80"]


@pytest.mark.parametrize(
    ("listen", "public_url", "expected"),
    [
        ("0.0.0.0:8080", "http://mirror.lab:8080/", "http://mirror.lab:8080"),
        ("192.168.1.20:8080", None, "http://192.168.1.20:8080"),
        ("[fd00::1]:80", None, "http://[fd00::1]:80"),
        ("mirror.lab:8080", None, "http://mirror.lab:8080"),
        ("0.0.0.0:8080", None, None),
        ("[::]:8080", None, None),
        ("127.0.0.1:0", None, None),
    ],
)
def test_documents_give_the_address_that_was_set_or_the_only_one_there_is(
    tmp_path: Path, listen: str, public_url: str | None, expected: str | None
) -> None:
    given = {"listen": Given(listen, "test")}
    if public_url is not None:
        given["public_url"] = Given(public_url, "test")

    assert own_url(load_settings({}, tmp_path, flags=given)) == expected
