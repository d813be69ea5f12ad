"""What the mirror is to hold without being asked: patterns, depths, and what differs by board.

A board is wanted when a pattern of each of ``boards``, ``ports``, ``vendors`` and ``mcus``
fits it; none named (but for boards) means every one, and what upstream's pages do not tell
fits ``*`` only.  Patterns know ``*``, ``?`` and ``[…]``, upper and lower case apart.

Of the overrides whose pattern fits a board exactly one is in force, whatever their order: a
plain board id before any pattern, then the pattern with most letters that are no wildcard,
then the first in the order of ASCII.  What it does not say is as in the rest of the policy.  An
override changes how much of a wanted board is held; it makes no board wanted.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.versions import Version
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirror.catalog.model import BoardFacts, CatalogBoard
    from mirror.catalog.names import ArtifactName

FLASHABLE = tuple(kind for kind in Kind if kind.flashable)
"""The kinds that somebody puts on a board."""

Since = Version | date
"""The oldest version that is wanted, or the earliest date of a build (upstream's local date)."""

_WILD = re.compile(r"\[[^\]]*\]|[*?]")


class Reason(StrEnum):
    """Why a listing is wanted, or left; the value is what scripts read."""

    PINNED = "pinned"
    NEWEST = "newest"
    HELD = "held"
    BOARD = "board"
    PORT = "port"
    VENDOR = "vendor"
    MCU = "mcu"
    KIND = "kind"
    SINCE = "since"
    OLDER = "older"
    REPEATED = "repeated"
    KEPT = "kept"
    LET_GO = "let-go"
    LOCAL = "local"

    @property
    def wanted(self) -> bool:
        """Whether the listing is to be held."""
        return self in {Reason.PINNED, Reason.NEWEST, Reason.HELD}

    @property
    def kept(self) -> bool:
        """Whether what is held stays so."""
        return self.wanted or self in {Reason.KEPT, Reason.LOCAL}

    @property
    def words(self) -> str:
        """The same for people."""
        return _WORDS[self]


_WORDS = {
    Reason.PINNED: "pinned: nothing but its recall removes it",
    Reason.NEWEST: "among the newest of its variant",
    Reason.HELD: "another build of a wanted version, and held already",
    Reason.BOARD: "no pattern fits the board",
    Reason.PORT: "no pattern fits the board's port",
    Reason.VENDOR: "no pattern fits the board's vendor",
    Reason.MCU: "no pattern fits the board's mcu",
    Reason.KIND: "this kind is not wanted",
    Reason.SINCE: "older than that",
    Reason.OLDER: "newer ones of its variant are as many as wanted",
    Reason.REPEATED: "another build of this version is listed before it",
    Reason.LOCAL: "a build of your own",
    Reason.KEPT: "no longer wanted, and kept once held",
    Reason.LET_GO: "no longer wanted, and newer ones are as many as are kept",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """The setting that decides: its key in ``mpmirror.toml``, and its value for people."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.key} = {self.value}"


@dataclass(frozen=True, slots=True)
class Newest:
    """So many of the newest versions of each variant; ``count`` None: all of them."""

    count: int | None


@dataclass(frozen=True, slots=True)
class Within:
    """Those built at most so many days before the newest that is held of their variant.

    No clock has a say: nothing is let go only because time passes.
    """

    days: int


Keep = Newest | Within
"""What stays of what was held once and is no longer wanted."""

_KEPT_PREVIEWS = Newest(10)


def spell_keep(keep: Keep) -> str:
    """Write *keep* as settings do: ``all``, ``10`` or ``90d``."""
    if isinstance(keep, Within):
        return f"{keep.days}d"
    return "all" if keep.count is None else str(keep.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What holds instead for boards that fit ``pattern``; None: as the policy says."""

    pattern: str
    kinds: tuple[Kind, ...] | None = None
    releases: Newest | None = None
    previews: Newest | None = None
    since: Since | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How much of one wanted board is to be held, and by which rule each is so.

    A depth of None means all; ``since`` None leaves nothing out.
    """

    kinds: tuple[Kind, ...]
    releases: int | None
    previews: int | None
    since: Since | None
    override: Override | None

    def depth(self, maturity: Maturity) -> int | None:
        """Return how many versions of this maturity are wanted of each variant."""
        return self.releases if maturity is Maturity.RELEASE else self.previews

    def leaves_out(self, name: ArtifactName) -> bool:
        """Whether *name* is from before ``since``."""
        if self.since is None:
            return False
        if isinstance(self.since, Version):
            return name.version < self.since and not name.version.same_rank(self.since)
        return name.date < self.since.isoformat()

    def depth_rule(self, maturity: Maturity) -> Rule:
        """Return the rule that says `depth`."""
        depth = self.depth(maturity)
        name = "releases" if maturity is Maturity.RELEASE else "previews"
        return self._rule(name, "all" if depth is None else str(depth))

    def kinds_rule(self) -> Rule:
        """Return the rule that says which kinds."""
        return self._rule("kinds", ", ".join(self.kinds))

    def since_rule(self) -> Rule:
        """Return the rule that says since when."""
        return self._rule("since", str(self.since))

    def _rule(self, name: str, value: str) -> Rule:
        override = self.override
        if override is None or getattr(override, name) is None:
            return Rule(f"policy.{name}", value)
        return Rule(f'policy.override."{override.pattern}".{name}', value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What to hold: the newest *releases* and *previews* of every wanted board and variant.

    ``None`` for a depth means all.  Boards of an earlier pattern are fetched first.  What was
    held once stays as long as ``keep_releases`` or ``keep_previews`` keeps it.
    """

    boards: tuple[str, ...] = ("*",)
    ports: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    mcus: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = FLASHABLE
    releases: int | None = 3
    previews: int | None = 1
    since: Since | None = None
    overrides: tuple[Override, ...] = ()
    keep_releases: Keep = Newest(None)
    keep_previews: Keep = _KEPT_PREVIEWS

    def rank(self, board: CatalogBoard) -> int | None:
        """Return the place of the pattern that wants *board*, or None when none does."""
        if self.refusal(board.facts) is not None:
            return None
        places = enumerate(self.boards)
        return next(place for place, one in places if fnmatchcase(board.facts.board, one))

    def refusal(self, facts: BoardFacts) -> tuple[Reason, Rule] | None:
        """Return why a board of these facts is not wanted, or None when it is."""
        for reason, text, patterns in self._selections(facts):
            if not any(fnmatchcase(text, pattern) for pattern in patterns):
                return reason, Rule(f"policy.{reason}s", ", ".join(patterns) or "nothing")
        return None

    def terms(self, board: str) -> Terms:
        """Return how much is to be held of the board with this id, if it is wanted."""
        fitting = [one for one in self.overrides if fnmatchcase(board, one.pattern)]
        override = min(fitting, key=_order, default=None)
        own = override or Override(pattern=board)
        return Terms(
            kinds=self.kinds if own.kinds is None else own.kinds,
            releases=self.releases if own.releases is None else own.releases.count,
            previews=self.previews if own.previews is None else own.previews.count,
            since=self.since if own.since is None else own.since,
            override=override,
        )

    def keep(self, maturity: Maturity) -> tuple[Keep, Rule]:
        """Return what is kept of what was held once, and the rule that says so."""
        release = maturity is Maturity.RELEASE
        keep = self.keep_releases if release else self.keep_previews
        name = "keep_releases" if release else "keep_previews"
        return keep, Rule(f"policy.{name}", spell_keep(keep))

    def _selections(self, facts: BoardFacts) -> Iterator[tuple[Reason, str, Sequence[str]]]:
        everything = ("*",)
        yield Reason.BOARD, facts.board, self.boards
        yield Reason.PORT, facts.port or "", self.ports or everything
        yield Reason.VENDOR, facts.vendor, self.vendors or everything
        yield Reason.MCU, facts.mcu or "", self.mcus or everything


def _order(override: Override) -> tuple[bool, int, str]:
    """Put the override first that is to win."""
    letters = _WILD.sub("", override.pattern)
    return letters != override.pattern, -len(letters), override.pattern
