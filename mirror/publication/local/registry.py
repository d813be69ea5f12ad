"""All dialects that a publication is rendered in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.publication.local.boards import BOARDS
from mirror.publication.local.sums import SUMS
from mirror.publication.site.dialect import SITE

if TYPE_CHECKING:
    from mirror.publication.local.dialect import Dialect

#: A new dialect takes its place here; its paths are its own.
DIALECTS: Final[tuple[Dialect, ...]] = (BOARDS, SUMS, SITE)
