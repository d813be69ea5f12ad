"""How much of a disk the mirror's files may take: a size, or a share of the disk."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from mirror.config.fields import problem
from mirror.config.units import format_share, format_size, parse_share, parse_size
from mirror.errors import ConfigurationError
from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Water:
    """So many bytes, or that *share* of the disk: one of both is None."""

    size: int | None
    share: float | None

    def of(self, disk: int) -> int:
        """Return how many bytes of a disk of *disk* bytes this is."""
        return self.size if self.size is not None else round(disk * (self.share or 0.0))

    def __str__(self) -> str:
        return format_size(self.size) if self.size is not None else format_share(self.share or 0.0)


def _read(value: object) -> object:
    if value is None or isinstance(value, Water):
        return value
    if not isinstance(value, str):
        raise problem(f'expected a size or a share, "20GB" or "50%", not {str(value)[:80]!r}')
    try:
        if value.endswith("%"):
            return Water(None, parse_share(value))
        return Water(parse_size(value), None)
    except ConfigurationError as error:
        raise problem(str(error)) from error


def _spell(water: Water | None) -> str | None:
    return None if water is None else str(water)


WaterSetting = Annotated[Water | None, BeforeValidator(_read), PlainSerializer(_spell)]
