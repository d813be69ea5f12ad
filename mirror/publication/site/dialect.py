"""The pages as a dialect: what is rendered of each board, and what of all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Maturity
from mirror.publication.local.dialect import (
    ARTIFACT,
    HTML,
    JSON,
    Dialect,
    Documents,
    Lists,
    Rendered,
    Site,
)
from mirror.publication.site.board import builds_of, render_board_page
from mirror.publication.site.index import (
    CARDS_PATH,
    INDEX_PATH,
    Card,
    Filters,
    card_of,
    decode_card,
    encode_card,
    join_cards,
    render_index_page,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirror.publication.documents import BoardDocument


def _pages(board: BoardDocument, site: Site) -> Documents:
    folder = f"{INDEX_PATH}{board.board}/"
    page = render_board_page(board, site.photographs_of(board))
    return {folder: Rendered(page, HTML)} | {
        folder + path: Rendered(name.encode(), ARTIFACT) for path, name in _latest(board)
    }


def _latest(board: BoardDocument) -> Iterator[tuple[str, str]]:
    """Yield the names that always mean the newest release, and what they mean now."""
    seen: set[str] = set()
    for build in builds_of(board):
        for file in build.files if build.maturity is Maturity.RELEASE else ():
            stem = "-".join(filter(None, (board.board, file.variant)))
            path = f"{stem}-latest.{file.kind}"
            if file.kind.flashable and path not in seen:
                seen.add(path)
                yield path, file.name


def _summarise(board: BoardDocument, site: Site) -> bytes:
    return encode_card(card_of(board, site.photographs_of(board)))


def _combine(summaries: Iterable[bytes], _site: Site) -> Lists:
    shown: list[Card] = []
    yield CARDS_PATH, Rendered(join_cards(_noted(summaries, shown)), JSON)
    yield INDEX_PATH, Rendered(render_index_page(shown, Filters()), HTML)


def _noted(summaries: Iterable[bytes], shown: list[Card]) -> Iterator[bytes]:
    """Yield *summaries*, and add to *shown* what the page of all boards shows of each."""
    for summary in summaries:
        # It shows no versions, and there are thousands.
        shown.append(replace(decode_card(summary), releases=()))
        yield summary


SITE: Final = Dialect(
    name="site", per_board=_pages, summarise=_summarise, counts_offers=True, combine=_combine
)
