"""mpflash's offline folder: which files, under which names, and what it is told of them.

At its next start mpflash takes ``firmware.jsonl`` from the folder that ``MPFLASH_FIRMWARE``
names, puts a row for each line into its database, and renames it.  It finds files by board
and version then, without any network.  Names are without date and hash, as mpflash itself
would have stored them: its preview is a file with that word in its name, the one with the
highest number.  Kinds that mpflash does not flash on a port are left out, and so are own
builds and the daily builds before v1.22.0, which it has no word for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.versions import Version
from mirror.errors import MalformedValueError
from mirror.frozen import dataclass
from mirror.publication.dialects.offers import Offer, as_json, build_name, offers
from mirror.publication.documents import FileEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.publication.documents import BoardDocument

LIST: Final = "firmware.jsonl"

#: What mpflash 1.29.0 flashes on each port.
_KINDS: Final = {
    "stm32": (Kind.DFU, Kind.BIN),
    "esp32": (Kind.BIN,),
    "esp8266": (Kind.BIN,),
    "rp2": (Kind.UF2,),
    "samd": (Kind.UF2,),
    "mimxrt": (Kind.HEX,),
    "nrf": (Kind.UF2,),
    "renesas-ra": (Kind.HEX,),
}


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of the folder: where it goes, whose bytes it has, and its line of the list."""

    port: str
    name: str
    file: FileEntry
    line: bytes


def stored(board: BoardDocument) -> Iterator[Stored]:
    """Yield what the folder has of *board*, newest first; each name once."""
    port = board.port or ""
    taken: set[str] = set()
    for some in offers(board, *_KINDS.get(port, ())).values():
        for offer in some:
            version = _version(offer)
            name = f"{_build(board, offer)}-{_short(version)}.{offer.file.kind}" if version else ""
            if version and name not in taken:
                taken.add(name)
                yield Stored(port, name, offer.file, _line(board, offer, version, f"{port}/{name}"))


def _version(offer: Offer) -> Version | None:
    try:
        version = Version.parse(offer.release.version)
    except MalformedValueError:
        return None
    known = version.maturity is Maturity.RELEASE or "-preview" in version.text
    return version if known and version.maturity is offer.release.maturity else None


def _short(version: Version) -> str:
    if version.maturity is Maturity.RELEASE:
        return version.text
    return f"v{version.base_text}-preview.{version.number or 0}"


def _build(board: BoardDocument, offer: Offer) -> str:
    return build_name(board.board, offer.file.variant)


def _line(board: BoardDocument, offer: Offer, version: Version, filename: str) -> bytes:
    return as_json(
        {
            "port": board.port,
            "board": board.board,
            "variant": _build(board, offer),
            "filename": filename,
            "firmware": offer.file.source,
            "preview": version.maturity is Maturity.PREVIEW,
            "version": f"v{version.base_text}",
            "build": str(version.number or 0),
            "ext": f".{offer.file.kind}",
            "url": "",
            "family": "micropython",
            "custom": False,
            "description": "",
        }
    )
