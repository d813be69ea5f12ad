"""Walk the subtrees of a content tree to the last of their bytes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.publication.subtrees import Named, names_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable


@dataclass(slots=True)
class Reached:
    """What subtrees name: their ``documents``, and the ``files`` that are served."""

    documents: set[Digest] = field(default_factory=set)
    files: set[Digest] = field(default_factory=set)


class SubtreeWalk:
    """Walks subtrees whose documents *read* gives; a document that several share is read once."""

    def __init__(self, read: Callable[[Digest], Awaitable[bytes]]) -> None:
        self._read = read
        self._named: dict[Digest, Named] = {}

    async def reached(self, tops: Iterable[Digest]) -> Reached:
        """Return all that the subtrees under *tops* name, *tops* among the documents.

        Raises what *read* raises, and `MalformedValueError` or `ForeignDataError` for a
        document that nobody can read.
        """
        found = Reached()
        left = list(tops)
        while left:
            digest = left.pop()
            if digest in found.documents:
                continue
            named = await self._names_in(digest)
            found.documents.add(digest)
            found.files |= named.files
            left.extend(named.documents)
        return found

    async def _names_in(self, digest: Digest) -> Named:
        if digest not in self._named:
            self._named[digest] = await asyncio.to_thread(names_in, await self._read(digest))
        return self._named[digest]
