"""``[policy.override."RPI_PICO*"]``: what holds instead for the boards that fit a pattern.

Which of several wins is said in `mirror.catalog.policy`.  A key that is left out is not said;
``"all"`` says all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, PlainSerializer

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
from mirror.config.tables import Tables
from mirror.frozen import dataclass


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


_TABLES = Tables(
    OverrideSettings, "an override", '[policy.override."RPI_PICO*"] with releases = 5 below it'
)

Overrides = Annotated[
    Mapping[
        Annotated[str, BeforeValidator(read_glob)],
        Annotated[OverrideSettings, BeforeValidator(_TABLES.read_one)],
    ],
    BeforeValidator(_TABLES.read),
    PlainSerializer(_TABLES.spell),
]
