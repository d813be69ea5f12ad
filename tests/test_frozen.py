"""Values behave as the frozen dataclasses of the standard library, which they take the place of."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.frozen import dataclass
from mirror.shapes import Shape


def _declared(decorator: Any) -> tuple[type, ...]:  # noqa: ANN401 - both of its kinds
    """Return the same three classes, made by *decorator*."""

    class Plain:
        """A value with all that a field can say."""

        name: str
        size: int = 3
        tags: tuple[str, ...] = dataclasses.field(default=(), compare=False)
        known: dict[str, int] = dataclasses.field(default_factory=dict, repr=False, compare=False)
        stem: str = dataclasses.field(init=False, compare=False)
        kind: str = dataclasses.field(init=False, default="plain")

        def __post_init__(self) -> None:
            if not self.name:
                raise ValueError("no name")
            object.__setattr__(self, "stem", self.name[:1])

    class Named:
        """A value that is made by names only, and says itself how it is shown."""

        first: int
        second: int | None = None

        def __repr__(self) -> str:
            return "named"

    class Empty:
        """A value without a field."""

    plain = decorator(frozen=True, slots=True)(Plain)

    class Further(plain):  # type: ignore[misc, valid-type]
        """A value with the fields of another, and one more."""

        more: int = 0

    made = decorator(frozen=True, slots=True)
    return (
        plain,
        decorator(frozen=True, slots=True, kw_only=True)(Named),
        made(Empty),
        made(Further),
    )


OURS, THEIRS = _declared(dataclass), _declared(dataclasses.dataclass)


@dataclasses.dataclass(frozen=True, slots=True)
class _Call:
    """Which class is made, of what."""

    which: int
    values: tuple[object, ...]
    named: dict[str, object]


def _outcome(classes: tuple[type, ...], call: _Call) -> object:
    try:
        return classes[call.which](*call.values, **call.named)
    except (TypeError, ValueError) as error:
        return str(error)


_VALUES = st.one_of(st.integers(0, 2), st.sampled_from(["", "a", "ab"]), st.none())
_NAMES = st.sampled_from(["name", "size", "tags", "first", "second", "more", "stem", "other"])
CALLS = st.builds(
    _Call,
    st.integers(0, 3),
    st.lists(_VALUES, max_size=4).map(tuple),
    st.dictionaries(_NAMES, _VALUES, max_size=3),
)


@given(CALLS, CALLS)
def test_what_is_made_of_the_same_is_the_same(one: _Call, other: _Call) -> None:
    """Which calls are taken, with which words others are refused, and how results compare."""
    ours = [_outcome(OURS, call) for call in (one, other)]
    theirs = [_outcome(THEIRS, call) for call in (one, other)]

    assert list(map(repr, ours)) == list(map(repr, theirs))
    assert (ours[0] == ours[1]) == (theirs[0] == theirs[1])
    assert (hash(ours[0]) == hash(ours[1])) == (hash(theirs[0]) == hash(theirs[1]))
    if not isinstance(ours[0], str):
        assert hash(ours[0]) == hash(theirs[0])
        assert dataclasses.asdict(ours[0]) == dataclasses.asdict(theirs[0])  # type: ignore[call-overload]
        assert type(ours[0]).__match_args__ == type(theirs[0]).__match_args__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Spot:
    """A value that stands where pickle can find it."""

    x: int
    y: int = 0
    label: str = dataclasses.field(default="", init=False)


def test_a_value_never_changes() -> None:
    """Neither a field nor anything else can be set or deleted."""
    spot: Any = Spot(1)

    for name in ("x", "z"):
        with pytest.raises(
            dataclasses.FrozenInstanceError, match=f"cannot assign to field '{name}'"
        ):
            setattr(spot, name, 2)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del spot.x
    assert spot == Spot(1)
    assert not hasattr(spot, "__dict__")


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda spot: pickle.loads(pickle.dumps(spot)), dataclasses.replace],  # noqa: S301 - our own bytes
)
def test_a_copy_is_the_same(copied: Any) -> None:  # noqa: ANN401 - four of them
    """However it is made, and also where no value was made before."""
    assert copied(Spot(1, 2)) == Spot(1, 2)


def test_a_value_is_read_and_written_as_json() -> None:
    """The reader knows its fields, and runs what the class checks."""
    shape = Shape[Any](OURS[0])

    read = shape.validate_json(b'{"name": "ab", "size": 4}')

    assert (read.stem, read.size) == ("a", 4)
    assert shape.validate_json(shape.dump_json(read)) == read
    with pytest.raises(ValueError, match="no name"):
        shape.validate_json(b'{"name": ""}')


def test_a_pattern_takes_a_value_apart() -> None:
    """By place, as it is made."""
    match Spot(1, 2):
        case Spot(x, y):
            assert (x, y) == (1, 2)


@pytest.mark.parametrize(
    "said", [{"frozen": False, "slots": True}, {"frozen": True, "slots": False}]
)
def test_what_is_no_frozen_value_is_not_made(said: dict[str, bool]) -> None:
    """Who wants another asks the standard library."""
    decorator: Any = dataclass
    with pytest.raises(TypeError, match="only frozen values with slots"):
        decorator(**said)


def test_other_types_are_never_equal() -> None:
    """Not even those with the same fields, and of a subclass."""
    assert OURS[0]("a") != THEIRS[0]("a")
    assert OURS[0]("a") != OURS[3]("a")
    assert OURS[0]("a") != "a"
