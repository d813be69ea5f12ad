"""Tables below a setting, each under a name of the operator's own choice.

In a variable all of them are one JSON object.  An unknown key is refused and names the nearest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import Field, fields
from difflib import get_close_matches
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from mirror.config.fields import problem
from mirror.shapes import Shape


class Dataclass(Protocol):
    """Any dataclass: what the standard library gives one."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


Table = TypeVar("Table", bound=Dataclass)


class Tables(Generic[Table]):
    """How tables of one *kind* are read and spelled; refusals are as pydantic takes them.

    *noun* names one of them in a sentence ("an override"), *example* shows one.
    """

    def __init__(self, kind: type[Table], noun: str, example: str) -> None:
        self._kind = kind
        self._noun = noun
        self._example = example
        self._keys = tuple(key.name for key in fields(kind))
        self._adapter = Shape(kind)

    def read(self, value: object) -> object:
        """Read all of them, by name: a mapping, or the text of a JSON object."""
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError) as error:
                raise problem(f"expected a JSON object, not {str(value)[:80]!r}") from error
        if not isinstance(value, Mapping):
            raise problem(f"expected tables, {self._example}, not {str(value)[:80]!r}")
        return value

    def read_one(self, value: object) -> object:
        """Read one of them, of which the values are read elsewhere."""
        if not isinstance(value, dict):
            if isinstance(value, self._kind):
                return value
            raise problem(f"expected a table, {self._example}, not {str(value)[:80]!r}")
        unknown = [self._unknown(str(key)) for key in value if key not in self._keys]
        if unknown:
            raise problem("; ".join(unknown))
        return value

    def spell(self, tables: Mapping[str, Table]) -> Any:  # noqa: ANN401 - JSON
        """Return *tables* as JSON has them, without what they leave out."""
        return {
            name: self._adapter.dump_python(one, mode="json", exclude_none=True)
            for name, one in tables.items()
        }

    def _unknown(self, key: str) -> str:
        near = get_close_matches(key.lower(), self._keys, n=1)
        advice = f"did you mean {near[0]}?" if near else f"{self._noun} has {', '.join(self._keys)}"
        return f"unknown key {key[:80]!r}: {advice}"
