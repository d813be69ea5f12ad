"""Conditional and range requests: a table, and text that nobody should have sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.replica.conditions import (
    Decision,
    NotModified,
    Part,
    Unsatisfiable,
    Whole,
    decide,
    etag_of,
)
from tests.replica.unhurried import unhurried

SIZE = 180
MODIFIED = 0x529D22DA
ETAG = '"529d22da-b4"'
DATE = "Tue, 03 Dec 2013 00:16:26 GMT"


def test_the_etag_is_time_and_size() -> None:
    """The one real header that is known (a small page of the site, 2013)."""
    assert etag_of(MODIFIED, SIZE) == ETAG


@pytest.mark.parametrize(
    ("headers", "decision"),
    [
        ({}, Whole()),
        ({"If-None-Match": ETAG}, NotModified()),
        ({"If-None-Match": f'"other", W/{ETAG}'}, NotModified()),
        ({"If-None-Match": "*"}, NotModified()),
        ({"If-None-Match": '"other"'}, Whole()),
        ({"If-Modified-Since": DATE}, NotModified()),
        ({"If-Modified-Since": "Tue, 03 Dec 2013 00:16:27 GMT"}, Whole()),
        ({"If-Modified-Since": "yesterday"}, Whole()),
        ({"If-None-Match": '"other"', "If-Modified-Since": DATE}, Whole()),
        ({"Range": "bytes=0-9"}, Part(0, 10)),
        ({"Range": "bytes=100-"}, Part(100, 180)),
        ({"Range": "bytes=-30"}, Part(150, 180)),
        ({"Range": "bytes=-500"}, Part(0, 180)),
        ({"Range": "bytes=0-9999"}, Part(0, 180)),
        ({"Range": "bytes=180-"}, Unsatisfiable()),
        ({"Range": "bytes=-0"}, Unsatisfiable()),
        ({"Range": "bytes=9-3"}, Whole()),
        ({"Range": "bytes=-"}, Whole()),
        ({"Range": "bytes=0-1,5-6"}, Whole()),
        ({"Range": "lines=0-1"}, Whole()),
        ({"Range": "bytes=100-", "If-Range": ETAG}, Part(100, 180)),
        ({"Range": "bytes=100-", "If-Range": DATE}, Part(100, 180)),
        ({"Range": "bytes=100-", "If-Range": '"other"'}, Whole()),
        ({"Range": "bytes=100-", "If-None-Match": ETAG}, NotModified()),
    ],
)
def test_each_request_gets_what_nginx_gives(headers: dict[str, str], decision: Decision) -> None:
    assert decide(headers, MODIFIED, SIZE) == decision


_NAMES = st.sampled_from(["Range", "If-Range", "If-None-Match", "If-Modified-Since"])
_RANGES = st.builds("bytes={}-{}".format, st.integers(0), st.integers(0))


@unhurried
@given(st.dictionaries(_NAMES, st.one_of(st.text(), _RANGES)), st.integers(0, 10**9))
def test_any_headers_get_a_part_inside_the_file_or_something_else(
    headers: dict[str, str], size: int
) -> None:
    decision = decide(headers, MODIFIED, size)

    assert not isinstance(decision, Part) or 0 <= decision.start < decision.end <= size
