"""What can be wrong with a body: pages cut, emptied or hostile, files spoilt.  Pure."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from tests.replica.skeleton import END, plain_page

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE_HREFS: Final = (
    "/resources/firmware/None",
    "/resources/firmware/..%2f..%2fetc%2fpasswd",
    "/resources/firmware/../../admin/RPI_PICO-20260406-v1.28.0.uf2",
    "//other.example/resources/firmware/RPI_PICO-20260406-v1.28.0.uf2",
    "https://other.example/resources/firmware/RPI_PICO-20260406-v1.28.0.uf2",
    "ftp://other.example/RPI_PICO-20260406-v1.28.0.uf2",
    "javascript:alert(document.domain)",
    "data:application/octet-stream;base64,VUYyCg==",
    "/resources/firmware/" + "A" * 5000 + "-20260406-v1.28.0.uf2",
    "/resources/firmware/ПЛАТА-20260406-v1.28.0.uf2",
    "/resources/firmware/RPI_PICO-20260406-v1.28.0.uf2\x00.html",
    "/resources/firmware/esp32-ppp-fix.bin",
)
"""Links that a page must not lead anybody to, and two (the first and the last) once real."""

HOSTILE_PRODUCTS: Final = (
    "\x1b[31mRed\x1b[0m \x1b]0;title\x07",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '"><h2>Firmware</h2>',
    "Line\r\nSet-Cookie: a=b\x00",
    "$(reboot) `reboot` ; reboot",
    "\u202egnp.erawmrif",
)
"""Names of products that must be shown and never obeyed."""

ZEROS: Final = bytes(32768)
"""What upstream once served as a preview, with status 200."""

ERROR_PAGE: Final = plain_page("Firmware", "The site is being worked on. Come back later.").encode()
_KEEP: Final = 100_000
_SECTIONS: Final = re.compile(rb"    <p>\s+<h2>Firmware.*?(?=\n\n\n<!--)", re.DOTALL)
_CARD: Final = re.compile(rb'\n    <a class="board-card".*?</a>\n  \n  \n', re.DOTALL)
_FILTERS: Final = re.compile(rb"<p>\nFilter by:.*?</p>\n", re.DOTALL)


def cut(body: bytes) -> bytes:
    """Return the first two thirds."""
    return body[: len(body) * 2 // 3]


def half(body: bytes) -> bytes:
    """Return the first half, as of a file that is still being copied into place."""
    return body[: len(body) // 2]


def without_headings(page: bytes) -> bytes:
    """Return a page that is whole and has lost its firmware, or its filters and cards."""
    return _CARD.sub(b"", _FILTERS.sub(b"", _SECTIONS.sub(b"", page)))


def half_of_the_cards(page: bytes) -> bytes:
    """Return an index page without every second card."""
    cards = _CARD.findall(page)
    for card in cards[::2]:
        page = page.replace(card, b"", 1)
    return page


def with_hostile_links(page: bytes) -> bytes:
    """Return a page with each of `HOSTILE_HREFS` among its releases, or its cards."""
    links = "".join(f'<div><a href="{href}">v1.28.0</a></div>\n' for href in HOSTILE_HREFS)
    cards = "".join(f'<a class="board-card" href="{href}"></a>\n' for href in HOSTILE_HREFS)
    page = page.replace(b"<h3>Releases</h3>", b"<h3>Releases</h3>\n" + links.encode(), 1)
    return page.replace(
        b'\n    <a class="board-card"', cards.encode() + b'\n    <a class="board-card"', 1
    )


def other_bytes(body: bytes) -> bytes:
    """Return as many bytes of noise."""
    return hashlib.shake_128(body).digest(len(body))


def one_bit_off(body: bytes) -> bytes:
    """Return it with one bit in the middle flipped."""
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :] if body else body


def emptied(_body: bytes) -> bytes:
    """Return nothing."""
    return b""


def filled_with(piece: str) -> Callable[[bytes], bytes]:
    """Return an alteration: a page of 100 kB that repeats *piece* up to its end tag."""

    def fill(_page: bytes) -> bytes:
        text = piece * (_KEEP // len(piece))
        return f"<!DOCTYPE html>\n<html><body>{text}\n</body>\n{END}".encode()

    return fill
