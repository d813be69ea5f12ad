"""``[channels.lab-stable]``: how a channel moves.  Most channels need no word here.

In a variable all of it is one JSON object.  An unknown key is refused and names the nearest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, PlainSerializer, TypeAdapter

from mirror.config.fields import problem, read_list

_EXAMPLE = "[channels.lab-stable] with approvals = 2 below it"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_MOST_APPROVALS = 9


def _read_approvals(value: object) -> object:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_APPROVALS:
        raise problem(f"expected a number from 1 to {_MOST_APPROVALS}, not {str(value)[:80]!r}")
    return value


def _read_key(value: str) -> str:
    if re.fullmatch(r"RW[A-Za-z0-9+/]{54}", value) is None:
        raise problem(f"expected a public key as `minisign -P` takes it, not {value[:80]!r}")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """How one channel moves: how many approve, and with which keys beside tokens."""

    __pydantic_config__ = ConfigDict(defer_build=True)  # most have none

    approvals: Annotated[int, BeforeValidator(_read_approvals)] = 1
    keys: Annotated[
        tuple[Annotated[str, AfterValidator(_read_key)], ...], BeforeValidator(read_list)
    ] = ()


_KEYS = tuple(key.name for key in fields(ChannelSettings))


def read_channel(value: object) -> object:
    """Read the name of a channel."""
    if not isinstance(value, str) or _NAME.fullmatch(value) is None:
        raise problem(
            f"expected the name of a channel, such as lab-stable, not {str(value)[:80]!r}"
        )
    return value


def _read_name(value: object) -> object:
    if value == "current":
        raise problem("the channel current moves by itself, and nobody approves")
    return read_channel(value)


def _read_settings(value: object) -> object:
    if not isinstance(value, dict):
        if isinstance(value, ChannelSettings):
            return value
        raise problem(f"expected a table, {_EXAMPLE}, not {str(value)[:80]!r}")
    unknown = [_unknown(str(key)) for key in value if key not in _KEYS]
    if unknown:
        raise problem("; ".join(unknown))
    return value


def _unknown(key: str) -> str:
    near = get_close_matches(key.lower(), _KEYS, n=1)
    advice = f"did you mean {near[0]}?" if near else f"a channel has {', '.join(_KEYS)}"
    return f"unknown key {key[:80]!r}: {advice}"


def _read_channels(value: object) -> object:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise problem(f"expected a JSON object, not {str(value)[:80]!r}") from error
    if not isinstance(value, Mapping):
        raise problem(f"expected tables, {_EXAMPLE}, not {str(value)[:80]!r}")
    return value


def _spell(channels: Mapping[str, ChannelSettings]) -> Any:  # noqa: ANN401 - JSON
    return {name: _ADAPTER.dump_python(one, mode="json") for name, one in channels.items()}


_ADAPTER = TypeAdapter(ChannelSettings)

Channel = Annotated[str, BeforeValidator(read_channel)]
Channels = Annotated[
    Mapping[
        Annotated[str, BeforeValidator(_read_name)],
        Annotated[ChannelSettings, BeforeValidator(_read_settings)],
    ],
    BeforeValidator(_read_channels),
    PlainSerializer(_spell),
]
