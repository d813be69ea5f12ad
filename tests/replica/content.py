"""The bytes of the site's files: made when asked for, and kept within a bound.

A generated image is made in a thread and kept among the last used; a real one stays on disk
and is sent from there.  `Shelf.unpack` writes generated ones to disk beforehand, for
measurements that should measure the client.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.replica.images import Recipe, make_image

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.replica.stock import StoredFile

_KEPT_BYTES: Final = 96 << 20
_KEPT_PAGES: Final = 1000


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes of *size*: in memory, or in the file *path*."""

    size: int
    data: bytes | None = None
    path: Path | None = None

    @classmethod
    def of(cls, data: bytes) -> Content:
        """Return *data* as content."""
        return cls(len(data), data)

    async def read(self) -> bytes:
        """Return all the bytes."""
        if self.path is not None:
            return await asyncio.to_thread(self.path.read_bytes)
        return self.data or b""


class Shelf:
    """Gives the content of files, and keeps what it made while there is room.

    So many ``pages`` may be kept as they go out.
    """

    def __init__(self, kept_bytes: int = _KEPT_BYTES, pages: int = _KEPT_PAGES) -> None:
        self.pages = pages
        self._room = kept_bytes
        self._made: OrderedDict[Recipe, bytes] = OrderedDict()
        self._unpacked: dict[Recipe, Path] = {}

    async def content(self, file: StoredFile) -> Content:
        """Return the content of *file*."""
        if isinstance(file.source, Path):
            return await _on_disk(file.source)
        unpacked = self._unpacked.get(file.source)
        if unpacked is not None:
            return await _on_disk(unpacked)
        return Content.of(self._kept(file.source) or await self._make(file.source))

    async def unpack(self, files: Iterable[StoredFile], folder: Path) -> None:
        """Write the generated ones of *files* to *folder*; they are sent from there from now on."""
        for file in files:
            if isinstance(file.source, Recipe):
                path = folder / file.name
                await asyncio.to_thread(_write, file.source, path)
                self._unpacked[file.source] = path

    def _kept(self, recipe: Recipe) -> bytes | None:
        data = self._made.get(recipe)
        if data is not None:
            self._made.move_to_end(recipe)
        return data

    async def _make(self, recipe: Recipe) -> bytes:
        data = await asyncio.to_thread(make_image, recipe)
        if recipe not in self._made:
            self._made[recipe] = data
            self._room -= len(data)
        while self._room < 0:
            _, oldest = self._made.popitem(last=False)
            self._room += len(oldest)
        return data


async def _on_disk(path: Path) -> Content:
    status = await asyncio.to_thread(path.stat)
    return Content(status.st_size, path=path)


def _write(recipe: Recipe, path: Path) -> None:
    path.write_bytes(make_image(recipe))
