"""Feeds for people and their feed readers: of all boards, and of each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

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
from mirror.publication.local.dialect import Dialect, Documents, Rendered, Site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.publication.documents import BoardDocument

FEED: Final = "/feeds/firmware"
#: A board may be called "firmware": theirs are apart.
BOARDS: Final = "/feeds/boards/"

_ENTRIES = TypeAdapter(tuple[Entry, ...])


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
    entries = entries_of(board, MOST_OF_EACH)
    return _ENTRIES.dump_json(entries) if entries and site.public_url is not None else b""


def _combine(summaries: Sequence[bytes], site: Site) -> Documents:
    if site.public_url is None:
        return {}
    found = (entry for one in summaries if one for entry in _ENTRIES.validate_json(one))
    return _both(
        FeedOf(
            known_as=feed_id(""),
            title="MicroPython firmware",
            about=(
                f"The newest {MOST} releases and previews that this mirror holds, "
                f"at most {MOST_OF_EACH} of each board."
            ),
            page="/download/",
            path=FEED,
            entries=newest_first(found)[:MOST],
        ),
        site,
    )


def _both(feed: FeedOf, site: Site) -> dict[str, Rendered]:
    as_json, as_atom = f"{feed.path}.json", f"{feed.path}.atom"
    return {
        as_json: render_json_feed(replace(feed, path=as_json), site),
        as_atom: render_atom(replace(feed, path=as_atom), site),
    }


NEWS: Final = Dialect(name="news", per_board=_per_board, summarise=_summarise, combine=_combine)
