"""Texts as they are written: short, and what was there comes back whole.

A text ``=word`` stands for another one; a text that itself begins with ``=`` has one more in
front.  What a word stands for is part of the format: words come, and none ever changes or goes.
Digests that nobody looks for by hand are in base64, times of HTTP in hex.

Whatever reads raises `ValueError` for what its counterpart never wrote.
"""

from __future__ import annotations

import base64
import binascii
import re
from email.utils import formatdate, parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STANDING: Final[dict[str, str]] = {
    "bytes": "application/octet-stream",
    "variant": "an image does not tell which variant of its board it is",
    "board": "the image names no board",
    "claim": "no version was claimed: what the image says of itself was compared with nothing",
    "uf2": "the payload of a UF2 has no checksum of its own: damage inside it may go unnoticed",
    "arm": "a raw image carries no checksum and no length: damage and truncation may go unnoticed",
    "elf": "an ELF file carries no checksum: only truncation is noticed",
    "map": "a map carries no checksum: damage and truncation may go unnoticed",
    "map-names": "a map names neither version nor board",
    "ihex": "a record lost at the end of a run of addresses leaves no gap and may go unnoticed",
    "esp8266": "the first four bytes of the image (flash mode and size) are outside its MD5",
    "esp8266-bare": "no trailer: damage and truncation behind the first 36 kB may go unnoticed",
    "esp8266-ota": (
        "the MD5 begins behind the boot loader: damage to the first 240 kB may go unnoticed"
    ),
}
"""The sentences that many sightings have, by the word that stands for each."""

_MARK: Final = "="
_SAID: Final = re.compile(r"-(20[0-9]{6})-(v[0-9].*?)(?:\.app-bin|\.meta\.zip|\.[a-z0-9]+)\Z")
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_TIME: Final = re.compile(r"=[0-9a-f]{1,9}")
_NGINX: Final = re.compile(r'"([0-9a-f]{1,8})-[0-9a-f]+"')
WORDS: Final = {text: word for word, text in STANDING.items()}


def brief_url(url: str, name: str) -> str:
    """Return *url* of *name* as it is written: without the name at its end."""
    if url.startswith(_MARK):
        return _MARK + url
    if url.endswith(f"/{name}"):
        return url[: len(url) - len(name)]
    return _MARK + url if url.endswith("/") else url


def whole_url(brief: str, name: str) -> str:
    """Return what `brief_url` was given, or what stood in a row of an earlier version."""
    if brief.startswith(_MARK):
        return brief.removeprefix(_MARK)
    return brief + name if brief.endswith("/") else brief


def packed(text: str | None) -> str | None:
    """Return a digest in hex as it is written; any other text is too."""
    if text is None:
        return None
    if _HEX.fullmatch(text) is None:
        return _MARK + text
    return base64.urlsafe_b64encode(bytes.fromhex(text)).decode().rstrip("=")


def unpacked(text: str | None) -> str | None:
    """Return what `packed` was given, or what stood in a row of an earlier version."""
    # In hex: a row of an earlier version.
    if text is None or _HEX.fullmatch(text):
        return text
    if text.startswith(_MARK):
        return text.removeprefix(_MARK)
    try:
        return base64.b64decode(f"{text}=", altchars=b"-_", validate=True).hex()
    except binascii.Error as error:
        raise ValueError(f"not a digest: {text!r}") from error


def said_by(name: str) -> dict[str, str]:
    """Return the words for what the artifact *name* says: its version, its date."""
    found = _SAID.search(name)
    if found is None:
        return {}
    day, version = found.groups()
    return {version: "v", f"{day[:4]}-{day[4:6]}-{day[6:]}": "d"}


def board_in(name: str) -> dict[str, str]:
    """Return the word for the board with which *name* begins."""
    return {name.partition("-")[0]: "board"}


def time_in(etag: str | None) -> dict[str, str]:
    """Return the word for the time of change that nginx puts into its *etag*."""
    found = _NGINX.fullmatch(etag or "")
    return {formatdate(int(found[1], 16), usegmt=True): "etag"} if found else {}


def turned(words: Mapping[str, str]) -> dict[str, str]:
    """Return the texts by their words."""
    return {word: text for text, word in words.items()}


def shorter(texts: Iterable[str], words: Mapping[str, str]) -> tuple[str, ...]:
    """Return *texts*, each as `short` writes it."""
    return tuple(short(text, words) for text in texts)


def longer(texts: Iterable[str], known: Mapping[str, str]) -> tuple[str, ...]:
    """Return what `shorter` was given."""
    return tuple(long(text, known) for text in texts)


def short(text: str, words: Mapping[str, str]) -> str:
    """Return *text*, or the word that it has in *words*, with its mark."""
    word = words.get(text)
    if word is not None:
        return _MARK + word
    return _MARK + text if text.startswith(_MARK) else text


def long(text: str, known: Mapping[str, str]) -> str:
    """Return what `short` was given; *known* are the texts by their words."""
    if not text.startswith(_MARK) or text.startswith(2 * _MARK):
        return text[1:] if text.startswith(_MARK) else text
    word = text.removeprefix(_MARK)
    if word not in known:
        raise ValueError(f"nobody knows what {text!r} stands for")
    return known[word]


def brief_time(text: str) -> str:
    """Return *text*, a time as HTTP writes it, as it is written; any other text is too."""
    try:
        seconds = int(parsedate_to_datetime(text).timestamp())
    except (ValueError, TypeError, OverflowError, IndexError):
        seconds = -1
    if seconds >= 0 and formatdate(seconds, usegmt=True) == text:
        return f"{_MARK}{seconds:x}"
    return _MARK * 2 + text if text.startswith(_MARK) else text


def whole_time(brief: str) -> str:
    """Return what `brief_time` was given."""
    if brief.startswith(_MARK * 2):
        return brief.removeprefix(_MARK * 2)
    if _TIME.fullmatch(brief) is not None:
        return formatdate(int(brief.removeprefix(_MARK), 16), usegmt=True)
    if brief.startswith(_MARK):
        raise ValueError(f"not a time: {brief!r}")
    return brief
