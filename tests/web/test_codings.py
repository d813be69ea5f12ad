"""Which coding a client gets, and that it decodes to the same bytes."""

from __future__ import annotations

import gzip

import brotli  # type: ignore[import-untyped]  # it has no types
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from mirror.web.codings import Coding, encode, preferred

DECODERS = {
    Coding.BR: brotli.decompress,
    Coding.ZSTD: lambda data: zstandard.ZstdDecompressor().decompress(data),
    Coding.GZIP: gzip.decompress,
    Coding.IDENTITY: bytes,
}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, Coding.IDENTITY),
        ("", Coding.IDENTITY),
        ("gzip", Coding.GZIP),
        ("x-gzip", Coding.GZIP),
        ("GZip", Coding.GZIP),
        ("deflate", Coding.IDENTITY),
        ("gzip, deflate", Coding.GZIP),
        ("gzip, deflate, br", Coding.BR),
        ("gzip, deflate, br, zstd", Coding.BR),
        ("zstd, gzip", Coding.ZSTD),
        ("br;q=0.5, gzip;q=0.8", Coding.GZIP),
        ("br;q=0.8,gzip;q=0.8", Coding.BR),
        ("br; q=0.1 , gzip ; Q=0.2", Coding.GZIP),
        ("gzip;q=0", Coding.IDENTITY),
        ("br;q=0, gzip;q=0.001", Coding.GZIP),
        ("*", Coding.BR),
        ("*;q=0", Coding.IDENTITY),
        ("br;q=0, *", Coding.ZSTD),
        ("identity", Coding.IDENTITY),
        ("identity, gzip", Coding.GZIP),
        ("identity;q=1, gzip;q=0.5", Coding.IDENTITY),
        ("identity;q=0", Coding.IDENTITY),
        ("identity;q=0, gzip;q=0.2", Coding.GZIP),
        ("gzip;q=2", Coding.IDENTITY),
        ("gzip;q=-1", Coding.IDENTITY),
        ("gzip;q=1.0001", Coding.IDENTITY),
        ("gzip;level=9", Coding.IDENTITY),
        ("gzip br", Coding.IDENTITY),
        (",,gzip,,", Coding.GZIP),
    ],
)
def test_the_client_gets_what_it_likes_best(accept: str | None, expected: Coding) -> None:
    assert expected == preferred(accept)


@given(st.text(max_size=200))
def test_any_text_names_a_coding(accept: str) -> None:
    """No header makes the choice fail."""
    assert preferred(accept) in Coding


@pytest.mark.parametrize("coding", list(Coding))
@given(data=st.binary(max_size=5000))
def test_what_was_coded_decodes_to_the_same(coding: Coding, data: bytes) -> None:
    assert data == DECODERS[coding](encode(data, coding))


@pytest.mark.parametrize("coding", list(Coding))
def test_a_part_of_memory_is_coded_like_its_bytes(coding: Coding) -> None:
    data = b"0123456789" * 1000

    assert encode(data[100:5000], coding) == encode(memoryview(data)[100:5000], coding)


@pytest.mark.parametrize("coding", list(Coding))
def test_the_same_bytes_are_coded_the_same_way(coding: Coding) -> None:
    """Two workers give the same bytes under the same ETag."""
    assert encode(b"x" * 9999, coding) == encode(b"x" * 9999, coding)


@pytest.mark.parametrize(
    ("coding", "expected"),
    [
        (Coding.BR, '"ab-br"'),
        (Coding.ZSTD, '"ab-zstd"'),
        (Coding.GZIP, '"ab-gzip"'),
        (Coding.IDENTITY, '"ab"'),
    ],
)
def test_each_coding_has_its_own_etag(coding: Coding, expected: str) -> None:
    assert expected == coding.etag("ab")
