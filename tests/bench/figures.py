"""Figures beside their targets, for the benchmarks that are no plain comparison."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, as text, beside its target; *met* is whether it keeps to that."""

    what: str
    measured: str
    target: str
    met: bool = True


def at_least(what: str, value: float, least: float) -> Figure:
    """Return a ratio that shall not be lower."""
    return Figure(what, f"{value:.2f}", f">= {least}", value >= least)


def below(what: str, value: float, most: float, unit: str) -> Figure:
    """Return a number of *unit* that shall be lower than *most*."""
    return Figure(what, f"{value:,.2f} {unit}".replace(".00 ", " "), f"< {most:g}", value < most)


def show(title: str, figures: Sequence[Figure]) -> int:
    """Print the table; return 0 when every target is met, else 1."""
    table = Table("what", "measured", "target", title=f"{title}, load {os.getloadavg()[0]:.1f}")
    for one in figures:
        table.add_row(one.what, one.measured, one.target if one.met else f"{one.target} MISSED")
    Console(width=110).print(table)
    return 0 if all(one.met for one in figures) else 1
