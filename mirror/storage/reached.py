"""How far others were seen, in a file of ours: for each of them the farthest (P7).

Durable and no part of the index: whoever lost the database is still not led back.  The newest
thousand are kept; one more is one more mirror that was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from pydantic import ValidationError

from mirror.errors import DamagedError
from mirror.storage.disk import find_bytes
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.shapes import Shape
    from mirror.storage.files import Files

_MOST: Final = 1000


class Place(Protocol):
    """What was seen farthest: it has a sequence, which only rises."""

    @property
    def sequence(self) -> int:
        """That of the publication."""
        ...


_Place = TypeVar("_Place", bound=Place)


class Reached(Generic[_Place]):
    """What *shape* says is in the file *path*, in the order in which it was reached.

    For its one writer; *whose* says in an error of whom it tells.  Raises `StorageError`s only.
    """

    def __init__(
        self, path: Path, files: Files, shape: Shape[dict[str, _Place]], most: int, whose: str
    ) -> None:
        self._path = path
        self._files = files
        self._shape = shape
        self._most_bytes = most
        self._whose = whose

    async def places(self) -> dict[str, _Place]:
        """Return how far each was seen; `DamagedError` when nobody can say."""
        return await to_end(self._read)

    async def advance(self, name: str, place: _Place) -> None:
        """Remember durably that *name* reached *place*, unless it was seen farther already."""
        await to_end(self._advance, name, place)

    def is_news(self, place: _Place, known: _Place) -> bool:
        """Say whether *place* takes the stead of what is *known*."""
        return place.sequence > known.sequence

    def _advance(self, name: str, place: _Place) -> None:
        places = self._read()
        known = places.pop(name, None)
        if known is not None and not self.is_news(place, known):
            return
        places[name] = place
        newest = dict(list(places.items())[-_MOST:])
        self._files.write(self._path, self._shape.dump_json(newest) + b"\n")

    def _read(self) -> dict[str, _Place]:
        text = find_bytes(self._path, self._most_bytes)
        if text is None:
            return {}
        try:
            return self._shape.validate_json(text)
        except ValidationError as error:
            raise DamagedError(
                f"{self._path} does not say how far {self._whose} were seen"
            ) from error
