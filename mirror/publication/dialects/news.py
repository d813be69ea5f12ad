"""Feeds for people and their feed readers: of all boards, and of each.

Upstream builds a preview of every board nearly each day: in one feed with the releases they
would be all that anybody sees.  So previews of all boards have a feed of their own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Maturity
from mirror.publication.dialects.atom import render_atom
from mirror.publication.dialects.entries import (
    MOST,
    MOST_OF_BOARD,
    MOST_OF_EACH,
    Entry,
    FeedOf,
    entries_of,
    feed_id,
    newest_first,
)
from mirror.publication.dialects.json_feed import render_json_feed
from mirror.publication.dialects.offers import in_path, words
from mirror.publication.local.dialect import Dialect, Documents, Lists, Rendered, Site
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.publication.documents import BoardDocument

RELEASES: Final = "/feeds/firmware"
PREVIEWS: Final = "/feeds/previews"
#: A board may be called "firmware": theirs are apart.
BOARDS: Final = "/feeds/boards/"

_ENTRIES = Shape(tuple[Entry, ...])


def _per_board(board: BoardDocument, site: Site) -> Documents:
    entries = entries_of(board, MOST_OF_BOARD)
    if site.public_url is None or not entries:
        return {}
    return _both(
        FeedOf(
            known_as=feed_id(board.board),
            title=words(f"MicroPython for {board.board}"),
            about=f"What this mirror holds for this board, the newest {MOST_OF_BOARD} at most.",
            page=f"/download/{in_path(board.board)}/",
            path=BOARDS + in_path(board.board),
            entries=entries,
        ),
        site,
    )


def _summarise(board: BoardDocument, site: Site) -> bytes:
    if site.public_url is None:
        return b""
    entries = [entry for maturity in Maturity for entry in _newest(board, maturity)]
    return _ENTRIES.dump_json(tuple(entries)) if entries else b""


def _newest(board: BoardDocument, maturity: Maturity) -> tuple[Entry, ...]:
    return entries_of(board, MOST_OF_EACH, maturity)


def _combine(summaries: Iterable[bytes], site: Site) -> Lists:
    if site.public_url is None:
        return
    found = [entry for one in summaries if one for entry in _ENTRIES.validate_json(one)]
    releases = _feed("firmware", RELEASES, Maturity.RELEASE, found)
    yield from _both(releases, site).items()
    yield from _both(_feed("previews", PREVIEWS, Maturity.PREVIEW, found), site).items()


def _feed(word: str, path: str, maturity: Maturity, found: Iterable[Entry]) -> FeedOf:
    entries = newest_first(entry for entry in found if entry.maturity == maturity)
    return FeedOf(
        known_as=feed_id(f"/{word}"),
        title=f"MicroPython {word}",
        about=(
            f"The newest {MOST} {maturity}s that this mirror holds, "
            f"at most {MOST_OF_EACH} of each board."
        ),
        page="/download/",
        path=path,
        entries=entries[:MOST],
    )


def _both(feed: FeedOf, site: Site) -> dict[str, Rendered]:
    as_json, as_atom = f"{feed.path}.json", f"{feed.path}.atom"
    return {
        as_json: render_json_feed(replace(feed, path=as_json), site),
        as_atom: render_atom(replace(feed, path=as_atom), site),
    }


NEWS: Final = Dialect(name="news", per_board=_per_board, summarise=_summarise, combine=_combine)
