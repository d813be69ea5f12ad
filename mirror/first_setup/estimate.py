"""How much a policy will fetch, before anything is asked: an estimate, and called one.

It counts the boards that MicroPython built for in August 2026 (``boards.txt``) and takes
an average size for each kind of file.  Boards that are newer are not counted; boards that
have fewer versions than asked for are counted as if they had them.
"""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind
from mirror.first_setup.boards import find_board, known_boards
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.config.settings import PolicySettings
    from mirror.first_setup.boards import KnownBoard

#: Average bytes of a file, by group of boards and kind; groups are ports, but for the
#: boards of esp32 that have a UF2 file too and those of rp2 with a radio.  Measured on
#: upstream's files; those of renesas-ra, alif, cc3200 and psoc-edge are guesses.
_BYTES: Final = {
    "esp32": {Kind.BIN: 1_650_000, Kind.APP_BIN: 1_600_000},
    "esp32-uf2": {Kind.BIN: 1_650_000, Kind.APP_BIN: 1_600_000, Kind.UF2: 3_200_000},
    "esp8266": {Kind.BIN: 600_000},
    "rp2": {Kind.UF2: 650_000},
    "rp2-radio": {Kind.UF2: 1_700_000},
    "samd": {Kind.UF2: 480_000},
    "stm32": {Kind.DFU: 400_000, Kind.HEX: 1_000_000},
    "nrf": {Kind.BIN: 260_000, Kind.HEX: 700_000},
    "mimxrt": {Kind.BIN: 500_000, Kind.HEX: 1_400_000, Kind.UF2: 1_000_000},
    "renesas-ra": {Kind.BIN: 400_000, Kind.HEX: 1_000_000},
    "alif": {Kind.ZIP: 1_000_000},
    "cc3200": {Kind.ZIP: 200_000},
    "psoc-edge": {Kind.ZIP: 1_000_000},
}
_UNKNOWN_BYTES: Final = 1_000_000
_WITH_UF2: Final = {"esp32s2", "esp32s3"}
#: What "all" comes to: upstream keeps 7 to 16 releases of most builds, and four previews.
_ALL_RELEASES = 12
_ALL_PREVIEWS = 4
#: The index, a page for each port and each MCU, and one for each board.
_PAGES = 280


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a policy comes to: boards, files, bytes, and the requests of a first sync."""

    boards: int
    files: int
    size: int
    requests: int

    def duration(self, requests_per_second: float) -> timedelta:
        """Return the time that the requests take at this rate, on a line that keeps up."""
        if not requests_per_second:
            return timedelta()
        return timedelta(seconds=round(self.requests / requests_per_second))


def estimate(policy: PolicySettings) -> Estimate:
    """Estimate what *policy* fetches from upstream in its first sync.

    Vendors, ``since`` and overrides are not looked at: the list of boards does not know the
    first two, and `mpmirror init` sets none of them.
    """
    chosen = [board for board in known_boards() if _wanted(board, policy)]
    versions = _depth(policy.releases, _ALL_RELEASES) + _depth(policy.previews, _ALL_PREVIEWS)
    sizes = [
        size
        for board in chosen
        for kind, size in _BYTES[_group(board)].items()
        if kind in policy.kinds
        for _ in range(board.builds * versions)
    ]
    return Estimate(len(chosen), len(sizes), sum(sizes), _PAGES + len(sizes))


def typical_size(board: str, kind: Kind) -> int:
    """Estimate the bytes of one file of *kind* for *board*, by files of its like."""
    known = find_board(board)
    sizes = _BYTES[_group(known)] if known else {}
    return sizes.get(kind, _UNKNOWN_BYTES)


def _group(board: KnownBoard) -> str:
    if board.mcu in _WITH_UF2:
        return "esp32-uf2"
    return "rp2-radio" if board.radio else board.port


def _wanted(board: KnownBoard, policy: PolicySettings) -> bool:
    fits = any(fnmatchcase(board.board, pattern) for pattern in policy.boards)
    return fits and _fits(board.port, policy.ports) and _fits(board.mcu, policy.mcus)


def _fits(text: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(text, pattern) for pattern in patterns)


def _depth(wanted: int | None, everything: int) -> int:
    return everything if wanted is None else min(wanted, everything)
