"""How values of a type are written as JSON and read back, worked out when first asked for.

Working out what the hundred types that any command knows look like takes a third of a
second of processor, and each command asks for a few of them.
"""

from __future__ import annotations

import os
from typing import Any, Generic, Literal, TypeVar, overload

from pydantic import TypeAdapter

# Else every package that is installed is asked for plugins that change what is valid: none has
# one that is wanted, and to ask takes longer than most shapes.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"

_Value = TypeVar("_Value")


class Shape(Generic[_Value]):
    """The JSON of one type; reading raises `pydantic.ValidationError`."""

    __slots__ = ("_adapter", "_kind")

    @overload
    def __init__(self, kind: type[_Value]) -> None: ...
    @overload
    def __init__(self, kind: Any) -> None: ...  # noqa: ANN401 - unions are no types
    def __init__(self, kind: Any) -> None:
        """Remember the type, which may name others that are not defined yet."""
        self._kind = kind
        self._adapter: TypeAdapter[_Value] | None = None

    def work_out(self) -> TypeAdapter[_Value]:
        """Work it out now, for who can load nothing later; return what reads and writes."""
        # Two threads at once work it out twice, and either is right.
        if self._adapter is None:
            self._adapter = TypeAdapter(self._kind)
        return self._adapter

    def validate_json(self, data: str | bytes | bytearray) -> _Value:
        """Read it from JSON."""
        return self.work_out().validate_json(data)

    def validate_python(self, value: object) -> _Value:
        """Read it from what a reader of TOML or JSON gave."""
        return self.work_out().validate_python(value)

    def dump_json(
        self, value: _Value, *, indent: int | None = None, exclude_defaults: bool = False
    ) -> bytes:
        """Write it as JSON."""
        return self.work_out().dump_json(value, indent=indent, exclude_defaults=exclude_defaults)

    def dump_python(
        self,
        value: _Value,
        *,
        mode: Literal["json", "python"] = "python",
        exclude: set[str] | None = None,
        exclude_none: bool = False,
    ) -> Any:  # noqa: ANN401 - JSON of any depth
        """Return it as dictionaries and lists."""
        return self.work_out().dump_python(
            value, mode=mode, exclude=exclude, exclude_none=exclude_none
        )

    def json_schema(self, *, mode: Literal["validation", "serialization"]) -> dict[str, Any]:
        """Return its JSON Schema."""
        return self.work_out().json_schema(mode=mode)
