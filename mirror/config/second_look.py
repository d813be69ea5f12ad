"""How ``policy.second_look`` is written: ``none``, a duration, ``siblings``, or the last two."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainSerializer

from mirror.catalog.second_look import SecondLook
from mirror.config.fields import problem, read_list
from mirror.config.units import format_duration, parse_duration
from mirror.errors import ConfigurationError

_NONE: Final = "none"
_SIBLINGS: Final = "siblings"
_LEAST, _MOST = timedelta(minutes=1), timedelta(days=30)


def _read(value: object) -> object:
    """Read one word, several with commas between them, or a list of them."""
    if isinstance(value, SecondLook):
        return value
    words = read_list(value)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise problem(_expected(value))
    if words == [_NONE]:
        return SecondLook()
    durations = [word for word in words if word != _SIBLINGS]
    if not words or len(set(words)) != len(words) or len(durations) > 1 or _NONE in words:
        raise problem(_expected(value))
    after = _duration(durations[0]) if durations else None
    return SecondLook(after=after, siblings=_SIBLINGS in words)


def _duration(text: str) -> timedelta:
    try:
        after = parse_duration(text)
    except ConfigurationError as error:
        raise problem(_expected(text)) from error
    if not _LEAST <= after <= _MOST:
        limits = f"{format_duration(_LEAST)} to {format_duration(_MOST)}"
        raise problem(f"expected {limits}, not {format_duration(after)!r}")
    return after


def _expected(value: object) -> str:
    return (
        f'expected "none", a duration such as "1d", "siblings", or ["1d", "siblings"], '
        f"not {str(value)[:80]!r}"
    )


def _spell(look: SecondLook) -> str | list[str]:
    words = [] if look.after is None else [format_duration(look.after)]
    if look.siblings:
        words.append(_SIBLINGS)
    return words if len(words) > 1 else (words or [_NONE])[0]


SecondLookSetting = Annotated[SecondLook, BeforeValidator(_read), PlainSerializer(_spell)]
