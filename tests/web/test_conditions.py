"""What a conditional request is answered with: RFC 9110 as a table, and its laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from mirror.web.conditions import Conditions, Selection, select

ETAG = '"abc"'
SIZE = 1000
WHOLE = Selection(200, 0, SIZE)
SAME = Selection(304)

RANGES = [
    ("bytes=0-0", Selection(206, 0, 1)),
    ("bytes=0-499", Selection(206, 0, 500)),
    ("bytes=500-999", Selection(206, 500, 1000)),
    ("bytes=500-", Selection(206, 500, 1000)),
    ("bytes=999-", Selection(206, 999, 1000)),
    ("bytes=0-", Selection(206, 0, 1000)),
    ("bytes=-1", Selection(206, 999, 1000)),
    ("bytes=-5000", Selection(206, 0, 1000)),
    ("bytes=900-99999999999999999999", Selection(206, 900, 1000)),
    ("BYTES=0-1", Selection(206, 0, 2)),
    ("bytes = 0-1", Selection(206, 0, 2)),
    (" bytes=0-1 ", Selection(206, 0, 2)),
    ("bytes=1000-", Selection(416)),
    ("bytes=1000-2000", Selection(416)),
    ("bytes=99999999999999999999-", Selection(416)),
    ("bytes=-0", Selection(416)),
    ("bytes=5-4", WHOLE),
    ("bytes=-", WHOLE),
    ("bytes=", WHOLE),
    ("bytes=a-b", WHOLE),
    ("bytes=0-1,5-6", WHOLE),
    ("bytes=0-1, 5-6", WHOLE),
    ("bytes=1", WHOLE),
    ("bytes=+1-2", WHOLE),
    ("bytes=0x1-2", WHOLE),
    ("bytes=٣-٤", WHOLE),
    ("bytes=" + "1" * 40 + "-", WHOLE),
    ("items=0-1", WHOLE),
    ("", WHOLE),
]

CONDITIONAL = [
    (Conditions(), WHOLE),
    (Conditions(if_none_match='"abc"'), SAME),
    (Conditions(if_none_match='W/"abc"'), SAME),
    (Conditions(if_none_match='"x", "abc"'), SAME),
    (Conditions(if_none_match='"x","abc" , "y"'), SAME),
    (Conditions(if_none_match="*"), SAME),
    (Conditions(if_none_match='"x"'), WHOLE),
    (Conditions(if_none_match="abc"), WHOLE),
    (Conditions(if_none_match=""), WHOLE),
    (Conditions(if_none_match='"abc-br"'), WHOLE),
    (Conditions(if_none_match='"ABC"'), WHOLE),
    (Conditions(if_none_match='"abc"', range="bytes=0-1"), SAME),
    (Conditions(if_none_match='"x"', range="bytes=0-1"), Selection(206, 0, 2)),
    (Conditions(if_none_match='"abc"', range="bytes=5000-"), SAME),
    (Conditions(if_range='"abc"', range="bytes=0-1"), Selection(206, 0, 2)),
    (Conditions(if_range='"x"', range="bytes=0-1"), WHOLE),
    (Conditions(if_range='W/"abc"', range="bytes=0-1"), WHOLE),
    (Conditions(if_range="Mon, 24 Aug 2026 12:00:00 GMT", range="bytes=0-1"), WHOLE),
    (Conditions(if_range='"abc", "x"', range="bytes=0-1"), WHOLE),
    (Conditions(if_range='"x"', range="bytes=5000-"), WHOLE),
    (Conditions(if_range='"abc"', range="bytes=5000-"), Selection(416)),
    (Conditions(if_range='"abc"'), WHOLE),
    (Conditions(if_match='"abc"'), WHOLE),
    (Conditions(if_match="*"), WHOLE),
    (Conditions(if_match='"x", "abc"', range="bytes=0-1"), Selection(206, 0, 2)),
    (Conditions(if_match='"x"'), Selection(412)),
    (Conditions(if_match='W/"abc"'), Selection(412)),
    (Conditions(if_match='"x"', if_none_match='"abc"'), Selection(412)),
    (Conditions(if_match='"abc"', if_none_match='"abc"'), SAME),
]


MODIFIED = "Mon, 24 Aug 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("conditions", "modified", "expected"),
    [
        (Conditions(if_modified_since=MODIFIED), MODIFIED, SAME),
        (Conditions(if_modified_since="Mon, 24 Aug 2026 12:00:01 GMT"), MODIFIED, WHOLE),
        (Conditions(if_modified_since="Mon, 24 Aug 2026 11:59:59 GMT"), MODIFIED, WHOLE),
        (Conditions(if_modified_since=MODIFIED), None, WHOLE),
        (Conditions(if_modified_since=MODIFIED, if_none_match='"x"'), MODIFIED, WHOLE),
        (Conditions(if_modified_since="", if_none_match='"abc"'), MODIFIED, SAME),
        (Conditions(if_range=MODIFIED, range="bytes=0-1"), MODIFIED, WHOLE),
    ],
)
def test_a_date_names_only_the_bytes_that_it_was_given_with(
    conditions: Conditions, modified: str | None, expected: Selection
) -> None:
    """Neither an earlier nor a later one does, and an ETag outranks it."""
    assert expected == select("GET", conditions, ETAG, SIZE, modified)


@pytest.mark.parametrize(("text", "expected"), RANGES)
def test_a_range_selects_what_the_standard_says(text: str, expected: Selection) -> None:
    assert expected == select("GET", Conditions(range=text), ETAG, SIZE)


@pytest.mark.parametrize(("conditions", "expected"), CONDITIONAL)
def test_conditions_are_looked_at_in_the_order_of_the_standard(
    conditions: Conditions, expected: Selection
) -> None:
    assert expected == select("GET", conditions, ETAG, SIZE)


@pytest.mark.parametrize("text", [text for text, _ in RANGES])
def test_head_knows_no_range(text: str) -> None:
    expected = WHOLE

    assert expected == select("HEAD", Conditions(range=text), ETAG, SIZE)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (Conditions(if_none_match='"abc"'), SAME),
        (Conditions(if_match='"x"'), Selection(412)),
        (Conditions(if_range='"abc"', range="bytes=0-1"), WHOLE),
    ],
)
def test_head_has_conditions_as_get_has(conditions: Conditions, expected: Selection) -> None:
    assert expected == select("HEAD", conditions, ETAG, SIZE)


@pytest.mark.parametrize("text", ["bytes=0-", "bytes=0-0", "bytes=-1"])
def test_no_range_of_nothing_can_be_had(text: str) -> None:
    assert Selection(416) == select("GET", Conditions(range=text), ETAG, 0)


def test_a_field_that_stands_twice_is_a_list() -> None:
    """Two Range fields are several ranges, and two ETags are a list."""
    fields = CIMultiDict([("range", "bytes=0-1"), ("Range", "bytes=5-6"), ("If-Match", '"x"')])

    assert Conditions(if_match='"x"', range="bytes=0-1, bytes=5-6") == Conditions.of(fields)


@given(
    st.builds(Conditions, *[st.none() | st.text(max_size=60)] * 5),
    st.integers(min_value=0, max_value=10**6),
)
def test_any_text_selects_something_that_exists(conditions: Conditions, size: int) -> None:
    """No header makes the decision fail, or reach outside of the bytes."""
    selection = select("GET", conditions, ETAG, size)

    assert 0 <= selection.start <= selection.stop <= size


@given(
    st.integers(min_value=0, max_value=2000),
    st.integers(min_value=0, max_value=2000),
    st.integers(min_value=1, max_value=1500),
)
def test_a_range_selects_the_bytes_it_names(first: int, more: int, size: int) -> None:
    """What is selected is what slicing would give, and never nothing."""
    data = bytes(index % 251 for index in range(size))
    selection = select("GET", Conditions(range=f"bytes={first}-{first + more}"), ETAG, size)
    expected = data[first : first + more + 1]

    assert (expected or None) == (data[selection.start : selection.stop] or None)
