"""``[policy.override."RPI_PICO*"]``: what holds instead for the boards that fit a pattern.

Which of several wins is said in `mirror.catalog.policy`.  A key that is left out is not said;
``"all"`` says all.  In a variable all of it is one JSON object.  An unknown key is refused
and names the nearest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, PlainSerializer, TypeAdapter

from mirror.catalog.kinds import Kind
from mirror.catalog.policy import Newest
from mirror.config.fields import (
    MOST_VERSIONS,
    SinceSetting,
    problem,
    read_depth,
    read_glob,
    read_list,
    spell_depth,
)

_EXAMPLE = '[policy.override."RPI_PICO*"] with releases = 5 below it'


def _read_newest(value: object) -> object:
    if value is None or isinstance(value, Newest):
        return value
    depth = read_depth(value)
    if depth is None:
        return Newest(None)
    if isinstance(depth, int | str) and 0 <= int(depth) <= MOST_VERSIONS:
        return Newest(int(depth))
    raise problem(f'expected a number up to {MOST_VERSIONS} or "all", not {str(value)[:80]!r}')


def _spell_newest(newest: Newest | None) -> int | str | None:
    return None if newest is None else spell_depth(newest.count)


_OwnDepth = Annotated[Newest | None, BeforeValidator(_read_newest), PlainSerializer(_spell_newest)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideSettings:
    """What one override says; None: as in ``[policy]``."""

    __pydantic_config__ = ConfigDict(defer_build=True)  # most have none

    kinds: Annotated[tuple[Kind, ...] | None, BeforeValidator(read_list)] = None
    releases: _OwnDepth = None
    previews: _OwnDepth = None
    since: SinceSetting = None


_KEYS = tuple(key.name for key in fields(OverrideSettings))


def _read_override(value: object) -> object:
    if not isinstance(value, dict):
        if isinstance(value, OverrideSettings):
            return value
        raise problem(f"expected a table, {_EXAMPLE}, not {str(value)[:80]!r}")
    unknown = [_unknown(str(key)) for key in value if key not in _KEYS]
    if unknown:
        raise problem("; ".join(unknown))
    return value


def _unknown(key: str) -> str:
    near = get_close_matches(key.lower(), _KEYS, n=1)
    advice = f"did you mean {near[0]}?" if near else f"an override has {', '.join(_KEYS)}"
    return f"unknown key {key[:80]!r}: {advice}"


def _read_overrides(value: object) -> object:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise problem(f"expected a JSON object, not {str(value)[:80]!r}") from error
    if not isinstance(value, Mapping):
        raise problem(f"expected tables, {_EXAMPLE}, not {str(value)[:80]!r}")
    return value


def _spell(overrides: Mapping[str, OverrideSettings]) -> Any:  # noqa: ANN401 - JSON
    return {
        pattern: _ADAPTER.dump_python(override, mode="json", exclude_none=True)
        for pattern, override in overrides.items()
    }


_ADAPTER = TypeAdapter(OverrideSettings)

Overrides = Annotated[
    Mapping[
        Annotated[str, BeforeValidator(read_glob)],
        Annotated[OverrideSettings, BeforeValidator(_read_override)],
    ],
    BeforeValidator(_read_overrides),
    PlainSerializer(_spell),
]
