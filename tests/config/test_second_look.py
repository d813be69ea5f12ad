"""How ``policy.second_look`` is read and spelled."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from mirror.catalog.second_look import SecondLook
from mirror.config.second_look import SecondLookSetting

SETTING: TypeAdapter[SecondLook] = TypeAdapter(SecondLookSetting)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("written", "look"),
    [
        ("none", SecondLook()),
        ("1d", SecondLook(after=DAY)),
        ("siblings", SecondLook(siblings=True)),
        ("1d, siblings", SecondLook(DAY, siblings=True)),
        (["siblings", "24h"], SecondLook(DAY, siblings=True)),
        ('["1d", "siblings"]', SecondLook(DAY, siblings=True)),
    ],
)
def test_one_word_or_two_are_read(written: object, look: SecondLook) -> None:
    """As TOML has them, and as a variable does."""
    assert SETTING.validate_python(written) == look


@pytest.mark.parametrize(
    "written",
    [
        *("", "yes", "none, 1d", "siblings, siblings", "1d, 2d", "1", [], ["none", "siblings"]),
        *(True, 86_400, {"after": "1d"}, ["1d", 2], "[", "0s", "31d"),
    ],
)
def test_anything_else_is_refused_with_what_is_expected(written: object) -> None:
    with pytest.raises(ValidationError, match="expected "):
        SETTING.validate_python(written)


@given(st.none() | st.integers(1, 30 * 24 * 60), st.booleans())
def test_what_is_spelled_is_read_back(minutes: int | None, siblings: bool) -> None:  # noqa: FBT001 - hypothesis gives it so
    look = SecondLook(timedelta(minutes=minutes) if minutes else None, siblings)
    spelled = SETTING.dump_python(look, mode="json")

    assert SETTING.validate_python(spelled) == look
