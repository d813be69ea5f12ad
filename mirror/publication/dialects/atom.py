"""A feed as Atom (RFC 4287).

Texts are of type ``text``: what looks like markup in them is shown, not obeyed.  Entries
hold no character that XML 1.0 forbids, see `mirror.publication.dialects.entries`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from mirror.publication.dialects.offers import firmware_path, in_path
from mirror.publication.local.dialect import Rendered

if TYPE_CHECKING:
    from mirror.publication.dialects.entries import Attachment, Entry, FeedOf
    from mirror.publication.local.dialect import Site

MEDIA_TYPE: Final = "application/atom+xml; charset=utf-8"
NAMESPACE: Final = "http://www.w3.org/2005/Atom"

_DECLARATION: Final = "<?xml version='1.0' encoding='utf-8'?>"


def render_atom(feed: FeedOf, site: Site) -> Rendered:
    """Return *feed* with the addresses of *site*."""
    # As an attribute, for a prefix known to all of Python would be a state of this process.
    root = Element("feed", {"xmlns": NAMESPACE, "xml:lang": "en"})
    _text(root, "id", feed.known_as)
    _text(root, "title", feed.title)
    _text(root, "subtitle", feed.about)
    _text(root, "updated", feed.updated)
    _text(SubElement(root, "author"), "name", "MicroPython")
    _text(root, "generator", "mpmirror")
    SubElement(root, "link", {"rel": "self", "type": MEDIA_TYPE, "href": site.url(feed.path)})
    SubElement(root, "link", {"rel": "alternate", "href": site.url(feed.page)})
    for entry in feed.entries:
        _add(root, entry, site)
    # Encoded at once: the library encodes every tag and every text by itself.
    text = tostring(root, encoding="unicode")
    return Rendered(f"{_DECLARATION}\n{text}\n".encode(), MEDIA_TYPE)


def _add(root: Element, entry: Entry, site: Site) -> None:
    element = SubElement(root, "entry")
    _text(element, "id", entry.id)
    _text(element, "title", entry.title)
    _text(element, "published", entry.published)
    _text(element, "updated", entry.updated)
    SubElement(element, "category", {"term": entry.maturity})
    page = site.url(f"/download/{in_path(entry.board)}/")
    SubElement(element, "link", {"rel": "alternate", "href": page})
    for file in entry.files:
        SubElement(element, "link", _enclosure(file, site))
    _text(element, "content", entry.text).set("type", "text")


def _enclosure(file: Attachment, site: Site) -> dict[str, str]:
    return {
        "rel": "enclosure",
        "type": "application/octet-stream",
        "length": str(file.size),
        "title": file.name,
        "href": site.url(firmware_path(file.name)),
    }


def _text(parent: Element, tag: str, text: str) -> Element:
    element = SubElement(parent, tag)
    element.text = text
    return element
