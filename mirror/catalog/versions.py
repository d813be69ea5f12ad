"""Versions of MicroPython: read, written back exactly, and put in order.

The order is total and agrees with `packaging.version` once the hash is cut: a preview of
the present scheme (``v1.22.0-preview.5.g…``) comes before its release, a daily build of the
old scheme (``v1.19.1-123-g…``) after the release it counts from.  Versions that packaging
calls equal (``v1.20`` and ``v1.20.0``, or one preview number with two hashes) are put in the
order of their texts, and are equal only when their texts are.

The facts are those of ``upstream.md`` sections 5 and 7, from MicroPython's own build.
"""

from __future__ import annotations

import functools
import re
from dataclasses import field

from packaging import version as packaging_version

from mirror.catalog.kinds import Maturity
from mirror.catalog.values import TextValue
from mirror.errors import MalformedValueError
from mirror.frozen import dataclass

VERSION_PATTERN = (
    r"v[0-9]+\.[0-9]+(?:\.[0-9]+)*"
    r"(?:-preview(?:\.[0-9]+\.g[0-9a-f]{7,12})?|-[0-9]+-g[0-9a-f]{7,12})?"
    r"(?:[.-]dirty)?"
)
"""What a version looks like, as a regular expression without groups."""

_PARTS = re.compile(
    r"v(?P<base>[0-9]+\.[0-9]+(?:\.[0-9]+)*)"
    r"(?:(?P<preview>-preview)(?:\.(?P<number>[0-9]+)\.g(?P<hash>[0-9a-f]{7,12}))?"
    r"|-(?P<commits>[0-9]+)-g(?P<tail>[0-9a-f]{7,12}))?"
    r"(?P<dirty>[.-]dirty)?"
)
# As long as a name may be: the version of a name that fits always fits.
_MAX_TEXT = 200
# Far more than upstream lists at any time: about 40 releases and 100 previews.
_CACHED = 4096


@functools.total_ordering
@dataclass(frozen=True, slots=True)
class Version(TextValue):
    """One version as upstream writes it, such as ``v1.29.0-preview.678.g5f2181f938``.

    ``base_text`` is the base without ``v`` (``1.28.0``) and ``base`` its numbers.
    ``number`` counts the commits since the tag, None on the tag itself; ``hash`` is the
    abbreviated commit, 7 to 12 hex digits, or None.  ``dirty``: built from changed source.
    Made from its text; raises `MalformedValueError` for text that is no version.
    """

    text: str
    base_text: str = field(init=False, compare=False, repr=False)
    base: tuple[int, ...] = field(init=False, compare=False, repr=False)
    number: int | None = field(init=False, compare=False, repr=False)
    hash: str | None = field(init=False, compare=False, repr=False)
    dirty: bool = field(init=False, compare=False, repr=False)
    maturity: Maturity = field(init=False, compare=False, repr=False)
    _order: packaging_version.Version = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Take the text apart, once."""
        found = _PARTS.fullmatch(self.text) if len(self.text) <= _MAX_TEXT else None
        if found is None:
            raise MalformedValueError(f"not a version of MicroPython: {self.text[:_MAX_TEXT]!r}")
        number = found["number"] or found["commits"]
        finished = found["preview"] is None and number is None and found["dirty"] is None
        put = functools.partial(object.__setattr__, self)
        put("base_text", found["base"])
        put("base", tuple(int(part) for part in found["base"].split(".")))
        put("number", None if number is None else int(number))
        put("hash", found["hash"] or found["tail"])
        put("dirty", found["dirty"] is not None)
        put("maturity", Maturity.RELEASE if finished else Maturity.PREVIEW)
        put("_order", _order_of(found))

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read *text*; equal texts give the same object, so that many listings share it."""
        return _read(text)

    def __str__(self) -> str:
        return self.text

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return (self._order, self.text) < (other._order, other.text)

    def same_rank(self, other: Version) -> bool:
        """Whether *other* stands at the same place in the order, whatever its hash or writing.

        ``v1.20`` and ``v1.20.0`` do; so do two hashes of one preview number.
        """
        return self._order == other._order

    def same_build(self, other: Version) -> bool:
        """Whether *other* names the same commit: a hash may be cut to fewer digits."""
        if not self.same_rank(other) or self.dirty != other.dirty:
            return False
        if self.hash is None or other.hash is None:
            return self.hash == other.hash
        return self.hash.startswith(other.hash) or other.hash.startswith(self.hash)


def _order_of(found: re.Match[str]) -> packaging_version.Version:
    if found["commits"] is not None:
        return packaging_version.Version(f"{found['base']}.post{found['commits']}")
    if found["preview"] is not None:
        # A build exactly on the tag that opens a series has no number, and is its first.
        return packaging_version.Version(f"{found['base']}rc{found['number'] or 0}")
    return packaging_version.Version(found["base"])


@functools.lru_cache(maxsize=_CACHED)
def _read(text: str) -> Version:
    return Version(text)
