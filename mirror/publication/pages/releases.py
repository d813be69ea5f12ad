"""What came out when: all versions, and one version with its boards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.kinds import Maturity
from mirror.catalog.versions import Version
from mirror.errors import MirrorError
from mirror.frozen import dataclass
from mirror.publication.pages import texts
from mirror.publication.pages.layout import Section, layout, outside
from mirror.publication.site.html import Markup, tag
from mirror.publication.site.index import Card, CardRelease

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Release:
    """One *version* of all boards that have it."""

    version: str
    maturity: Maturity
    boards: tuple[tuple[Card, CardRelease], ...]

    @property
    def date(self) -> str:
        """The day of the first build."""
        return min(release.date for _, release in self.boards)

    @property
    def holder(self) -> str | None:
        """A board of which something of it is held, so that its document says more."""
        return next((card.board for card, release in self.boards if release.held), None)

    @property
    def held(self) -> int:
        """For how many boards something of it is held."""
        return sum(1 for _, release in self.boards if release.held)


def releases_of(cards: Iterable[Card]) -> list[Release]:
    """Return what came out for *cards*, newest version first."""
    found: dict[str, list[tuple[Card, CardRelease]]] = {}
    for card in cards:
        for release in card.releases:
            found.setdefault(release.version, []).append((card, release))
    releases = [Release(version, of[0][1].maturity, tuple(of)) for version, of in found.items()]
    return sorted(releases, key=_order, reverse=True)


def render_releases(releases: Sequence[Release], upstream: str) -> bytes:
    """Return the page of all versions."""
    finished = [one for one in releases if one.maturity is Maturity.RELEASE]
    previews = [one for one in releases if one.maturity is Maturity.PREVIEW]
    return layout(
        Section.RELEASES,
        texts.RELEASES,
        tag("h1", texts.RELEASES),
        tag("p", texts.RELEASES_LEAD if releases else texts.NO_RELEASES, class_="lead"),
        *_table(finished),
        tag("p", tag("a", texts.SEE_CHANGES, href="/changes")),
        *([tag("h2", texts.PREVIEWS)] if previews else []),
        *_table(previews),
        upstream=upstream,
    )


def render_release(release: Release, notes: str | None, upstream: str) -> bytes:
    """Return the page of one version; *notes* is where upstream says what is new."""
    title = texts.RELEASE.format(version=release.version)
    lead = texts.RELEASE_LEAD.format(date=release.date, boards=len(release.boards))
    boards = sorted(release.boards, key=lambda pair: (pair[0].vendor.lower(), pair[0].product))
    rows = (_board(card, one) for card, one in boards)
    more = [tag("p", f"{texts.NOTES} ", outside(notes))] if notes else []
    heads = (texts.BOARD, texts.DATE, texts.FILES)
    return layout(
        Section.RELEASES,
        title,
        tag("h1", title),
        tag("p", lead, class_="lead"),
        *more,
        table(heads, rows),
        upstream=upstream,
    )


def table(heads: Iterable[str], rows: Iterable[Markup]) -> Markup:
    """Return a table that scrolls by itself where it does not fit."""
    head = tag("tr", *(tag("th", words, scope="col") for words in heads))
    inside = tag("table", tag("thead", head), tag("tbody", *rows, by="\n"))
    # Whoever has only a keyboard can scroll it, too.
    return tag("div", inside, class_="scroll", tabindex="0", role="group", aria_label=texts.TABLE)


def _order(release: Release) -> tuple[bool, Version | None, str]:
    try:
        return True, Version.parse(release.version), ""
    except MirrorError:
        # What no version is stands last, in the order of its letters.
        return False, None, release.version


def _table(releases: Sequence[Release]) -> Iterator[Markup]:
    if releases:
        heads = (texts.VERSION, texts.DATE, texts.BOARDS, texts.HELD)
        yield table(heads, map(_row, releases))


def _row(release: Release) -> Markup:
    link = tag("a", release.version, href=f"/releases/{release.version}")
    cells = (link, _day(release.date), str(len(release.boards)), str(release.held))
    return tag("tr", *(tag("td", cell) for cell in cells))


def _day(date: str) -> Markup:
    return tag("time", date, datetime=date)


def _board(card: Card, release: CardRelease) -> Markup:
    link = tag("a", card.product or card.board, href=f"/boards/{card.board}")
    mark = tag("span", texts.ON_DEMAND_MARK, class_="tag")
    files = str(release.held) if release.held else mark
    return tag("tr", tag("td", link), tag("td", _day(release.date)), tag("td", files))
