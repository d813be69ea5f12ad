"""How far other mirrors were seen to publish: the highest sequence of each lineage (P7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.reached import Reached

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files

PEERS_FILE: Final = "peers.json"
_FILE_BYTES: Final = 1 << 20

_Lineage = Annotated[str, Field(pattern=r"^[0-9a-f]{32}\z")]


@dataclass(frozen=True, slots=True)
class PeerPlace:
    """The highest publication that was seen of a lineage, and the digest of its root."""

    sequence: Annotated[int, Field(ge=1)]
    root: Digest


_PLACES: Final[Shape[dict[str, PeerPlace]]] = Shape(dict[_Lineage, PeerPlace])


class Peers(Reached[PeerPlace]):
    """The places of one data folder; for its one writer.  Raises `StorageError`s only."""

    def __init__(self, folder: Path, files: Files) -> None:
        super().__init__(folder / PEERS_FILE, files, _PLACES, _FILE_BYTES, "mirrors")

    async def find(self, lineage: str) -> PeerPlace | None:
        """Return how far *lineage* was seen; `DamagedError` when nobody can say."""
        return (await self.places()).get(lineage)

    async def reach(self, lineage: str, place: PeerPlace) -> None:
        """Remember *place*, durably, unless the lineage was seen so far already."""
        await self.advance(lineage, place)
