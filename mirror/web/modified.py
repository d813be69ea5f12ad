"""When the bytes of a file were made, for clients that ask by date only (`wget -N`).

The day is the one in the file's name, as its builder's clock had it.  The second of that day is
told by the digest: other bytes under the same name have another date, and each node says the
same one.  So a date that comes back names the bytes that it was given with.
"""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from mirror.catalog.names import ArtifactName
from mirror.errors import UnrecognisedNameError

if TYPE_CHECKING:
    from mirror.catalog.values import Digest

_SECONDS_OF_A_DAY: Final = 24 * 60 * 60


def find_modified(name: str, digest: Digest) -> str | None:
    """Return the date of the bytes *digest* of the file *name*, as RFC 9110 writes dates.

    None for a name without a date, such as an own build's.
    """
    try:
        day = ArtifactName.parse(name).date
    except UnrecognisedNameError:
        return None
    midnight = dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC)
    second = int(digest.hex, 16) % _SECONDS_OF_A_DAY
    return format_datetime(midnight + dt.timedelta(seconds=second), usegmt=True)
