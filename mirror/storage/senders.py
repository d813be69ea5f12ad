"""How far the senders of bundles were seen: of each lineage and channel the highest (P7).

``senders.json`` is durable and no part of the index: nobody is led back by losing the database.
It also has the lines of each sender's ledger that were told, by their hashes: the next bundle
must tell the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, ValidationError

from mirror.catalog.values import Digest
from mirror.errors import DamagedError
from mirror.publication.bundle import Mark
from mirror.shapes import Shape
from mirror.storage.disk import find_bytes
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files

SENDERS_FILE: Final = "senders.json"
_MOST: Final = 1000
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


_SENDERS = Shape(dict[_Place, Sender])


class Senders:
    """The senders of one data folder, in the order of their last bundle.  `StorageError`s only."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._path = folder / SENDERS_FILE
        self._files = files

    async def all(self) -> dict[tuple[str, str], Sender]:
        """Return what came last, by lineage and channel; `DamagedError` when nobody can say."""
        found = await to_end(self._read)
        return {(place[:32], place[33:]): sender for place, sender in found.items()}

    async def reach(self, lineage: str, channel: str, sender: Sender) -> None:
        """Remember *sender*, durably, unless that was seen farther already."""
        await to_end(self._reach, f"{lineage} {channel}", sender)

    def _reach(self, place: str, sender: Sender) -> None:
        senders = self._read()
        known = senders.pop(place, None)
        if known is not None and known.sequence > sender.sequence:
            return
        senders[place] = sender
        newest = dict(list(senders.items())[-_MOST:])
        self._files.write(self._path, _SENDERS.dump_json(newest) + b"\n")

    def _read(self) -> dict[str, Sender]:
        text = find_bytes(self._path, _FILE_BYTES)
        if text is None:
            return {}
        try:
            return _SENDERS.validate_json(text)
        except ValidationError as error:
            raise DamagedError(f"{self._path} does not say how far senders were seen") from error
