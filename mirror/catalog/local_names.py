"""Names of own builds, which no file of upstream can ever have.

``local+<BOARD>[+<VARIANT>]+<VERSION>.<kind>``: upstream's names have no ``+``, and `ArtifactName`
refuses it.  A board's and a variant's id are letters, digits and ``_`` as upstream's are; a
version may be anything that begins with a letter or digit, for own builds have versions of
their own.  ``str(parse(text)) == text``; what does not fit is refused, never guessed.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import Final

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.names import ArtifactName
from mirror.catalog.values import TextValue
from mirror.catalog.versions import Version
from mirror.errors import MalformedValueError, UnrecognisedNameError

PREFIX: Final = "local+"

# The longest first: what ends with `.meta.zip` is no `.zip`.
_KINDS: Final = "|".join(re.escape(kind.value) for kind in sorted(Kind, key=len, reverse=True))
_NAME: Final = re.compile(
    r"local\+(?P<board>[A-Za-z0-9_]{1,60})"
    r"(?:\+(?P<variant>[A-Za-z0-9_]{1,40}))?"
    r"\+(?P<version>[A-Za-z0-9][A-Za-z0-9._-]{0,59}?)"
    rf"\.(?P<kind>{_KINDS})"
)


@dataclass(frozen=True, slots=True, order=True)
class LocalName(TextValue):
    """The name of one own build; raises `UnrecognisedNameError` for any other text."""

    text: str
    board: str = field(init=False, compare=False, repr=False)
    variant: str | None = field(init=False, compare=False, repr=False)
    version: str = field(init=False, compare=False, repr=False)
    kind: Kind = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Take the text apart, once."""
        found = _NAME.fullmatch(self.text)
        if found is None:
            raise UnrecognisedNameError(f"{self.text[:200]!r} is no name of an own build")
        put = functools.partial(object.__setattr__, self)
        put("board", found["board"])
        put("variant", found["variant"])
        put("version", found["version"])
        put("kind", Kind(found["kind"]))

    @classmethod
    def of(cls, board: str, variant: str | None, version: str, kind: Kind) -> LocalName:
        """Return the name of these facts; `UnrecognisedNameError` when they can not be in one."""
        variants = () if variant is None else (variant,)
        name = cls(f"{PREFIX}{'+'.join((board, *variants, version))}.{kind}")
        if (name.board, name.variant, name.version, name.kind) != (board, variant, version, kind):
            # A version that ends as a kind does would be read as another one.
            raise UnrecognisedNameError(f"a name with version {version!r} would not be read back")
        return name

    @classmethod
    def parse(cls, text: str) -> LocalName:
        """Read *text*; raise `UnrecognisedNameError` when it does not fit."""
        return cls(text)

    @property
    def maturity(self) -> Maturity:
        """That of the version, where it is one of MicroPython's; else a release."""
        try:
            return Version.parse(self.version).maturity
        except MalformedValueError:
            return Maturity.RELEASE

    def __str__(self) -> str:
        return self.text


def is_local(name: str) -> bool:
    """Whether *name* is in the names of own builds."""
    return name.startswith(PREFIX)


def parse_held(name: str) -> ArtifactName | LocalName:
    """Read the name of anything that can be held; raise `UnrecognisedNameError`."""
    return LocalName(name) if is_local(name) else ArtifactName.parse(name)
