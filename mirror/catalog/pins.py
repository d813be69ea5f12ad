"""Pins: what an operator wants held, whatever the policy says, as exactly these bytes.

A *wish* names one artifact, or one version of one build of a board in some kinds.  A *pin* is
a wish that was resolved: the digest of every artifact that it came to, None while one is
still to come.  What upstream lists later under the same version joins a pin only if the pin
says so (``later``), and a digest that is pinned never becomes another one.

One wish gives one pin, whose id follows from the wish: to pin again is to look again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind
from mirror.catalog.legacy import PRESENT_OF_ID
from mirror.catalog.names import ArtifactName, build_of_stem, present
from mirror.catalog.plan import same_build
from mirror.catalog.values import Digest
from mirror.catalog.versions import Version
from mirror.errors import MalformedValueError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from mirror.catalog.model import CatalogBoard, Listing

_ID_DIGITS: Final = 12
_MOST_TEXT: Final = 500
_ID_OF_UPSTREAM: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be pinned of *board*: the artifact *name*, or *kinds* of one *version*.

    ``variant`` None is the default build.  With a ``name`` the rest follows from it.  Raises
    `MalformedValueError` for what can be no id of a board or variant.
    """

    board: str
    variant: str | None = None
    version: Version
    kinds: tuple[Kind, ...]
    name: ArtifactName | None = None

    def __post_init__(self) -> None:
        """Refuse ids that upstream could not have."""
        for text in (self.board, self.variant or self.board):
            if _ID_OF_UPSTREAM.fullmatch(text) is None:
                raise MalformedValueError(f"not the id of a board or variant: {text[:80]!r}")

    @property
    def id(self) -> str:
        """What the pin of this wish is called: 12 hex digits."""
        kinds = "" if self.name else ",".join(sorted(self.kinds))
        parts = (self.board, self.variant or "", str(self.version), kinds, str(self.name or ""))
        return Digest.of("\n".join(parts).encode()).hex[:_ID_DIGITS]

    def __str__(self) -> str:
        if self.name is not None:
            return str(self.name)
        build = f"{self.board}-{self.variant}" if self.variant else self.board
        return f"{build} {self.version} ({', '.join(self.kinds)})"

    def fits(self, name: ArtifactName, port: str | None) -> bool:
        """Whether the artifact *name* of this board, which is of *port*, is wished for.

        A daily build that bears the bare version of a release is not that release.
        """
        if self.name is not None:
            return name == self.name
        return (
            name.kind in self.kinds
            and name.present(port).variant == self.variant
            and name.maturity is self.version.maturity
            and name.version.same_build(self.version)
        )

    def resolve(self, board: CatalogBoard, held: Container[str]) -> tuple[Listing, ...]:
        """Return the listings of *board* that are wished for.

        As in a plan the build that is listed first stands for its version, and another one
        counts when it is held (`upstream.md` U7).
        """
        listings = sorted(board.listings, key=lambda listing: listing.position)
        fitting = [one for one in listings if self.fits(one.name, board.facts.port)]
        return tuple(
            one for one in fitting if same_build(one.name, fitting[0].name) or str(one.name) in held
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A wish that is kept: the digest of each artifact by name, None for what is to come.

    ``later``: what upstream lists of it later joins.  ``time`` is when it was pinned first.
    Raises `MalformedValueError` when ``id`` is not that of the wish.
    """

    id: str
    wish: Wish
    why: str
    by: str
    time: datetime
    later: bool = False
    names: Mapping[str, Digest | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what would be kept under another name than its own."""
        if self.id != self.wish.id:
            raise MalformedValueError(f"the pin of {self.wish} is {self.wish.id}, not {self.id!r}")
        if self.time.tzinfo is None:
            raise MalformedValueError(f"the time of pin {self.id} has no zone")
        for text in (self.why, self.by):
            if not (text.isprintable() and 1 <= len(text) <= _MOST_TEXT):
                raise MalformedValueError(
                    f"a reason is 1 to {_MOST_TEXT} printable letters, not {text[:80]!r}"
                )
        for name in self.names:
            ArtifactName.parse(name)

    @property
    def digests(self) -> frozenset[Digest]:
        """The bytes that nothing but their recall removes."""
        return frozenset(digest for digest in self.names.values() if digest is not None)

    @property
    def open(self) -> tuple[str, ...]:
        """The names whose bytes are still to come."""
        return tuple(name for name, digest in self.names.items() if digest is None)

    def joined_by(self, names: Iterable[str]) -> Pin:
        """Return the pin with *names* besides; those that it has stay as they are."""
        return replace(self, names=_in_order({**dict.fromkeys(names), **self.names}))

    def settled(self, digests: Mapping[str, Digest]) -> Pin:
        """Return the pin with the digests of names that had none; no other is changed."""
        settled = {name: digest or digests.get(name) for name, digest in self.names.items()}
        return replace(self, names=_in_order(settled))


def _in_order(names: Mapping[str, Digest | None]) -> dict[str, Digest | None]:
    return dict(sorted(names.items()))


def parse_wish(what: str, version: str | None, kinds: tuple[Kind, ...]) -> Wish:
    """Read what an operator typed: ``BOARD[-VARIANT]`` and a version, or a file's name alone.

    Ids are made the present ones where the text alone tells them.  Raises a `RefusedError`.
    """
    if version is None:
        name = ArtifactName.parse(what)
        return _wish_of(name, name.board, name.variant)
    build = build_of_stem(what)
    return Wish(
        board=build.board, variant=build.variant, version=Version.parse(version), kinds=kinds
    )


def wish_for(name: ArtifactName, board: str, port: str | None) -> Wish:
    """Return the wish for the artifact *name*, which stands on the page of *board*."""
    return _wish_of(name, board, name.present(port).variant)


def present_wishes(wish: Wish) -> tuple[Wish, ...]:
    """Return *wish* under every id that its board may have today, as it is written first."""
    ports = dict.fromkeys(port for port, _ in PRESENT_OF_ID)
    return tuple(dict.fromkeys([wish, *(_present(wish, port) for port in ports)]))


def _present(wish: Wish, port: str | None) -> Wish:
    build = present(wish.board, wish.variant, port)
    return replace(wish, board=build.board, variant=build.variant)


def _wish_of(name: ArtifactName, board: str, variant: str | None) -> Wish:
    return Wish(board=board, variant=variant, version=name.version, kinds=(name.kind,), name=name)
