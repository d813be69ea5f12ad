"""Durations, sizes and shares as operators write them: ``6h``, ``2GB``, ``10%``.

Every ``format_x`` writes what its ``parse_x`` reads back to the same value.  What does not
fit is refused with a `ConfigurationError` that says how it is written; a number without a
unit is never guessed.
"""

from __future__ import annotations

import re
from datetime import timedelta

from mirror.errors import ConfigurationError

_DURATION = re.compile(
    r"(?:(?P<days>[0-9]{1,5})d)?(?:(?P<hours>[0-9]{1,5})h)?"
    r"(?:(?P<minutes>[0-9]{1,6})m)?(?:(?P<seconds>[0-9]{1,8})s)?"
)
_SIZE = re.compile(r"(?P<whole>[0-9]{1,15})(?:\.(?P<part>[0-9]{1,3}))? ?(?P<unit>[A-Za-z]{1,3})")
_SHARE = re.compile(r"(?P<number>[0-9]{1,3}(?:\.[0-9]{1,6})?) ?%")

_DECIMAL = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BINARY = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_UNITS = {unit.lower(): size for unit, size in (_DECIMAL | _BINARY).items()}


def parse_duration(text: str) -> timedelta:
    """Read days, hours, minutes and seconds, largest first: ``6h``, ``1h30m``, ``3d``."""
    found = _DURATION.fullmatch(text)
    if found is None or not text:
        raise ConfigurationError(f'expected a duration such as "6h" or "1h30m", not {_cut(text)}')
    return timedelta(**{unit: int(number or 0) for unit, number in found.groupdict().items()})


def format_duration(duration: timedelta) -> str:
    """Write *duration*, in whole seconds, with as few units as it takes: ``6h``, ``1h30m``."""
    minutes, seconds = divmod(duration.days * 86_400 + duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")]
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def parse_size(text: str) -> int:
    """Read a size in bytes: ``2GB`` is 2,000,000,000 and ``2GiB`` is 2,147,483,648."""
    found = _SIZE.fullmatch(text)
    unit = _UNITS.get(found["unit"].lower()) if found else None
    if found is None or unit is None:
        raise ConfigurationError(f'expected a size such as "2GB" or "512MiB", not {_cut(text)}')
    return int(found["whole"]) * unit + int((found["part"] or "").ljust(3, "0")) * unit // 1000


def format_size(size: int) -> str:
    """Write *size* (bytes) exactly, with the unit that makes the shortest number."""
    units = (_DECIMAL | _BINARY).items()
    number, _, name = min((size // unit, unit, name) for name, unit in units if size % unit == 0)
    return f"{number}{name}"


def describe_size(size: int) -> str:
    """Say *size* (bytes) to a person, rounded: ``1.4 GB``, ``220 MB``."""
    for name, unit in reversed(_DECIMAL.items()):
        if size >= unit:
            number = size / unit
            return f"{number:.1f} {name}" if number < 10 and unit > 1 else f"{number:.0f} {name}"  # noqa: PLR2004 - two digits say enough
    return "0 B"


def parse_share(text: str) -> float:
    """Read a percentage, ``10%``, as the fraction 0.1; from ``0%`` to ``100%``."""
    found = _SHARE.fullmatch(text)
    share = float(found["number"]) / 100 if found else -1.0
    if not 0 <= share <= 1:
        raise ConfigurationError(f'expected a share such as "10%", not {_cut(text)}')
    return share


def format_share(share: float) -> str:
    """Write the fraction *share* as a percentage: 0.1 as ``10%``."""
    return f"{share * 100:.8g}%"


def _cut(text: str) -> str:
    return repr(text[:80])
