"""What the last run missed and is held since: no trouble any more.

Somebody asked for the file, pinned it, adopted it, or it was healed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.daemon.alarms import can_be_complete
from mirror.sync.census import find_census

if TYPE_CHECKING:
    from mirror.storage.index import Index
    from mirror.sync.outcome import Outcome


async def settled(index: Index, outcome: Outcome) -> Outcome:
    """Return *outcome* without the files that it missed and that are held; raises `StorageError`.

    Only what did not come counts: a held file whose bytes changed stays a trouble.
    """
    census = await find_census(index) if outcome.troubles else None
    if census is None:
        return outcome
    missed = set(census.troubles) & set(outcome.troubles)
    held = await index.held_digests(trouble.subject for trouble in missed)
    if not held:
        return outcome
    closed = {trouble for trouble in missed if trouble.subject in held}
    still = tuple(trouble for trouble in outcome.troubles if trouble not in closed)
    after = replace(outcome, troubles=still, held=outcome.held + len(closed))
    if still or outcome.awaiting or not can_be_complete(outcome):
        return after
    words = f"complete: what this run missed is held since ({len(closed)})"
    return replace(after, message=words, exit_status=0)
