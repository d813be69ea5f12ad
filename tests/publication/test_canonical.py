"""Canonical JSON is the same whichever encoder writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from mirror.publication.canonical import canonical, canonical_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

_WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_KEYS = st.text("abz_", max_size=3)
_SCALARS = (
    st.none() | st.booleans() | _WHOLE | st.floats(allow_nan=False, allow_infinity=False) | _TEXT
)
_VALUES = st.recursive(_SCALARS, lambda some: st.lists(some) | st.dictionaries(_TEXT, some))


@given(_VALUES)
@example(1.0)
@example([-0.0, 1e21, 1e-7, 123456789012345680000.0])
@example({"b": 1.5, "a": '\x7f\x1f\u2028"\\\t/é™'})
@example({"\U0001f600": 1, "\ue000": 2, "ﬀ": 3, "z": 4})
@example({"hashes": "sha256:0e12", "at": "06:00", "list": ["1.5", ",1.5"], "most": 2**53 - 1})
def test_any_value_is_written_as_the_reference_writes_it(value: Json) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(
    st.dictionaries(_KEYS, _SCALARS, max_size=4),
    st.dictionaries(_KEYS, st.lists(_SCALARS | st.lists(_SCALARS), max_size=4), max_size=4),
)
def test_an_object_written_entry_by_entry_is_the_same(
    fields: dict[str, Json], lists: dict[str, list[Json]]
) -> None:
    some = {name: value for name, value in fields.items() if name not in lists}

    assert canonical_object(some, {name: iter(each) for name, each in lists.items()}) == canonical(
        {**some, **lists}
    )


@pytest.mark.parametrize("value", [2**53, -(2**60), float("nan"), [float("-inf")], "\ud800"])
def test_what_has_no_canonical_form_is_refused(value: Json) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical({"value": value})


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical({"value": {1, 2}})
