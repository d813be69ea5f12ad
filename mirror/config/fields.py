"""The types of settings: how each is read from TOML, a variable or a flag, and spelled.

A variable and a flag give text, TOML gives what TOML has; both are read to the same value.
The value is spelled in documents and in `mpmirror config` the way an operator writes it.
Nothing is guessed: ``true`` is no number, and ``6`` is no duration.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from mirror.catalog.kinds import Kind
from mirror.catalog.policy import Keep, Newest, Since, Within, spell_keep
from mirror.catalog.versions import Version
from mirror.config.addresses import parse_base_url
from mirror.config.units import (
    format_duration,
    format_share,
    format_size,
    parse_duration,
    parse_share,
    parse_size,
)
from mirror.errors import ConfigurationError, MalformedValueError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

#: The type of an error whose message is already meant for the operator.
OWN_PROBLEM = "setting"

#: More than any depth that anybody means.
MOST_VERSIONS = 100_000

_ALL = "all"
_MOST_LABEL = 100
_GLOB = re.compile(r"[A-Za-z0-9_*?\[\]!-]{1,100}")
_PACKAGE_GLOB = re.compile(r"[A-Za-z0-9_.*?\[\]!-]{1,100}")
_CONTACT = re.compile(r"[!-'*-~](?:[ -'*-~]{0,118}[!-'*-~])?")


@dataclass(frozen=True, slots=True)
class KeepFree:
    """What must stay free of a disk: the larger of *size* (bytes) and *share* of the disk."""

    size: int
    share: float

    def of(self, disk: int) -> int:
        """Return how many bytes of a disk of *disk* bytes must stay free."""
        return max(self.size, round(disk * self.share))


def _text(parse: Callable[[str], object]) -> BeforeValidator:
    """Read a setting that is written as text with *parse*."""

    def read(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return parse(value)
        except ConfigurationError as error:
            raise problem(str(error)) from error

    return BeforeValidator(read)


def problem(text: str) -> PydanticCustomError:
    """Return the error that tells the operator *text*."""
    # The text is a value of the template, never the template: it may hold braces.
    return PydanticCustomError(OWN_PROBLEM, "{problem}", {"problem": text})


def _not_bare(value: object, example: str) -> object:
    if isinstance(value, int | float):
        raise problem(f'expected a unit, such as "{example}", not {value!r}')
    return value


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise problem(f"expected a number, not {str(value).lower()}")
    return value


def between(least: timedelta, most: timedelta) -> AfterValidator:
    """Refuse a duration outside of *least* and *most*."""

    def check(value: timedelta) -> timedelta:
        if not least <= value <= most:
            limits = f"{format_duration(least)} to {format_duration(most)}"
            raise problem(f"expected {limits}, not {format_duration(value)!r}")
        return value

    return AfterValidator(check)


def _read_path(value: object) -> object:
    if isinstance(value, str) and (not value or "\0" in value):
        raise problem("expected a path, not an empty name")
    if isinstance(value, str) and value.startswith("~"):
        raise problem(f"expected a whole path: ~ means nothing here, in {value[:80]!r}")
    return value


def read_list(value: object) -> object:
    """Read a JSON list, or words with commas between them, or one word."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError) as error:
            raise problem(f"expected a JSON list, not {value[:80]!r}") from error
    return [word.strip() for word in value.split(",") if word.strip()]


def read_glob(value: object) -> object:
    """Refuse what is no pattern for ids of upstream."""
    if isinstance(value, str) and _GLOB.fullmatch(value) is None:
        raise problem(f'expected a name or a pattern such as "RPI_PICO*", not {value[:80]!r}')
    return value


def _read_package_glob(value: object) -> object:
    if isinstance(value, str) and _PACKAGE_GLOB.fullmatch(value) is None:
        raise problem(f'expected a name or a pattern such as "umqtt.*", not {value[:80]!r}')
    return value


def _read_label(value: object) -> object:
    if isinstance(value, str) and not (value.isprintable() and 1 <= len(value) <= _MOST_LABEL):
        raise problem(f'expected a name or a pattern such as "Seeed*", not {value[:80]!r}')
    return value


def _read_since(value: object) -> object:
    """Read a date, as TOML or text has it, or a version."""
    if value is None or isinstance(value, Version):
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return _read_day(value)
        with contextlib.suppress(MalformedValueError):
            return Version.parse(value)
    raise problem(
        f'expected a date such as "2025-01-31" or a version such as "v1.24.0", '
        f"not {str(value)[:80]!r}"
    )


def _read_day(text: str) -> date:
    # date.fromisoformat reads "20250131" and "2025-W05" too: one writing is enough.
    return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone


def _spell_since(since: Since | None) -> str | None:
    return None if since is None else str(since)


def _read_address(value: object) -> object:
    try:
        return ipaddress.ip_address(str(value))
    except ValueError as error:
        raise problem(f"expected a literal IP address, not {str(value)[:80]!r}") from error


