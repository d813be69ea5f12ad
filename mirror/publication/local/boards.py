"""The index of all boards, ``/v1/boards.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.publication import feeds
from mirror.publication.local.dialect import JSON, Dialect, Lists, Rendered, Site

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.publication.documents import BoardDocument

INDEX_PATH: Final = "/v1/boards.json"


def _summarise(board: BoardDocument, _site: Site) -> bytes:
    return feeds.encode_summary(feeds.summarise(board))


def _combine(summaries: Iterable[bytes], _site: Site) -> Lists:
    yield INDEX_PATH, Rendered(feeds.join_index(summaries), JSON)


BOARDS: Final = Dialect(name="boards", summarise=_summarise, counts_offers=True, combine=_combine)
