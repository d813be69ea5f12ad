"""The boards that MicroPython built for in August 2026, carried along for two small helps.

They let `mpmirror init` say what a policy will cost, and `mpmirror verify` know the chip of
a board by its name.  Nothing is held, dropped or served because of this list: upstream's own
pages say what there is.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class KnownBoard:
    """A board: its id, port and MCU, how many builds (variants) it has, whether it has a radio.

    ``radio`` is told for rp2 only, where the radio's own firmware makes the images larger.
    """

    board: str
    port: str
    mcu: str
    builds: int
    radio: bool


@cache
def known_boards() -> tuple[KnownBoard, ...]:
    """Return all boards of ``boards.txt``."""
    text = files("mirror.first_setup").joinpath("boards.txt").read_text(encoding="ascii")
    rows = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return tuple(
        KnownBoard(board, port, mcu, int(builds), radio == "radio")
        for board, port, mcu, builds, radio in rows
    )


def find_board(board: str | None) -> KnownBoard | None:
    """Return the board of this id, or None for one that is newer, older, or nobody's."""
    return next((known for known in known_boards() if known.board == board), None)


def unknown_patterns(patterns: Sequence[str]) -> list[str]:
    """Return those of *patterns* that no board fits: a newer board, or a slip."""
    boards = [known.board for known in known_boards()]
    return [one for one in patterns if not any(fnmatchcase(board, one) for board in boards)]
