"""A feed as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.publication.dialects.offers import Json, as_json, firmware_path, in_path
from mirror.publication.local.dialect import Rendered

if TYPE_CHECKING:
    from mirror.publication.dialects.entries import Attachment, Entry, FeedOf
    from mirror.publication.local.dialect import Site

MEDIA_TYPE: Final = "application/feed+json"
#: How the format calls itself; nobody follows it.
VERSION: Final = "https://jsonfeed.org/version/1.1"


def render_json_feed(feed: FeedOf, site: Site) -> Rendered:
    """Return *feed* with the addresses of *site*."""
    document: Json = {
        "version": VERSION,
        "title": feed.title,
        "description": feed.about,
        "home_page_url": site.url(feed.page),
        "feed_url": site.url(feed.path),
        "language": "en",
        "authors": [{"name": "MicroPython"}],
        "items": [_item(entry, site) for entry in feed.entries],
    }
    return Rendered(as_json(document), MEDIA_TYPE)


def _item(entry: Entry, site: Site) -> Json:
    return {
        "id": entry.id,
        "url": site.url(f"/download/{in_path(entry.board)}/"),
        "title": entry.title,
        "content_text": entry.text,
        "date_published": entry.published,
        "date_modified": entry.updated,
        "tags": [entry.maturity],
        "attachments": [_attachment(file, site) for file in entry.files],
        "_mpmirror": {
            "board": entry.board,
            "version": entry.version,
            "maturity": entry.maturity,
            "sha256": {file.name: file.sha256 for file in entry.files},
        },
    }


def _attachment(file: Attachment, site: Site) -> Json:
    return {
        "url": site.url(firmware_path(file.name)),
        "mime_type": "application/octet-stream",
        "title": file.name,
        "size_in_bytes": file.size,
    }
