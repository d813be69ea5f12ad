"""``[channels.lab-stable]``: how a channel moves.  Most channels need no word here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, PlainSerializer

from mirror.config.fields import problem, read_list
from mirror.config.tables import Tables
from mirror.frozen import dataclass

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


_TABLES = Tables(ChannelSettings, "a channel", "[channels.lab-stable] with approvals = 2 below it")


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


Channel = Annotated[str, BeforeValidator(read_channel)]
Channels = Annotated[
    Mapping[
        Annotated[str, BeforeValidator(_read_name)],
        Annotated[ChannelSettings, BeforeValidator(_TABLES.read_one)],
    ],
    BeforeValidator(_TABLES.read),
    PlainSerializer(_TABLES.spell),
]
