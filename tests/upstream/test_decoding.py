"""Compression is undone within a limit or not at all."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import MirrorError, RefusedError, TooLargeError, UpstreamUnavailableError
from mirror.upstream.decoding import decode

URL = "https://upstream.example.org/"


@given(st.binary(max_size=2000), st.binary(max_size=2000))
def test_gzip_is_undone_member_by_member(first: bytes, second: bytes) -> None:
    """A body of two members is both of them."""
    packed = gzip.compress(first) + gzip.compress(second)

    assert decode(packed, "gzip", 4000, URL) == first + second


@pytest.mark.parametrize("coding", ["", "identity"])
def test_what_is_not_coded_stays_as_it_is(coding: str) -> None:
    assert decode(b"body", coding, 4, URL) == b"body"


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "x" * 99])
def test_other_codings_are_refused(coding: str) -> None:
    with pytest.raises(RefusedError, match=f"{URL}: the body is coded '{coding[:40]}'"):
        decode(b"body", coding, 100, URL)


def test_the_limit_is_the_last_size_that_fits() -> None:
    assert decode(gzip.compress(bytes(100)), "gzip", 100, URL) == bytes(100)


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (bytes(101), ""),
        (gzip.compress(bytes(101), mtime=0), "gzip"),
        (gzip.compress(bytes(60), mtime=0) + gzip.compress(bytes(41), mtime=0), "x-gzip"),
    ],
)
def test_a_byte_more_is_too_much(body: bytes, coding: str) -> None:
    with pytest.raises(TooLargeError, match=f"{URL}: unpacked it is more than 100 bytes"):
        decode(body, coding, 100, URL)


def test_a_bomb_costs_no_more_than_the_limit() -> None:
    bomb = gzip.compress(bytes(100_000_000))
    tracemalloc.start()
    with pytest.raises(TooLargeError):
        decode(bomb, "gzip", 100_000, URL)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 1_000_000


@pytest.mark.parametrize("cut", [1, 5, 10, 20, 25])
def test_gzip_that_is_cut_short_is_named(cut: int) -> None:
    with pytest.raises(UpstreamUnavailableError, match="the gzip data is cut short"):
        decode(gzip.compress(b"some body")[:cut], "gzip", 100, URL)


@pytest.mark.parametrize(
    "body", [b"<html>", zlib.compress(b"body"), gzip.compress(b"", mtime=0) + b"tail"]
)
def test_what_is_no_gzip_is_named(body: bytes) -> None:
    with pytest.raises(UpstreamUnavailableError, match="the gzip data is broken"):
        decode(body, "gzip", 100, URL)


@given(st.binary(max_size=200), st.integers(0, 40))
def test_any_bytes_are_unpacked_or_refused(tail: bytes, kept: int) -> None:
    """Nothing but bytes within the limit or an error of ours comes out."""
    packed = gzip.compress(b"beginning")[:kept] + tail
    try:
        size = len(decode(packed, "gzip", 1000, URL))
    except MirrorError:
        size = 0

    assert size <= 1000
