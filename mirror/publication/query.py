"""The filters of the feed: which boards, which releases, which files.

Several values of one filter mean "any of these"; several filters mean "all of these".
"""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, TypeVar

from mirror.catalog.kinds import Kind, Maturity
from mirror.errors import BadQueryError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.publication.documents import (
        BoardDocument,
        FileEntry,
        OnDemandEntry,
        ReleaseEntry,
    )

NAMES: Final = (
    "board",
    "port",
    "mcu",
    "vendor",
    "variant",
    "kind",
    "maturity",
    "version",
    "since",
    "limit",
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LIMIT = re.compile(r"[1-9][0-9]{0,4}")
#: So often may one filter stand in a question.
MOST_VALUES: Final = 64
_Word = TypeVar("_Word", Kind, Maturity)


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """What a client asks of the feed; empty means everything.

    ``boards`` are globs; an empty text among ``variants`` is the default build; ``since``
    is the earliest date of a release (``YYYY-MM-DD``); ``limit`` the most releases a
    board, of those held and of those on demand.
    """

    boards: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    mcus: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    maturities: tuple[Maturity, ...] = ()
    versions: tuple[str, ...] = ()
    since: str | None = None
    limit: int | None = None

    @classmethod
    def parse(cls, pairs: Iterable[tuple[str, str]]) -> FeedQuery:
        """Read the parameters of a request; raise `BadQueryError` naming what does not fit."""
        given: dict[str, list[str]] = {}
        for name, value in pairs:
            if name not in NAMES:
                raise BadQueryError(f"no filter is called {name[:40]!r}; there are {list(NAMES)}")
            given.setdefault(name, []).append(value)
        if any(len(values) > MOST_VALUES for values in given.values()):
            raise BadQueryError(f"more than {MOST_VALUES} values of one filter")
        return cls(
            boards=tuple(given.get("board", ())),
            ports=tuple(given.get("port", ())),
            mcus=tuple(given.get("mcu", ())),
            vendors=tuple(given.get("vendor", ())),
            variants=tuple(given.get("variant", ())),
            kinds=tuple(_word(Kind, "kind", text) for text in given.get("kind", ())),
            maturities=tuple(
                _word(Maturity, "maturity", text) for text in given.get("maturity", ())
            ),
            versions=tuple(given.get("version", ())),
            since=_since(given.get("since", [])),
            limit=_limit(given.get("limit", [])),
        )

    def shows(self, board: str) -> bool:
        """Whether a board of this id can be in the answer, before its document is read."""
        return not self.boards or any(fnmatchcase(board, glob) for glob in self.boards)

    def narrow(self, board: BoardDocument) -> BoardDocument | None:
        """Return *board* with what fits; None when the board itself does not."""
        if not self._fits(board):
            return None
        if not self._narrows():
            return board
        offers = [offer for offer in board.on_demand if self._wants_offer(offer)]
        return replace(
            board,
            releases=self._narrow_releases(board.releases),
            on_demand=self._limited(offers),
            local=self._narrow_releases(board.local),
        )

    def _fits(self, board: BoardDocument) -> bool:
        return (
            self.shows(board.board)
            and (not self.ports or board.port in self.ports)
            and (not self.mcus or board.mcu in self.mcus)
            and (not self.vendors or board.vendor in self.vendors)
        )

    def _narrows(self) -> bool:
        by_file = self.variants or self.kinds
        by_release = self.maturities or self.versions or self.since or self.limit
        return bool(by_file or by_release)

    def _narrow_releases(self, releases: Iterable[ReleaseEntry]) -> tuple[ReleaseEntry, ...]:
        fitting = (self._narrow_release(release) for release in releases)
        return tuple([release for release in fitting if release.files][: self.limit])

    def _narrow_release(self, release: ReleaseEntry) -> ReleaseEntry:
        wanted = self._wants(release)
        files = tuple(file for file in release.files if wanted and self._wants_file(file))
        return replace(release, files=files)

    def _limited(self, offers: list[OnDemandEntry]) -> tuple[OnDemandEntry, ...]:
        releases = dict.fromkeys((offer.version, offer.maturity) for offer in offers)
        shown = set(list(releases)[: self.limit])
        return tuple(offer for offer in offers if (offer.version, offer.maturity) in shown)

    def _wants_offer(self, offer: OnDemandEntry) -> bool:
        return self._wants(offer) and self._wants_file(offer)

    def _wants(self, release: ReleaseEntry | OnDemandEntry) -> bool:
        return (
            (not self.maturities or release.maturity in self.maturities)
            and (not self.versions or release.version in self.versions)
            and (self.since is None or release.date >= self.since)
        )

    def _wants_file(self, file: FileEntry | OnDemandEntry) -> bool:
        return (not self.variants or (file.variant or "") in self.variants) and (
            not self.kinds or file.kind in self.kinds
        )


def _word(words: type[_Word], name: str, text: str) -> _Word:
    try:
        return words(text)
    except ValueError as error:
        known = [word.value for word in words]
        raise BadQueryError(f"{name} is one of {known}, not {text[:40]!r}") from error


def _since(values: list[str]) -> str | None:
    if not values:
        return None
    if len(values) > 1 or _DATE.fullmatch(values[0]) is None:
        raise BadQueryError("since is one date, such as 2026-04-06")
    return values[0]


def _limit(values: list[str]) -> int | None:
    if not values:
        return None
    if len(values) > 1 or _LIMIT.fullmatch(values[0]) is None:
        raise BadQueryError("limit is one number from 1 to 99999")
    return int(values[0])
