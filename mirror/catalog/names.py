"""File names of upstream's firmware: read, and written back exactly.

``<BOARD>[-<VARIANT>]-<date>-<version>.<kind>``, and the older forms of ``upstream.md``
section 5.  Identity is the whole name: two names are equal only when their texts are.
What does not fit is refused by `UnrecognisedNameError`, which says why; nothing is guessed.
A name that was read holds no path separator, no control character and at most 200 characters.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import sys
from dataclasses import field
from typing import NamedTuple

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.legacy import PRESENT_OF_ID, PRESENT_OF_STEM, UPPER_CASE
from mirror.catalog.values import TextValue
from mirror.catalog.versions import VERSION_PATTERN, Version
from mirror.errors import UnrecognisedNameError
from mirror.frozen import dataclass

MAX_NAME = 200
"""Characters; the longest real name has 82."""

_NAME = re.compile(
    r"(?P<stem>[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*?)"
    r"-(?P<date>20[0-9]{6}|20[0-9]{2}-[0-9]{2}-[0-9]{2})"
    r"(?P<unstable>-unstable)?"
    rf"-(?P<version>{VERSION_PATTERN})"
    r"\.(?P<kind>app-bin|meta\.zip|[a-z0-9]+)"
)
_CHARACTERS = re.compile(r"[A-Za-z0-9_.-]+")
_FORM = "BOARD[-VARIANT]-YYYYMMDD-vX.Y.Z.KIND"
_KINDS = {kind.value: kind for kind in Kind}
# Stems of upstream: about 275 builds, and their older ids.  Names: those of some sixty boards.
_CACHED = 4096


class Build(NamedTuple):
    """A board's id and one of its variants; ``None`` is the default build."""

    board: str
    variant: str | None


@dataclass(frozen=True, slots=True)
class Dated:
    """What stands between stem and kind: a date and a version, which many names share.

    ``text`` is as written, ``date`` the build machine's local one, ``YYYY-MM-DD``.
    """

    text: str
    date: str = field(compare=False)
    version: Version = field(compare=False)
    maturity: Maturity = field(compare=False)


@functools.total_ordering
@dataclass(frozen=True, slots=True)
class ArtifactName(TextValue):
    """The name of one file of upstream, such as ``RPI_PICO_W-20250415-v1.25.0.uf2``.

    ``stem`` is what stands before the date, as written.  Made from its text; raises
    `UnrecognisedNameError` for text outside the grammar.  Twenty thousand names share a few
    hundred stems and dates, so what a name keeps is those, and no text of its own.
    """

    stem: str
    dated: Dated
    kind: Kind

    def __init__(self, text: str) -> None:
        """Take *text* apart, once."""
        found = _matched(text)
        put = functools.partial(object.__setattr__, self)
        put("stem", sys.intern(found["stem"]))
        try:
            put("dated", _dated(found["date"], found["unstable"] or "", found["version"]))
        except ValueError as error:
            reason = f"{text!r}: no such date as {found['date']!r}"
            raise UnrecognisedNameError(reason) from error
        put("kind", _KINDS[found["kind"]])

    @classmethod
    def parse(cls, text: str) -> ArtifactName:
        """Read *text*; raise `UnrecognisedNameError`, which says why, when it does not fit."""
        # By whoever asks, a name is asked for several times in each run.
        return _parsed(text)

    def __str__(self) -> str:
        return f"{self.stem}-{self.dated.text}.{self.kind}"

    def __repr__(self) -> str:
        return f"ArtifactName({str(self)!r})"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, ArtifactName):
            return NotImplemented
        return str(self) < str(other)

    @property
    def date(self) -> str:
        """The build machine's local date, ``YYYY-MM-DD``, however it was written."""
        return self.dated.date

    @property
    def version(self) -> Version:
        """The version, as written."""
        return self.dated.version

    @property
    def maturity(self) -> Maturity:
        """Whether it is a release: an old preview says so only beside its version."""
        return self.dated.maturity

    @property
    def board(self) -> str:
        """The present id where the stem alone tells it, else the id as written."""
        return build_of_stem(self.stem).board

    @property
    def variant(self) -> str | None:
        """The variant's id, a toolchain (``idf4``) included; None for the default build."""
        return build_of_stem(self.stem).variant

    def present(self, port: str | None) -> Build:
        """Return board and variant under their present ids, for a file of *port*."""
        return present(self.board, self.variant, port)


_parsed = functools.lru_cache(maxsize=_CACHED)(ArtifactName)


def present(board: str, variant: str | None, port: str | None) -> Build:
    """Return the present ids of a build whose board was renamed or merged later.

    *port* decides where one old id stood for two boards (``GENERIC``).  A merged board
    becomes a variant of the present one, so that its files stay apart: ``GENERIC_S3_SPIRAM``
    of esp32 is variant ``SPIRAM`` of ``ESP32_GENERIC_S3``.  Without a port, or for ids
    that were never renamed, board and variant come back as they are.
    """
    known = PRESENT_OF_ID.get((port, board))
    if known is None:
        return Build(board, variant)
    return Build(known[0], _joined(known[1], variant))


@functools.lru_cache(maxsize=_CACHED)
def build_of_stem(stem: str) -> Build:
    """Return board and variant of the part of a name before its date.

    The longest legacy id that the stem begins with ends the board (some had hyphens); in
    all other stems the first hyphen does.
    """
    pieces = stem.split("-")
    for length in range(len(pieces), 0, -1):
        legacy = "-".join(pieces[:length])
        if legacy in PRESENT_OF_STEM:
            board, variant = PRESENT_OF_STEM[legacy]
            rest = "-".join(pieces[length:])
            return Build(board, _joined(variant, rest.upper() if legacy in UPPER_CASE else rest))
    return Build(sys.intern(pieces[0]), _joined(*pieces[1:]))


def _joined(*pieces: str | None) -> str | None:
    return sys.intern("-".join(piece for piece in pieces if piece)) or None


def _matched(text: str) -> re.Match[str]:
    if len(text) > MAX_NAME:
        raise UnrecognisedNameError(
            f"{text[:80]!r}… has {len(text)} characters, more than {MAX_NAME}"
        )
    found = _NAME.fullmatch(text)
    if found is None:
        raise UnrecognisedNameError(f"{text!r}: {_why_not(text)}")
    if found["kind"] not in _KINDS:
        raise UnrecognisedNameError(f"{text!r}: unknown kind {found['kind']!r}")
    return found


def _why_not(text: str) -> str:
    if _CHARACTERS.fullmatch(text) is None:
        return "characters other than letters, digits, '_', '-' and '.'"
    if re.search(r"-20[0-9]{2}-?[0-9]{2}-?[0-9]{2}-", text) is None:
        return f"no date; expected {_FORM}"
    return f"not of the form {_FORM}"


@functools.lru_cache(maxsize=_CACHED)
def _dated(written: str, unstable: str, version_text: str) -> Dated:
    """Return what those texts say; raise `ValueError` when there is no such date."""
    version = Version.parse(version_text)
    return Dated(
        text=f"{written}{unstable}-{version_text}",
        date=sys.intern(dt.date.fromisoformat(written).isoformat()),
        version=version,
        maturity=Maturity.PREVIEW if unstable else version.maturity,
    )
