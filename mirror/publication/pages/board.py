"""The page of one board: what it is, what to flash on it, and how.

Of each variant the newest release and the newest preview come first, each with its digest, its
verdict in the feed's words, and the commands of `mirror.publication.flashing` for this very
file.  Upstream's own instructions are a quotation, and nothing in it can be copied by a button.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Maturity
from mirror.frozen import dataclass
from mirror.publication.hiding import without_hidden
from mirror.publication.pages import more_texts, texts
from mirror.publication.pages.commands import commands
from mirror.publication.pages.files import build_panel, older_builds, on_demand
from mirror.publication.pages.layout import Section, layout, outside, terms
from mirror.publication.pages.qr import qr_code
from mirror.publication.photographs import Shown
from mirror.publication.site.board import Build, builds_in, builds_of, prose
from mirror.publication.site.html import Markup, joined, picture, tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirror.publication.documents import BoardDocument

_SOURCE: Final = "https://github.com/micropython/micropython/tree/master/ports"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a page says besides its board: the mirror's address and origin, the photographs held.

    ``public_url`` is None while the mirror has no address that all could use.
    """

    public_url: str | None
    upstream: str
    photographs: tuple[Shown, ...] = ()


def board_path(board: str) -> str:
    """Return the path of the page of *board*."""
    return f"/boards/{board}"


def render_board(board: BoardDocument, around: Surroundings) -> bytes:
    """Return the page of *board*."""
    builds = list(builds_of(board))
    return layout(
        Section.BOARDS,
        board.product or board.board,
        *_top(board, around),
        *_variants(board),
        *_sections(board, builds, around),
        *_own(board, around),
        *on_demand(board.on_demand),
        *_quotation(board),
        *_short_link(board, around),
        upstream=around.upstream,
    )


def _top(board: BoardDocument, around: Surroundings) -> Iterator[Markup]:
    yield tag("h1", board.product or board.board)
    yield tag("p", board.vendor, class_="lead")
    facts = tag("div", *_renamed(board), _facts(board))
    pictures = (_picture(shown, board.product) for shown in around.photographs[:1])
    yield tag("div", facts, *pictures, class_="top")
    if board.description:
        quotation = tag("blockquote", *prose(board.description))
        yield tag("details", tag("summary", texts.ABOUT), quotation)


def _picture(shown: Shown, product: str) -> Markup:
    alt = texts.PHOTOGRAPH.format(product=product)
    return picture(shown.path, (shown.width, shown.height), alt)


def _renamed(board: BoardDocument) -> Iterator[Markup]:
    if board.renamed_to:
        link = tag("a", board.renamed_to, href=board_path(board.renamed_to))
        yield tag("p", f"{texts.RENAMED_TO} ", link)
    if board.renamed_from:
        yield tag("p", f"{texts.RENAMED_FROM} {', '.join(board.renamed_from)}", class_="dim")


def _facts(board: BoardDocument) -> Markup:
    offset = "" if board.flash_offset is None else f"{board.flash_offset:#x}"
    source = outside(f"{_SOURCE}/{board.port}/boards/{board.board}") if board.port else ""
    return terms(
        (texts.FACT_BOARD, tag("code", board.board)),
        (texts.FACETS["port"], board.port or ""),
        (texts.FACETS["mcu"], board.mcu or ""),
        (texts.FACT_FEATURES, ", ".join(board.features)),
        (texts.FACT_FLASH, offset),
        (texts.FACT_WEBSITE, outside(board.website) if board.website else ""),
        (texts.FACT_UPSTREAM, outside(board.page) if board.page else ""),
        (texts.FACT_SOURCE, source),
    )


def _variants(board: BoardDocument) -> Iterator[Markup]:
    if not any(facts.variant for facts in board.variants):
        return
    yield tag("h2", texts.VARIANTS)
    yield tag("p", texts.VARIANTS_LEAD)
    yield terms(*(_variant(facts.variant, facts.label) for facts in board.variants))


def _variant(variant: str | None, label: str) -> tuple[str, str]:
    if variant is None:
        return texts.DEFAULT_VARIANT, texts.DEFAULT_WHY
    return variant, label or texts.VARIANT_UNEXPLAINED


def _sections(
    board: BoardDocument, builds: Sequence[Build], around: Surroundings
) -> Iterator[Markup]:
    by_variant: dict[str | None, list[Build]] = {}
    for build in builds:
        by_variant.setdefault(build.main.variant, []).append(build)
    if not builds:
        yield tag("h2", texts.FIRMWARE)
        yield tag("p", texts.NO_FIRMWARE)
    listed: list[str | None] = [facts.variant for facts in board.variants]
    labels = {facts.variant: facts.label for facts in board.variants}
    for variant in dict.fromkeys([None, *listed, *sorted(filter(None, by_variant))]):
        if variant in by_variant:
            label = labels.get(variant) or variant or ""
            named = texts.FIRMWARE_OF.format(label=label) if variant else texts.FIRMWARE
            yield tag("h2", named)
            yield from _section(board.board, by_variant[variant], around)


def _section(board: str, builds: Sequence[Build], around: Surroundings) -> Iterator[Markup]:
    first: list[Build] = []
    for maturity in (Maturity.RELEASE, Maturity.PREVIEW):
        same = [build for build in builds if build.maturity is maturity]
        # Newer builds that only help in debugging are no answer to "what do I flash".
        newest = next((build for build in same if build.flashable), None)
        if newest is not None:
            first.append(newest)
            yield _panel(board, newest, texts.NEWEST[maturity], around)
    yield from older_builds([build for build in builds if build not in first])


def _panel(board: str, build: Build, heading: str, around: Surroundings) -> Markup:
    flashing = commands(board, build.main, around.public_url)
    lead = [tag("p", texts.PREVIEW_LEAD)] if build.maturity is Maturity.PREVIEW else []
    return build_panel(build, heading, joined(*lead), flashing)


def _own(board: BoardDocument, around: Surroundings) -> Iterator[Markup]:
    builds = [build for release in without_hidden(board).local for build in builds_in(release)]
    if not builds:
        return
    yield tag("h2", texts.OWN)
    yield tag("p", texts.OWN_LEAD)
    for build in builds:
        flashing = commands(board.board, build.main, around.public_url)
        yield build_panel(build, build.version, Markup(), flashing)


def _quotation(board: BoardDocument) -> Iterator[Markup]:
    if not board.instructions:
        return
    yield tag("h2", more_texts.QUOTATION)
    yield tag("p", more_texts.QUOTATION_LEAD.format(page=board.page or texts.FACT_UPSTREAM))
    yield tag("blockquote", *prose(board.instructions))


def _short_link(board: BoardDocument, around: Surroundings) -> Iterator[Markup]:
    if around.public_url is None:
        return
    url = f"{around.public_url}{board_path(board.board)}"
    yield tag("h2", more_texts.SHORT_LINK)
    yield tag("p", tag("code", url))
    yield qr_code(url)
