"""What a link on a page points to, decided strictly and without following it.

A link is a firmware file of the page's own host, upstream's release notes, or odd; an odd one
has a rule, a fixed word that says why it was not taken.  Nothing is corrected: a link that a
browser would mend (a backslash, a dot segment, an encoded slash) is odd.
"""

from __future__ import annotations

import re
import urllib.parse

from mirror.catalog.names import ArtifactName
from mirror.catalog.urls import FIRMWARE, firmware_url
from mirror.errors import UnrecognisedNameError
from mirror.frozen import dataclass

MAX_HREF = 500
"""Characters; the longest real one has 123."""

_NOTES = re.compile(
    r"https?://(?:www\.)?github\.com/micropython/micropython/releases(?:/[A-Za-z0-9_./-]+)?"
)
# As upstream writes it: there is nothing to decode.
_WRITTEN = re.compile(rf"{FIRMWARE}(?!None$)([A-Za-z0-9_][A-Za-z0-9_.-]{{0,250}})")
_PLAIN = re.compile(r"[!-\[\]-~]*")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class FirmwareLink:
    """A file of the page's own host; *url* is absolute and built from the page's own."""

    name: ArtifactName
    url: str


@dataclass(frozen=True, slots=True)
class NotesLink:
    """Upstream's release notes: a URL for people, which the mirror never follows."""

    url: str


@dataclass(frozen=True, slots=True)
class OddLink:
    """A link that is not taken, and the fixed word that says why."""

    rule: str


Link = FirmwareLink | NotesLink | OddLink


def read_link(href: str, page: str) -> Link:
    """Say what *href* on the page at URL *page* points to."""
    written = _WRITTEN.fullmatch(href)
    if written is not None:
        return _named(written[1], page)
    href = href.strip()
    if _NOTES.fullmatch(href) and len(href) <= MAX_HREF:
        return NotesLink(href)
    path = path_on_host(href, page)
    if isinstance(path, OddLink):
        return path
    return _firmware_link(path, href, page)


def path_on_host(href: str, page: str) -> str | OddLink:
    """Return the decoded absolute path that *href* names on the host of *page*, or why not.

    The path has no dot segment, no encoded slash, and only printable ASCII.
    """
    odd = _odd_text(href)
    if odd is not None:
        return odd
    try:
        parts = urllib.parse.urlsplit(href)
        same_host = not parts.netloc or _address(href) == _address(page)
    except ValueError:
        return OddLink("malformed")
    if parts.scheme not in {"", "http", "https"}:
        return OddLink("not-http")
    if not same_host:
        return OddLink("other-host")
    if parts.scheme and not parts.netloc:
        return OddLink("malformed")
    return _decoded(parts.path, urllib.parse.urlsplit(page).path)


def _firmware_link(path: str, href: str, page: str) -> FirmwareLink | OddLink:
    if path.rpartition("/")[2] == "None":
        return OddLink("none-link")
    if not path.startswith(FIRMWARE):
        return OddLink("other-path")
    if "?" in href or "#" in href:
        return OddLink("has-query")
    text = path.removeprefix(FIRMWARE)
    if not text or "/" in text:
        return OddLink("outside-tree")
    return _named(text, page)


def _named(text: str, page: str) -> FirmwareLink | OddLink:
    try:
        name = ArtifactName.parse(text)
    except UnrecognisedNameError:
        return OddLink("unrecognised-name")
    return FirmwareLink(name, firmware_url(page, name))


def _odd_text(href: str) -> OddLink | None:
    if len(href) > MAX_HREF:
        return OddLink("too-long")
    if not href.isascii():
        return OddLink("not-ascii")
    if _PLAIN.fullmatch(href) is None:
        return OddLink("odd-characters")
    if _ESCAPE.search(href):
        return OddLink("malformed-escape")
    return None


def _address(url: str) -> tuple[str | None, int | None, str | None]:
    """Return host, TCP port and user of *url*; http and https on their own ports are one."""
    parts = urllib.parse.urlsplit(url)
    listen = None if parts.port == _DEFAULT_PORTS.get(parts.scheme) else parts.port
    return parts.hostname, listen, parts.username


def _decoded(path: str, page_path: str) -> str | OddLink:
    if not path.startswith("/"):
        path = page_path.rpartition("/")[0] + "/" + path
    decoded = urllib.parse.unquote(path, "latin-1")
    if decoded.count("/") != path.count("/"):
        return OddLink("outside-tree")
    if any(segment in {".", ".."} for segment in decoded.split("/")):
        return OddLink("outside-tree")
    if _PLAIN.fullmatch(decoded) is None:
        return OddLink("odd-characters")
    return decoded
