"""One board's page: its facts, and every firmware file it lists.

Read in document order: the product's heading, the lines of the head, the board's own text,
the installation instructions, and then one section for each variant.  Every shape of the
page's history is read (``upstream.md`` section 4, "Shapes of the past"); a fact that a shape
does not have is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.model import BoardFacts, BoardPage
from mirror.catalog.pages.events import Event, Opened
from mirror.catalog.pages.head import Head, read_head
from mirror.catalog.pages.listings import ListingReader, Place
from mirror.catalog.pages.markup import read_markup
from mirror.catalog.pages.outline import Outline, outline
from mirror.catalog.pages.photographs import photograph
from mirror.catalog.pages.problems import Problems
from mirror.catalog.pages.prose import MAX_PASSAGES, flash_offsets, passages
from mirror.errors import FirmwareHeadingMissingError, PageRefusedError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from mirror.catalog.model import Passage

MAX_PHOTOGRAPHS = 50


def read_board_page(html: bytes, url: str, board: str) -> BoardPage:
    """Read the page of *board* that came from *url*.

    Guarantees: each listed name once, in the page's order; every URL is absolute, on the host
    of *url* and in the folder of firmware; every link in a section that is no listing and no
    release note is in ``problems``.  A page with its firmware heading and without files is an
    empty board.  Raises `PageRefusedError` for a page that is not whole, is not a board page,
    or is another board's, and its kin `FirmwareHeadingMissingError` for a board page with
    neither heading nor file (``upstream.md`` U2): only who knows that the board never had
    files may then call `read_empty_board_page`.
    """
    page = _Page.read(html, url, board)
    if not page.listings.listings and not page.outline.has_section_heading:
        raise FirmwareHeadingMissingError(f"{url}: a whole page without any firmware heading")
    return page.as_board_page()


def read_empty_board_page(html: bytes, url: str, board: str) -> BoardPage:
    """Read the page of *board*, which the caller knows to have had no file ever.

    As `read_board_page`, but a page without any firmware heading is an empty board.
    """
    return _Page.read(html, url, board).as_board_page()


@dataclass(frozen=True, slots=True)
class _Page:
    """A page in its parts."""

    url: str
    board: str
    events: tuple[Event, ...]
    outline: Outline
    head: Head
    listings: ListingReader
    problems: Problems

    @classmethod
    def read(cls, html: bytes, url: str, board: str) -> _Page:
        events = read_markup(html, url)
        parts = outline(events, url)
        problems = Problems(url)
        start = parts.text_end if parts.product is None else parts.product.start + 1
        head = read_head(events, start, parts.text_end, problems)
        if head.board is not None and head.board != board:
            raise PageRefusedError(f"{url}: the page of {head.board}, not of {board}")
        reader = ListingReader(Place(url, board, head.port), parts.sections, problems)
        reader.read(events)
        page = cls(url, board, events, parts, head, reader, problems)
        if not page._is_of_a_board():
            raise PageRefusedError(f"{url}: not a board's page, nothing on it says so")
        return page

    def as_board_page(self) -> BoardPage:
        description, instructions = self._prose()
        facts = BoardFacts(
            board=self.board,
            page=self.url,
            product=self.outline.product.text if self.outline.product else self.board,
            vendor=self.head.vendor,
            port=self.head.port,
            features=self.head.features,
            website=self.head.website,
            flash_offset=self._flash_offset(instructions),
            photographs=self._photographs(),
            description=description,
            instructions=instructions,
            variants=self.listings.variants,
        )
        return BoardPage(facts, self.listings.listings, self.problems.all())

    def _is_of_a_board(self) -> bool:
        # A heading alone does not say so: a page of maintenance may be titled "Firmware".
        return bool(self.listings.listings or not self.head.bare or self._photographs())

    def _prose(self) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
        end, heading = self.outline.text_end, self.outline.instructions
        if heading is None:
            return self._passages(self.head.end, end), ()
        description = self._passages(self.head.end, heading.start)
        # The first passage is the heading itself, which says nothing that its place does not.
        return description, self._passages(heading.start, end)[1:]

    def _passages(self, start: int, end: int) -> tuple[Passage, ...]:
        found = passages(self.events[start:end])
        if len(found) > MAX_PASSAGES:
            self.problems.add("too-many-passages", f"more than {MAX_PASSAGES}")
        return found[:MAX_PASSAGES]

    def _flash_offset(self, instructions: tuple[Passage, ...]) -> int | None:
        offsets = flash_offsets(instructions)
        if len(offsets) > 1:
            self.problems.add("offsets-differ", ", ".join(hex(offset) for offset in offsets))
            return None
        return offsets[0] if offsets else None

    def _photographs(self) -> tuple[str, ...]:
        found = (
            photograph(event.source, self.board)
            for event in self.events
            if isinstance(event, Opened) and event.tag == "img"
        )
        names = dict.fromkeys(name for name in found if name is not None)
        return tuple(names)[:MAX_PHOTOGRAPHS]
