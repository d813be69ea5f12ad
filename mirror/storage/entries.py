"""What the ledger records: facts seen upstream, and what somebody decided.

Each entry is a frozen value.  Times are aware and in UTC; texts from upstream stand as they
came, so whoever shows them escapes them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeAlias

from mirror.catalog.values import Digest
from mirror.formats.verdict import Finding, Verdict
from mirror.frozen import dataclass

SECOND_FETCH: Final = "second fetch"
SIBLINGS: Final = "siblings"
WAIVED: Final = "waived"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who gave the bytes of a sighting, and with what words: for a look years later.

    ``peer`` is the address and TCP port of the connection, ``certificate`` the digest of the
    certificate (DER) that was shown on it, ``page`` the digest of the page that listed the
    file; ``headers`` are further ones of upstream's answer, few and short, never a cookie.
    Each is None, or empty, where it was not known.
    """

    peer: str | None = None
    certificate: Digest | None = None
    page: Digest | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """An artifact was received from *url* and accepted: the first sight of its name, or one more.

    ``board`` is the id of the page that listed it; ``size`` is in bytes, ``md5`` in hex
    (None where no client asks for it); ``etag``, ``last_modified`` and ``content_type`` are
    upstream's headers, None if absent.  ``via`` is the URL that the bytes came from where that
    was another mirror.  ``evidence`` is in the ledger only: the index does not give it back.
    ``awaits`` names what must confirm the bytes before anybody gets them (`SECOND_FETCH`,
    `SIBLINGS`).
    """

    time: datetime
    name: str
    url: str
    board: str
    digest: Digest
    size: int
    md5: str | None
    verdict: Verdict
    etag: str | None = None
    last_modified: str | None = None
    content_type: str | None = None
    via: str | None = None
    evidence: Evidence | None = None
    awaits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """A second look at *digest*, first seen as *name*, found nothing against it.

    ``how`` is what confirmed it: `SECOND_FETCH`, `SIBLINGS`, or `WAIVED` where that is asked for
    no longer.  ``awaits`` is what must still confirm it; accepted when that is empty.
    """

    time: datetime
    name: str
    digest: Digest
    how: str
    awaits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What *url* gave was not taken; digest and size (bytes) are None when nothing whole came.

    ``retry_at`` is the time before which nobody shall ask again, None for "at any time".
    """

    time: datetime
    name: str
    url: str
    reasons: tuple[Finding, ...]
    digest: Digest | None = None
    size: int | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The alarm: under one name upstream now gives other bytes than at first."""

    time: datetime
    name: str
    url: str
    first: Digest
    later: Digest


@dataclass(frozen=True, slots=True)
class Decision:
    """Somebody decided: *what* is a command's word, *subject* a name, digest or alarm, with reason.

    ``digest`` is what an ``accept`` takes for the name from now on; the sighting of those bytes
    follows in the same append.  ``until`` ends an ``acknowledge``, None for "no end";
    ``about`` says what was judged where the subject is an id alone.
    """

    time: datetime
    what: str
    subject: str
    why: str
    by: str
    digest: Digest | None = None
    until: datetime | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Upstream lists *name* of *board* no longer: *since* the first crawl that missed it.

    What is held of it stays held and served.
    """

    time: datetime
    name: str
    board: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Return:
    """What was withdrawn is listed again."""

    time: datetime
    name: str


@dataclass(frozen=True, slots=True)
class Removal:
    """A blob of *size* bytes was let go on purpose, for *reason*.

    ``names`` are all artifacts that had its bytes; a document has none.
    """

    time: datetime
    digest: Digest
    names: tuple[str, ...]
    size: int
    reason: str


Entry: TypeAlias = Sighting | Refusal | Change | Decision | Withdrawal | Return | Removal | Look


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the ledger: the number of a line (0 before the first) and that line's hash."""

    number: int
    digest: Digest


START = Position(0, Digest("0" * 64))


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry and the place that it has in the ledger."""

    position: Position
    previous: Digest
    entry: Entry
