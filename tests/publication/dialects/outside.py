"""Find what would lead a client out of the mirror (promise P9), in any rendered document.

An automatic client follows what stands where a URL may stand: the strings of JSON that are
a URL as a whole, and the attributes of XML and HTML that are made for URLs.  What stands in
running text is for people, and is not looked at here.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

from mirror.publication.local.dialect import ARTIFACT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mirror.publication.local.dialect import Site

#: A whole string that is a URL with a host, whatever its scheme; or leaves the scheme open.
_URL: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//\S*")
_FOLLOWED: Final = {"href", "src", "srcset", "action", "data", "poster", "manifest", "uri", "url"}
#: Links that only a person follows, where HTML shows them with a mark.
_FOR_PEOPLE: Final = "external"

#: What is not followed although it looks so: identifiers that a format demands, by the
#: media type of the document and the place in it.
IDENTIFIERS: Final = frozenset({("application/feed+json", "version")})
#: Keys of JSON whose values are shown, whatever they look like.
SHOWN: Final = frozenset({"features[]", "label", "model", "product", "title", "vendor"})


def outside(path: str, body: bytes, media_type: str, site: Site) -> list[str]:
    """Return ``place: URL`` for each URL in the document at *path* that leaves the mirror."""
    base = (site.public_url or "http://itself.invalid") + path
    host = urlsplit(base).netloc
    return [
        f"{place}: {url}"
        for place, url in urls(body, media_type)
        if (media_type, place) not in IDENTIFIERS
        and place.rpartition(".")[2] not in SHOWN
        and urlsplit(urljoin(base, url)).netloc != host
        and not url.startswith(("urn:", "data:image/", "mailto:", "#"))
    ]


def urls(body: bytes, media_type: str) -> Iterator[tuple[str, str]]:
    """Yield each URL that a client could follow, and where it stands."""
    form = media_type.partition(";")[0]
    if form.endswith("json"):
        yield from _in_json(json.loads(body), "")
    elif form.endswith("xml"):
        yield from _in_xml(body)
    elif form == "text/html":
        page = _Page()
        page.feed(body.decode())
        yield from page.found
    elif form not in {"text/plain", ARTIFACT}:
        raise AssertionError(f"nobody knows where URLs stand in {media_type}")


def all_outside(documents: Mapping[str, tuple[bytes, str]], site: Site) -> list[str]:
    """Return what `outside` finds in all *documents*, by path body and media type."""
    return [
        f"{path} {found}"
        for path, (body, media_type) in documents.items()
        for found in outside(path, body, media_type, site)
    ]


def _in_json(value: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if _URL.fullmatch(value):
            yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _in_json(inner, f"{place}.{key}" if place else key)
            if _URL.fullmatch(key):
                yield place, key
    elif isinstance(value, list):
        for inner in value:
            yield from _in_json(inner, f"{place}[]")


def _in_xml(body: bytes) -> Iterator[tuple[str, str]]:
    for element in ET.fromstring(body).iter():  # noqa: S314 - our own rendering
        for name, value in element.attrib.items():
            if name in _FOLLOWED:
                yield f"{element.tag} {name}", value
        text = (element.text or "").strip()
        if _URL.fullmatch(text):
            yield element.tag, text


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take down where this tag leads."""
        values = {name: value or "" for name, value in attrs}
        if tag == "a" and _FOR_PEOPLE in values.get("rel", "").split():
            return
        self.found += [(f"<{tag} {name}>", values[name]) for name in values if name in _FOLLOWED]
