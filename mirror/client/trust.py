"""Whom to believe that a root is the mirror's: the chain of digests begins here.

In this order: the key that was given (`--key`), else the key that was pinned at the first use of
this mirror.  What is signed by neither is refused.  A mirror that signs and has no pinned key yet
has it pinned now, and this is said; one that does not sign is believed as far as the way to it
is, and this is said too.  A mirror never goes back, signed or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirror.client.known import (
    KnownMirrors,
    refuse_another_lineage,
    refuse_going_back,
    remembering,
)

if TYPE_CHECKING:
    from mirror.client.known import Shown
    from mirror.client.memory import Memory


@dataclass(frozen=True, slots=True)
class Trust:
    """Why a root is believed: *words* for people, and the id of the *key* that signed it."""

    words: str
    key: str | None = None


def remember(memory: Memory, shown: Shown, key: str | None, *, new_lineage: bool) -> None:
    """Remember what was *shown*, with *key* pinned; raise `WentBackError`, `NewLineageError`.

    *new_lineage* says that another mirror at a known address is meant.  This blocks.
    """

    def changed(known: KnownMirrors) -> KnownMirrors:
        refuse_going_back(known, shown)
        if not new_lineage:
            refuse_another_lineage(known, shown)
        return remembering(known, shown, key)

    memory.change(changed)
