"""Write down that a name gives other bytes now: the first stay, the later ones are kept aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.errors import DigestMismatchError
from mirror.formats.verdict import Finding

if TYPE_CHECKING:
    from mirror.storage.entries import Change
    from mirror.storage.incoming import Incoming
    from mirror.storage.store import Store


FIRST_STAYS: Final = "the first bytes stay"
NEITHER: Final = "neither is taken"


async def refuse_changed(
    store: Store, change: Change, incoming: Incoming | None, what_stays: str = FIRST_STAYS
) -> None:
    """Raise the alarm *change*, with what was received in quarantine, then `DigestMismatchError`.

    *incoming* holds the later bytes, None where they could not be had a second time.
    """
    text = f"first seen as {change.first}, now {change.later}: {what_stays}"
    if incoming is not None:
        finding = Finding("bytes-changed", text)
        await store.quarantine.put(incoming, change.name, change.url, (finding,))
    await store.ledger.append([change])
    raise DigestMismatchError(f"{change.name}: its bytes changed upstream; {text}")
