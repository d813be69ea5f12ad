"""How far other mirrors were seen to publish: the highest sequence of each lineage (P7).

``peers.json`` is durable and no part of the index: whoever lost the database is still not
led back.  The newest thousand lineages are kept; one more is one more mirror that was made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, ValidationError

from mirror.catalog.values import Digest
from mirror.errors import DamagedError
from mirror.shapes import Shape
from mirror.storage.disk import find_bytes
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files

PEERS_FILE: Final = "peers.json"
_MOST: Final = 1000
_FILE_BYTES: Final = 1 << 20

_Lineage = Annotated[str, Field(pattern=r"^[0-9a-f]{32}\z")]


@dataclass(frozen=True, slots=True)
class PeerPlace:
    """The highest publication that was seen of a lineage, and the digest of its root."""

    sequence: Annotated[int, Field(ge=1)]
    root: Digest


_PLACES = Shape(dict[_Lineage, PeerPlace])


class Peers:
    """The places of one data folder; for its one writer.  Raises `StorageError`s only."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._path = folder / PEERS_FILE
        self._files = files

    async def find(self, lineage: str) -> PeerPlace | None:
        """Return how far *lineage* was seen; `DamagedError` when nobody can say."""
        return (await to_end(self._read)).get(lineage)

    async def reach(self, lineage: str, place: PeerPlace) -> None:
        """Remember *place*, durably, unless the lineage was seen farther already."""
        await to_end(self._reach, lineage, place)

    def _reach(self, lineage: str, place: PeerPlace) -> None:
        places = self._read()
        known = places.pop(lineage, None)
        if known is not None and known.sequence >= place.sequence:
            return
        places[lineage] = place
        newest = dict(list(places.items())[-_MOST:])
        self._files.write(self._path, _PLACES.dump_json(newest) + b"\n")

    def _read(self) -> dict[str, PeerPlace]:
        text = find_bytes(self._path, _FILE_BYTES)
        if text is None:
            return {}
        try:
            return _PLACES.validate_json(text)
        except ValidationError as error:
            raise DamagedError(f"{self._path} does not say how far mirrors were seen") from error
