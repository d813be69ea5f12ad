"""How far the senders of bundles were seen: of each lineage and channel the highest (P7).

The file also has the lines of each sender's ledger that were told, by their hashes: the next
bundle must tell the same.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.publication.bundle import Mark
from mirror.shapes import Shape
from mirror.storage.reached import Reached

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files

SENDERS_FILE: Final = "senders.json"
_FILE_BYTES: Final = 64 << 20

_Place = Annotated[str, Field(pattern=r"^[0-9a-f]{32} [a-z0-9][a-z0-9-]{0,62}\z")]


@dataclass(frozen=True, slots=True)
class Sender:
    """What came last from a lineage on a channel; ``checked`` is when that was upstream's state."""

    sequence: Annotated[int, Field(ge=1)]
    content: Digest
    key: str
    checked: str | None = None
    ledger: tuple[Mark, ...] = field(default=())


_SENDERS: Final[Shape[dict[str, Sender]]] = Shape(dict[_Place, Sender])


class Senders(Reached[Sender]):
    """The senders of one data folder, in the order of their last bundle.  `StorageError`s only."""

    def __init__(self, folder: Path, files: Files) -> None:
        super().__init__(folder / SENDERS_FILE, files, _SENDERS, _FILE_BYTES, "senders")

    async def all(self) -> dict[tuple[str, str], Sender]:
        """Return what came last, by lineage and channel; `DamagedError` when nobody can say."""
        found = await self.places()
        return {(place[:32], place[33:]): sender for place, sender in found.items()}

    async def reach(self, lineage: str, channel: str, sender: Sender) -> None:
        """Remember *sender*, durably, unless that was seen farther already."""
        await self.advance(f"{lineage} {channel}", sender)

    def is_news(self, place: Sender, known: Sender) -> bool:
        """Say so also of the same publication: another bundle can tell more of the ledger."""
        return place.sequence >= known.sequence
