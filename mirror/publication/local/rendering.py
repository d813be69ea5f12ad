"""Render the local layer: each board by every dialect, then what names all boards."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from mirror.errors import MalformedValueError
from mirror.publication.keys import KEY_PATH, RECOVERY_PATH, ROTATIONS_PATH
from mirror.publication.local.boards import INDEX_PATH
from mirror.publication.local.dialect import Site
from mirror.publication.local.layer import encode_layer
from mirror.publication.local.registry import DIALECTS
from mirror.publication.local.specimen import SPECIMEN_PHOTOGRAPHS, SPECIMENS
from mirror.publication.local.sums import SUMS_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mirror.publication.documents import BoardDocument
    from mirror.publication.local.dialect import Dialect, Documents, Rendered
    from mirror.publication.local.layer import Layer

_OWN: Final = (INDEX_PATH, SUMS_PATH, KEY_PATH, RECOVERY_PATH, ROTATIONS_PATH)
_MOST_PACKED: Final = 16 * 1024


def render_layer(board: BoardDocument, site: Site, dialects: Sequence[Dialect] = DIALECTS) -> bytes:
    """Return the layer of *board*, by every one of *dialects*."""
    held = replace(board, on_demand=())
    documents = merged(dialect.per_board(held, site) for dialect in dialects)
    summaries = {
        dialect.name: dialect.summarise(board if dialect.counts_offers else held, site)
        for dialect in dialects
    }
    return _encoded(board, documents, summaries)


def render_offers(
    board: BoardDocument, site: Site, before: Layer, dialects: Sequence[Dialect] = DIALECTS
) -> bytes:
    """Return what `render_layer` would, from the layer *before* of a board that was the same.

    That is the same but for what is on demand, and on the same *site*.
    """
    summaries = {
        dialect.name: dialect.summarise(board, site)
        if dialect.counts_offers
        else before.summary(dialect.name)
        for dialect in dialects
    }
    return _encoded(board, before.documents(), summaries)


def same_but_for_offers(one: bytes, other: bytes) -> bool:
    """Whether two board documents, encoded, are equal in all but what is on demand."""
    parts = _around_offers(one)
    if parts is not None and parts == _around_offers(other):
        return True
    boards = [json.loads(one), json.loads(other)]
    for board in boards:
        board.pop("on_demand", None)
    return bool(boards[0] == boards[1])


def _around_offers(document: bytes) -> tuple[bytes, bytes] | None:
    """Return what stands before and behind the offers of a *document* as we write it."""
    # In a text both would have backslashes, and nothing else in a board has these keys.
    before, key, rest = document.partition(b'"on_demand":[')
    _, end, behind = rest.partition(b'],"page":')
    return (before, behind) if end and key not in rest else None


def _encoded(board: BoardDocument, documents: Documents, summaries: dict[str, bytes]) -> bytes:
    spoken = {name: summary for name, summary in summaries.items() if summary}
    return encode_layer(board.board, documents, spoken)


def render_lists(
    summaries: Callable[[str], Iterable[bytes]],
    site: Site,
    dialects: Sequence[Dialect] = DIALECTS,
) -> Iterator[tuple[str, Rendered]]:
    """Yield what names all boards; *summaries* gives those of a dialect, in the order of boards.

    It is asked once for each name, when the lists of that dialect are made.  Raises
    `MalformedValueError` for a path that comes twice.
    """
    seen: set[str] = set()
    for dialect in dialects:
        for path, rendered in dialect.combine(summaries(dialect.name), site):
            if path in seen:
                raise MalformedValueError(f"two dialects render {path}")
            seen.add(path)
            yield path, rendered
            # Not kept while the next one is made: some are megabytes.
            del rendered


def is_own(path: str, rendered: Rendered) -> bool:
    """Whether what names all boards is a document of its own, and no part of their layer.

    What is large is written only when it changes, and read without the others: the release
    of an old tag stays as it is.  The index, sums and keys are so whatever their size.
    """
    return path in _OWN or len(rendered.body) > _MOST_PACKED


def fingerprint(site: Site, dialects: Sequence[Dialect] = DIALECTS) -> str:
    """Return a word that is another one when boards would be rendered otherwise than before.

    It is made of what a few specimens are rendered as: nobody has to remember to say that a
    dialect was changed, as far as a specimen shows it.  It is the same whatever photographs are
    held: these change single boards.
    """
    return _fingerprint(site.public_url, site.upstream, tuple(dialects))


@lru_cache(maxsize=4)
def _fingerprint(public_url: str | None, upstream: str, dialects: tuple[Dialect, ...]) -> str:
    site = Site(public_url, upstream, SPECIMEN_PHOTOGRAPHS)
    seen = hashlib.sha256(f"{site.public_url} {site.upstream}\n".encode())
    for dialect in dialects:
        seen.update(f"{dialect.name} {dialect.version}\n".encode())
    layers = [render_layer(board, site, dialects) for board in SPECIMENS]
    for layer in layers:
        seen.update(layer)
    return seen.hexdigest()[:32]


def merged(parts: Iterable[Documents]) -> dict[str, Rendered]:
    """Return the documents of all *parts*; raise `MalformedValueError` for one that is twice."""
    found: dict[str, Rendered] = {}
    for path, rendered in _each(parts):
        if path in found:
            raise MalformedValueError(f"two dialects render {path}")
        found[path] = rendered
    return found


def _each(parts: Iterable[Documents]) -> Iterator[tuple[str, Rendered]]:
    for part in parts:
        yield from part.items()