def _read_contact(text: str) -> str:
    if _CONTACT.fullmatch(text) is None:
        raise ConfigurationError(
            "expected a mail address or a URL in at most 120 plain characters without "
            f"parentheses (it goes into the User-Agent), not {text[:80]!r}"
        )
    return text


def _read_keep_free(value: object) -> object:
    """Read ``2GB``, ``10%``, or both as a list or with a comma between them."""
    parts = read_list(value)
    if not isinstance(parts, list) or not 1 <= len(parts) <= 2 or not all(map(_is_text, parts)):  # noqa: PLR2004 - one size, one share
        return _not_keep_free(value)
    sizes = [part for part in parts if not part.endswith("%")]
    shares = [part for part in parts if part.endswith("%")]
    if len(sizes) > 1 or len(shares) > 1:
        return _not_keep_free(value)
    try:
        size = parse_size(sizes[0]) if sizes else 0
        return KeepFree(size, parse_share(shares[0]) if shares else 0.0)
    except ConfigurationError as error:
        raise problem(str(error)) from error


def _not_keep_free(value: object) -> object:
    if isinstance(value, KeepFree):
        return value
    raise problem(f'expected a size, a share or both, ["2GB", "10%"], not {str(value)[:80]!r}')


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _spell_keep_free(keep: KeepFree) -> Any:  # noqa: ANN401 - what JSON and TOML have
    parts = [format_size(keep.size)] * bool(keep.size) + [format_share(keep.share)] * bool(
        keep.share
    )
    return parts or [format_size(0)]


def spell_depth(depth: int | None) -> int | str:
    """Write *depth* as `read_depth` reads it."""
    return _ALL if depth is None else depth


def read_depth(value: object) -> object:
    """Read ``all`` as None, and leave a number for pydantic to judge."""
    if value is None or value == _ALL:
        return None
    if isinstance(value, bool) or (
        isinstance(value, str) and re.fullmatch("[0-9]{1,6}", value) is None
    ):
        raise problem(f'expected a number or "all", not {str(value)[:80]!r}')
    return value


def _read_keep(value: object) -> object:
    """Read ``all``, a number, or whole days such as ``90d``."""
    if isinstance(value, Newest | Within):
        return value
    if isinstance(value, str) and value.endswith("d"):
        return Within(_days(value))
    if value == _ALL:
        return Newest(None)
    number = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if re.fullmatch("[0-9]{1,6}", number) and int(number) <= MOST_VERSIONS:
        return Newest(int(number))
    raise problem(f'expected a number, "all" or days such as "90d", not {str(value)[:80]!r}')


def _days(text: str) -> int:
    try:
        return parse_duration(text).days
    except ConfigurationError as error:
        raise problem(f'expected days such as "90d", not {text[:80]!r}') from error


def _spell_keep(keep: Keep) -> int | str:
    if isinstance(keep, Newest) and keep.count is not None:
        return keep.count
    return spell_keep(keep)


Folder = Annotated[Path, BeforeValidator(_read_path)]
Duration = Annotated[
    timedelta,
    _text(parse_duration),
    BeforeValidator(lambda value: _not_bare(value, "6h")),
    PlainSerializer(format_duration),
]
Share = Annotated[
    float,
    _text(parse_share),
    BeforeValidator(lambda value: _not_bare(value, "10%")),
    PlainSerializer(format_share),
]
KeepFreeSetting = Annotated[
    KeepFree, BeforeValidator(_read_keep_free), PlainSerializer(_spell_keep_free)
]
Number = Annotated[int, BeforeValidator(_no_truth)]
Rate = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False), BeforeValidator(_no_truth)]
Depth = Annotated[
    Annotated[int, Field(ge=0, le=MOST_VERSIONS)] | None,
    BeforeValidator(read_depth),
    PlainSerializer(spell_depth),
]
KeepSetting = Annotated[Keep, BeforeValidator(_read_keep), PlainSerializer(_spell_keep)]
Globs = Annotated[
    tuple[Annotated[str, BeforeValidator(read_glob)], ...], BeforeValidator(read_list)
]
PackageGlobs = Annotated[
    tuple[Annotated[str, BeforeValidator(_read_package_glob)], ...], BeforeValidator(read_list)
]
Labels = Annotated[
    tuple[Annotated[str, BeforeValidator(_read_label)], ...], BeforeValidator(read_list)
]
SinceSetting = Annotated[Since | None, BeforeValidator(_read_since), PlainSerializer(_spell_since)]
Kinds = Annotated[tuple[Kind, ...], BeforeValidator(read_list)]
Addresses = Annotated[
    tuple[
        Annotated[
            ipaddress.IPv4Address | ipaddress.IPv6Address,
            BeforeValidator(_read_address),
            PlainSerializer(str),
        ],
        ...,
    ],
    BeforeValidator(read_list),
]
SiteUrl = Annotated[str, _text(parse_base_url)]
Contact = Annotated[str, _text(_read_contact)]
