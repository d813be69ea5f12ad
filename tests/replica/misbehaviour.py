"""The ways to misbehave that have a name, from ``upstream.md`` and beyond.

``replica.misbehave(name, Misbehaviour.ZEROS)`` plays one.  Those with measures of their own
(`Refusing`, `Redirecting`, …) are in `tests.replica.ways`.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum, unique
from typing import TYPE_CHECKING

from tests.replica import alterations
from tests.replica.ways import (
    Altered,
    Bomb,
    Hanging,
    OtherFile,
    PartUnasked,
    Redirecting,
    Refusing,
    Resetting,
    Short,
    Substituted,
    Trickling,
    Unended,
    Unmeasured,
    WholeForRange,
    WrongRange,
)

if TYPE_CHECKING:
    from tests.replica.exchange import Way


@unique
class Misbehaviour(Enum):
    """One way to misbehave; ``value`` plays it."""

    # Pages.
    CUT_PAGE = Altered(alterations.cut)
    NO_HEADINGS = Altered(alterations.without_headings)
    HALF_THE_BOARDS = Altered(alterations.half_of_the_cards)
    HOSTILE_LINKS = Altered(alterations.with_hostile_links)
    OPEN_TAGS = Altered(alterations.filled_with("<a "))
    OPEN_COMMENTS = Altered(alterations.filled_with("<!--"))
    NESTED_DIVS = Altered(alterations.filled_with("<div>"))
    GZIP_BOMB = Bomb()

    # Bodies.
    PART_WRITTEN = Altered(alterations.half)
    EMPTY_BODY = Altered(alterations.emptied)
    HTML_FOR_FIRMWARE = Substituted(alterations.ERROR_PAGE)
    ZEROS = Substituted(alterations.ZEROS, "application/octet-stream")
    WRONG_BYTES = Altered(alterations.other_bytes)
    ONE_BIT_OFF = Altered(alterations.one_bit_off)

    # Lengths.
    SHORT_BODY = Short()
    NO_LENGTH_CUT = Unmeasured()
    NO_LENGTH = Unmeasured(share=1.0)
    CHUNKS_CUT = Unended()

    # Ranges.
    PART_UNASKED = PartUnasked()
    WHOLE_FOR_RANGE = WholeForRange()
    WRONG_CONTENT_RANGE = WrongRange()
    ETAG_CHANGES = OtherFile()

    # Redirects: in a circle, to another host, to a lower scheme, to private addresses.
    REDIRECT_LOOP = Redirecting("{path}")
    REDIRECT_TO_OTHER_HOST = Redirecting("https://other.example{path}")
    REDIRECT_TO_LOWER_SCHEME = Redirecting("http://micropython.org{path}")
    REDIRECT_TO_FTP = Redirecting("ftp://micropython.org{path}")
    REDIRECT_TO_PRIVATE_ADDRESS = Redirecting("http://10.0.0.1{path}")
    REDIRECT_TO_LINK_LOCAL = Redirecting("http://169.254.169.254{path}")

    # Refusals.
    BUSY_429 = Refusing(429, "1")
    BUSY_503 = Refusing(503, "1")
    BUSY_UNTIL_DATE = Refusing(503, dt.timedelta(seconds=2))
    BUSY_ABSURDLY = Refusing(429, "99999999999")
    BUSY_GARBLED = Refusing(503, "soon")
    MISSING = Refusing(404)
    GONE = Refusing(410)
    BROKEN = Refusing(500)
    UNAVAILABLE = Refusing(503)

    # Time.
    HANG_BEFORE_HEADERS = Hanging()
    HANG_IN_BODY = Hanging(share=0.5)
    RESET = Resetting()
    RESET_IN_BODY = Resetting(share=0.5)
    TRICKLE = Trickling()

    @property
    def way(self) -> Way:
        """What plays it."""
        way: Way = self.value
        return way
