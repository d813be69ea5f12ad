"""GNU checksums of the folders that clients fetch files from besides upstream's own.

``sha256sum -c SHA256SUMS`` reads names relative to the folder that it stands in, so each
folder has its own, of the files that a document of that folder names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind
from mirror.publication import feeds
from mirror.publication.dialects import arduino, ota
from mirror.publication.dialects.offers import offers
from mirror.publication.local.dialect import TEXT, Dialect, Lists, Rendered, Site
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.publication.dialects.offers import Offer
    from mirror.publication.documents import BoardDocument

NAME: Final = "SHA256SUMS"
_SUMMARY = Shape(dict[str, str])


def _summarise(board: BoardDocument, _site: Site) -> bytes:
    updates = [offer for some in offers(board, Kind.APP_BIN).values() for offer in some]
    sums = {arduino.FOLDER: _sums(arduino.offered(board)), ota.FOLDER: _sums(updates)}
    return _SUMMARY.dump_json(sums) if any(sums.values()) else b""


def _combine(summaries: Iterable[bytes], _site: Site) -> Lists:
    parts = [_SUMMARY.validate_json(summary) for summary in summaries if summary]
    for folder in (arduino.FOLDER, ota.FOLDER):
        sums = feeds.join_sums(part[folder].encode() for part in parts)
        yield folder + NAME, Rendered(sums, TEXT)


def _sums(some: Iterable[Offer]) -> str:
    files = (offer.file for offer in some)
    return feeds.render_sums((file.name, file.hashes.sha256) for file in files).decode()


FOLDER_SUMS: Final = Dialect(name="folder-sums", summarise=_summarise, combine=_combine)
