"""The types of the settings that say when, and how much, upstream may be asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from mirror.config.addresses import parse_base_url
from mirror.config.fields import problem, read_list
from mirror.config.units import format_duration, format_size, parse_duration, parse_size
from mirror.errors import ConfigurationError
from mirror.upstream.quiet import QuietHours

#: A crawl of all pages takes a few MB: a budget below that would never see the end of one.
LEAST_BYTES = 10_000_000

#: A node whose data are stopped so soon would stop over a week-end.
LEAST_AGE = timedelta(days=1)

_NONE = "none"


def _read_allowance(value: object) -> object:
    if value is None or value == _NONE:
        return None
    if not isinstance(value, str):
        raise problem(f'expected a size such as "500MB", or "none", not {str(value)[:80]!r}')
    try:
        size = parse_size(value)
    except ConfigurationError as error:
        raise problem(f'{error}, nor "none"') from error
    if size < LEAST_BYTES:
        raise problem(f"expected at least {format_size(LEAST_BYTES)}, not {value[:80]!r}")
    return size


def _spell_allowance(size: int | None) -> str:
    return _NONE if size is None else format_size(size)


def _read_age(value: object) -> object:
    if value is None or value == _NONE:
        return None
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise problem(f'expected a time such as "400d", or "none", not {str(value)[:80]!r}')
    try:
        age = parse_duration(value)
    except ConfigurationError as error:
        raise problem(f'{error}, nor "none"') from error
    if age < LEAST_AGE:
        raise problem(f"expected at least {format_duration(LEAST_AGE)}, not {value[:80]!r}")
    return age


def _spell_age(age: timedelta | None) -> str:
    return _NONE if age is None else format_duration(age)


def _read_hours(value: object) -> object:
    if value is None or value == _NONE or isinstance(value, QuietHours):
        return None if value == _NONE else value
    if not isinstance(value, str):
        raise problem(f'expected hours such as "08:00-17:00", not {str(value)[:80]!r}')
    try:
        return QuietHours.parse(value)
    except ConfigurationError as error:
        raise problem(str(error)) from error


def _spell_hours(hours: QuietHours | None) -> str:
    return _NONE if hours is None else str(hours)


def _read_site(value: object) -> Any:  # noqa: ANN401 - pydantic judges what is no text
    if not isinstance(value, str):
        return value
    try:
        return parse_base_url(value)
    except ConfigurationError as error:
        raise problem(str(error)) from error


Allowance = Annotated[
    int | None, BeforeValidator(_read_allowance), PlainSerializer(_spell_allowance)
]
MostAge = Annotated[timedelta | None, BeforeValidator(_read_age), PlainSerializer(_spell_age)]
Hours = Annotated[QuietHours | None, BeforeValidator(_read_hours), PlainSerializer(_spell_hours)]
Sites = Annotated[
    tuple[Annotated[str, BeforeValidator(_read_site)], ...], BeforeValidator(read_list)
]
