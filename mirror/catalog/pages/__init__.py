r"""Upstream's pages as values: what is on them, and by name what was left out.

Pages are read in document order and never by who contains whom, because HTML parsers build
different trees of them.  A page that is cut short, is of another kind, or lacks its headings
is refused whole (`PageRefusedError`); a single link or text that can not be taken is left out
and named in ``problems``.  All texts are plain: white space is folded, and every character
that does not print is written as its escape (``\x1b``), so that it is shown and never obeyed.

Everything is bounded, but a hostile page can still keep the parser busy for minutes: the
limited child process of `mirror.sandbox` is where foreign pages are read.
"""

from __future__ import annotations

from mirror.catalog.pages.board import read_board_page, read_empty_board_page
from mirror.catalog.pages.index import read_index_page
from mirror.catalog.pages.markup import MAX_PAGE

__all__ = ["MAX_PAGE", "read_board_page", "read_empty_board_page", "read_index_page"]
