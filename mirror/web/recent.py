"""Keep the answers that were asked for last, up to a number and a size; make each once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from mirror.web.documents import Document

Key = TypeVar("Key", bound="Hashable")


class Recent(Generic[Key]):
    """At most *most* documents of together at most *most_bytes*; the oldest make room."""

    def __init__(self, *, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._documents: OrderedDict[Key, Document] = OrderedDict()
        self._making: dict[Key, asyncio.Lock] = {}
        self._bytes = 0

    async def get(self, key: Key, make: Callable[[], Awaitable[Document]]) -> Document:
        """Return the document for *key*; *make* it once, however many ask meanwhile."""
        if key in self._documents:
            self._documents.move_to_end(key)
            return self._documents[key]
        async with self._making.setdefault(key, asyncio.Lock()):
            found = self._documents.get(key)
            if found is not None:
                return found
            try:
                document = await make()
            finally:
                self._making.pop(key, None)
            self._keep(key, document)
            return document

    def _keep(self, key: Key, document: Document) -> None:
        self._documents[key] = document
        self._bytes += len(document.body)
        while len(self._documents) > self._most or self._bytes > self._most_bytes:
            _, oldest = self._documents.popitem(last=False)
            self._bytes -= len(oldest.body)
