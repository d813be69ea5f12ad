"""`dataclass` for frozen values: that of the standard library, made in a tenth of the time.

Before Python 3.13 `dataclasses` compiles six methods for each class, one by one.  With the four
hundred values of a run that was a third of its start.  What all of them do alike is written
here once; how one is made of its fields is compiled when the first is made, and most commands
make few.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["dataclass"]

_ABSENT: Final = object()


def _dataclass(*, frozen: bool, slots: bool, kw_only: bool = False) -> Callable[[type], type]:
    """As `dataclasses.dataclass` with these arguments; fields are no `InitVar`.

    Raises `TypeError` for what is no frozen value with slots.
    """
    if not (frozen and slots):
        raise TypeError("only frozen values with slots are made here: see dataclasses")
    bare = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)

    def decorated(cls: type) -> type:
        made: type = bare(cls)
        for name, method in _methods(made).items():
            # What the class writes itself stays.  To write only `__eq__` makes `__hash__` None.
            if made.__dict__.get(name) is None:
                type.__setattr__(made, name, method)
        return made

    return decorated


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass


def _methods(cls: type) -> dict[str, Callable[..., object]]:
    fields = dataclasses.fields(cls)
    names = [field.name for field in fields]
    shown = [field.name for field in fields if field.repr]
    key = _values_of([field.name for field in fields if field.compare])

    def represent(self: object) -> str:
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({inside})"

    def equal(self: object, other: object) -> bool:
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    def state(self: object) -> list[object]:
        return [getattr(self, name) for name in names]

    def restore(self: object, values: list[object]) -> None:
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)

    return {
        "__init__": _late_init(cls),
        "__repr__": represent,
        "__eq__": equal,
        "__hash__": lambda self: hash(key(self)),
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
        "__getstate__": state,
        "__setstate__": restore,
    }


def _values_of(names: Sequence[str]) -> Callable[[object], tuple[object, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple(getattr(self, name) for name in names)


def _refuse_to_set(_self: object, name: str, _value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _late_init(cls: type) -> Callable[..., None]:
    def make(self: object, *values: object, **named: object) -> None:
        # Two threads at once compile it twice, and either is right.
        init = _compiled_init(cls)
        type.__setattr__(cls, "__init__", init)
        init(self, *values, **named)

    return make


def _compiled_init(cls: type) -> Callable[..., None]:
    scope: dict[str, Any] = {"__set": object.__setattr__, "__absent": _ABSENT}
    positional, named, body = ["self"], list[str](), list[str]()
    for field in dataclasses.fields(cls):
        given = field.name
        has_default = field.default is not dataclasses.MISSING
        has_factory = field.default_factory is not dataclasses.MISSING
        scope[f"__default_{field.name}"] = field.default_factory if has_factory else field.default
        if field.init:
            optional = f"=__default_{given}" if has_default else "=__absent" if has_factory else ""
            (named if field.kw_only else positional).append(f"{given}{optional}")
        if has_factory:
            made = f"__default_{given}()"
            given = f"{made} if {given} is __absent else {given}" if field.init else made
        elif not field.init:
            if not has_default:
                continue
            given = f"__default_{given}"
        body.append(f" __set(self, {field.name!r}, {given})")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    parameters = ", ".join([*positional, *(["*", *named] if named else [])])
    text = "\n".join([f"def __init__({parameters}):", *(body or [" pass"])])
    exec(text, scope)  # noqa: S102 - as dataclasses does, from names of our own fields
    init: Callable[..., None] = scope["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init
