"""Notice where another mirror names other bytes than those that were first seen here.

Upstream's pages tell no digests, so there a change shows when a file is fetched again.  A
mirror tells the digest of everything that it holds, and is compared with at once: the first
digest of a name stays, and the other one is the alarm about changed bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.storage.entries import Change
from mirror.sync.outcome import Trouble

if TYPE_CHECKING:
    from datetime import datetime

    from mirror.catalog.model import Catalog, Listing
    from mirror.catalog.plan import SyncPlan
    from mirror.catalog.values import Digest
    from mirror.storage.store import Store

_MOST_KNOWN: Final = 100_000


async def note_disagreements(
    store: Store, catalog: Catalog, todo: SyncPlan, now: datetime
) -> list[Trouble]:
    """Write down each disagreement that is new, and return it as a trouble of this run.

    What is fetched in this run is left to the fetch, which sees the bytes themselves.
    """
    fetched = {str(listing.name) for listing in todo.fetch}
    promised = {
        str(listing.name): listing
        for board in catalog.boards
        for listing in board.listings
        if listing.digest is not None and str(listing.name) not in fetched
    }
    if not promised:
        return []
    first = await store.index.first_digests(promised)
    found = [
        change
        for name, digest in sorted(first.items())
        if (change := _change(promised[name], name, digest, now)) is not None
    ]
    if not found:
        return []
    known = {(one.name, one.later) for one in await store.index.changes(limit=_MOST_KNOWN)}
    new = [change for change in found if (change.name, change.later) not in known]
    if new:
        await store.ledger.append(new)
    return [_trouble(change) for change in new]


def _change(listing: Listing, name: str, first: Digest, now: datetime) -> Change | None:
    if listing.digest is None or listing.digest == first:
        return None
    return Change(time=now, name=name, url=listing.url, first=first, later=listing.digest)


def _trouble(change: Change) -> Trouble:
    text = f"upstream, a mirror, names {change.later}; first seen as {change.first}, which stays"
    return Trouble(change.name, text)
