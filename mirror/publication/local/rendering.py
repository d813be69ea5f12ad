"""Render the local layer: each board by every dialect, then what names all boards."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from mirror.errors import MalformedValueError
from mirror.publication.keys import KEY_PATH
from mirror.publication.local.boards import INDEX_PATH
from mirror.publication.local.layer import ALL_BOARDS, encode_layer
from mirror.publication.local.registry import DIALECTS
from mirror.publication.local.specimen import SPECIMENS
from mirror.publication.local.sums import SUMS_PATH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, MutableMapping, Sequence

    from mirror.publication.documents import BoardDocument
    from mirror.publication.local.dialect import Dialect, Documents, Rendered, Site

_OWN: Final = (INDEX_PATH, SUMS_PATH, KEY_PATH)


def render_layer(board: BoardDocument, site: Site, dialects: Sequence[Dialect] = DIALECTS) -> bytes:
    """Return the layer of *board*, by every one of *dialects*."""
    documents = merged(dialect.per_board(board, site) for dialect in dialects)
    summaries = {dialect.name: dialect.summarise(board, site) for dialect in dialects}
    spoken = {name: summary for name, summary in summaries.items() if summary}
    return encode_layer(board.board, documents, spoken)


def render_lists(
    summaries: MutableMapping[str, list[bytes]], site: Site, dialects: Sequence[Dialect] = DIALECTS
) -> Documents:
    """Return what names all boards; *summaries* are by dialect, each in the order of boards.

    Those of a dialect are taken out when its lists are made: nobody needs them any more.
    """
    return merged(dialect.combine(summaries.pop(dialect.name, ()), site) for dialect in dialects)


def packed(lists: Documents) -> tuple[Documents, bytes]:
    """Return those of *lists* that are documents of their own, and a layer of all others.

    The index stays longer than the others, and the sums are as large as all of them.
    """
    own = {path: one for path, one in lists.items() if path in _OWN}
    others = {path: one for path, one in lists.items() if path not in _OWN}
    return own, encode_layer(ALL_BOARDS, others, {})


def fingerprint(site: Site, dialects: Sequence[Dialect] = DIALECTS) -> str:
    """Return a word that is another one when boards would be rendered otherwise than before.

    It is made of what a few specimens are rendered as: nobody has to remember to say that a
    dialect was changed, as far as a specimen shows it.
    """
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
