"""What a child's answer must be about: who has read foreign bytes is not simply believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.local_names import parse_held
from mirror.catalog.urls import firmware_folder
from mirror.errors import ChildRefusedError, UnrecognisedNameError

if TYPE_CHECKING:
    from mirror.catalog.model import BoardPage


def is_name(text: str) -> bool:
    """Whether *text* is a name that an artifact can be held under."""
    try:
        parse_held(text)
    except UnrecognisedNameError:
        return False
    return True


def refuse_elsewhere(page: BoardPage, url: str, board: str) -> BoardPage:
    """Return *page* if it is about what was asked, each file on the page's own host.

    Raises `ChildRefusedError` otherwise.
    """
    folder = firmware_folder(url)
    same = page.facts.board == board and page.facts.page == url
    same = same and all(problem.page == url for problem in page.problems)
    if not same or not all(
        listing.board == board and listing.folder == folder for listing in page.listings
    ):
        raise ChildRefusedError(f"{url}: the reader answered about another page")
    return page
