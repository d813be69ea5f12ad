"""The index of Arduino's MicroPython Installer, and the paths of its files.

The installer asks downloads.arduino.cc for ``/micropython/index.json`` and puts ``url``
behind that host.  Of a board it takes the first release of its type that ends as the board's
files do, whatever the variant: so only default variants are named, newest first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind
from mirror.frozen import dataclass
from mirror.publication.dialects.offers import firmware_path, offers, words
from mirror.publication.local.dialect import JSON, Dialect, Lists, Rendered, Site
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.publication.dialects.offers import Offer
    from mirror.publication.documents import BoardDocument

FOLDER: Final = "/micropython/"
INDEX: Final = f"{FOLDER}index.json"
#: What the installer flashes, of any of its boards.
KINDS: Final = (Kind.DFU, Kind.BIN, Kind.APP_BIN, Kind.UF2)
_ARDUINO: Final = "ARDUINO_"


@dataclass(frozen=True, slots=True)
class Release:
    """One file of one version."""

    type: str
    version: str
    url: str


@dataclass(frozen=True, slots=True)
class Board:
    """One board, its releases newest first."""

    name: str
    releases: tuple[Release, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """All boards of Arduino that something is held of."""

    boards: tuple[Board, ...]


_BOARD = Shape(Board)
_INDEX = Shape(Index)


def offered(board: BoardDocument) -> list[Offer]:
    """Return what the index names of *board*, newest first."""
    if not board.board.startswith(_ARDUINO):
        return []
    return offers(board, *KINDS).get(None, [])


def _summarise(board: BoardDocument, _site: Site) -> bytes:
    releases = tuple(_release(offer) for offer in offered(board))
    return _BOARD.dump_json(Board(words(board.board), releases)) if releases else b""


def _combine(summaries: Iterable[bytes], _site: Site) -> Lists:
    boards = tuple(_BOARD.validate_json(summary) for summary in summaries if summary)
    yield INDEX, Rendered(_INDEX.dump_json(Index(boards), indent=1) + b"\n", JSON)


def _release(offer: Offer) -> Release:
    return Release(
        type="(stable)" if offer.is_release else "(preview)",
        version=words(offer.version),
        url=firmware_path(offer.file.name, FOLDER),
    )


ARDUINO: Final = Dialect(name="arduino", summarise=_summarise, combine=_combine)
