"""What an image says of itself: banners and machine strings, found in its flattened payload.

``MicroPython v1.23.0 on 2024-06-02`` and ``Generic ESP32 module with ESP32`` stand as
text in every MicroPython image.  Without a banner that names MicroPython nothing is
returned as a version.  Only printable ASCII is taken, at most `MOST` of each; the search
is bounded: what hostile bytes repeat is looked at `HITS` times.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from mirror.formats.verdict import Identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST = 16
HITS = 4096

_DATE = rb"20[0-9]{2}-[0-9]{2}-[0-9]{2}"
_BANNER = re.compile(
    rb"(?P<name>MicroPython (?:\([ -~]{1,40}\) )?)?"
    rb"(?<![0-9A-Za-z.])(?P<version>v[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}[0-9A-Za-z.+-]{0,60})"
    rb" on (?P<date>" + _DATE + rb")\Z"
)
_PRINTABLE_END = re.compile(rb"(?<![ -~])[ -~]*\Z")
_MCU = re.compile(rb" ([0-9A-Za-z][0-9A-Za-z_.-]{1,30})(?![ -~])")
_DATE_END = re.compile(_DATE + rb"\Z")
_ON = b" on 2"
_WITH = b" with"
# What either begins with is looked for by the processor's own search for one byte, so that one
# pass for both is quicker than `bytes.find` for one of them.
_HIT = re.compile(rb" (?:on 2|with)")
# Outside a banner, English sentences have "with" too: only the name of a chip counts.
_CHIP = re.compile(
    rb"(?i)esp(32|8266)|rp2[0-9]|stm32|nrf[59]|sam[de]|mimxrt|r[a7]|cc32|ae[0-9]|pse"
)


def find_identity(payload: bytes) -> Identity:
    """Return the versions, dates and machine strings in *payload*, in the order found."""
    dates, chips = _hits(payload)
    banners = list(_banners(payload, dates))
    if not any(banner["name"] for banner in banners):
        banners = []
    return Identity(
        _texts(banner["version"] for banner in banners),
        _texts(banner["date"] for banner in banners),
        _texts(_machines(payload, chips)),
    )


def merge(identities: Iterable[Identity]) -> Identity:
    """Return what any of *identities* says, without repetition."""
    found = list(identities)
    return Identity(
        _first(text for identity in found for text in identity.versions),
        _first(text for identity in found for text in identity.dates),
        _first(text for identity in found for text in identity.machines),
    )


def _texts(raw: Iterable[bytes]) -> tuple[str, ...]:
    return _first(text.decode("ascii") for text in raw)


def _first(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))[:MOST]


def _banners(payload: bytes, hits: Iterable[int]) -> Iterator[re.Match[bytes]]:
    # The date closes every form of the banner.
    for at in hits:
        end = at + len(" on 2024-06-02")
        if match := _BANNER.search(payload[max(0, at - 120) : end]):
            yield match


def _machines(payload: bytes, hits: Iterable[int]) -> list[bytes]:
    """Return what follows a banner, then what stands alone and is not an echo of that."""
    named: list[bytes] = []
    alone: list[bytes] = []
    for at in hits:
        mcu = _MCU.match(payload, at + len(_WITH))
        before = _PRINTABLE_END.search(payload[max(0, at - 160) : at])
        if mcu is None or before is None:
            continue
        head, separator, board = before[0].rpartition(b"; ")
        machine = board + b" with " + mcu[1]
        if separator and (not head or _DATE_END.search(head)):
            named.append(machine)
        elif not separator and board[:1].isalnum() and _CHIP.match(mcu[1]):
            alone.append(machine)
    return named + [text for text in alone if not text.endswith(tuple(named))]


def _hits(payload: bytes) -> tuple[list[int], list[int]]:
    """Return where `_ON` stands and where `_WITH` does, the first `HITS` of each."""
    found: dict[bytes, list[int]] = {_ON: [], _WITH: []}
    for hit in _HIT.finditer(payload):
        places = found[hit[0]]
        places.append(hit.start())
        if len(places) == HITS:
            # So many are no image's.  What is left to find is found without stopping at these.
            other = _WITH if hit[0] == _ON else _ON
            rest = _each(payload, other, hit.end())
            found[other] += itertools.islice(rest, HITS - len(found[other]))
            break
    return found[_ON], found[_WITH]


def _each(payload: bytes, needle: bytes, start: int) -> Iterator[int]:
    at = payload.find(needle, start)
    while at >= 0:
        yield at
        at = payload.find(needle, at + 1)
