"""How a command ends, as a number: one table for every command and its help."""

from __future__ import annotations

COMPLETE = 0
FAILED = 1
USAGE = 2
UNREACHABLE = 3
REFUSED = 4
DAMAGED = 5
LOCKED = 6

MEANINGS = {
    COMPLETE: "complete",
    FAILED: "failed",
    USAGE: "wrong usage or settings",
    UNREACHABLE: "upstream unreachable",
    REFUSED: "incomplete or refused",
    DAMAGED: "damage found",
    LOCKED: "locked by another process",
}


def describe(statuses: tuple[int, ...]) -> str:
    """Say which exit statuses a command can have, for its help."""
    return "Exit status: " + ", ".join(f"{status} {MEANINGS[status]}" for status in statuses) + "."
