"""Versions as builds print them, compared as far as they can be.

``v1.23.0-preview.236.gcd8eea2ae``, ``v1.9.4-8-ga9a3caad0``, ``v1.20``.  Nothing is
refused here: text that is no version has an empty base, and equals none that has one.
"""

from __future__ import annotations

import re

from mirror.frozen import dataclass

_PARTS = re.compile(
    r"v?(?P<base>[0-9]{1,6}(?:\.[0-9]{1,6})*)"
    r"(?P<preview>-preview)?"
    r"(?:[.-](?P<number>[0-9]{1,9}))?"
    r"(?:[.-]g(?P<hash>[0-9a-f]{4,40}))?"
    r"(?P<rest>.*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class BuildVersion:
    """A version in its parts: ``base`` without final zeros, so that 1.20 is 1.20.0."""

    base: tuple[int, ...]
    preview: bool = False
    number: str = ""
    hash: str = ""
    rest: str = ""

    @classmethod
    def read(cls, text: str) -> BuildVersion:
        """Read *text*, with or without ``v``."""
        match = _PARTS.fullmatch(text)
        if match is None:
            return cls((), rest=text)
        numbers = [int(part) for part in match["base"].split(".")]
        while numbers and numbers[-1] == 0:
            numbers.pop()
        return cls(
            tuple(numbers),
            match["preview"] is not None,
            match["number"] or "",
            match["hash"] or "",
            match["rest"].replace("-", "."),
        )

    def agrees(self, other: BuildVersion) -> bool:
        """Whether both can be the same build: a hash agrees with its prefix, or with none."""
        if (self.base, self.preview, self.number) != (other.base, other.preview, other.number):
            return False
        if self.rest != other.rest:
            return False
        return self.hash.startswith(other.hash) or other.hash.startswith(self.hash)
