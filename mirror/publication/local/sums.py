"""GNU checksums of all files, ``/resources/firmware/SHA256SUMS``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.publication import feeds
from mirror.publication.local.dialect import TEXT, Dialect, Lists, Rendered, Site

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.publication.documents import BoardDocument

SUMS_PATH: Final = "/resources/firmware/SHA256SUMS"


def _summarise(board: BoardDocument, _site: Site) -> bytes:
    return feeds.render_sums((file.name, file.hashes.sha256) for file in feeds.all_files(board))


def _combine(summaries: Iterable[bytes], _site: Site) -> Lists:
    yield SUMS_PATH, Rendered(feeds.join_sums(summaries), TEXT)


SUMS: Final = Dialect(name="sums", summarise=_summarise, combine=_combine)
