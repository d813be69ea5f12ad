"""How a command ends, as a number: one table for every command and its help."""

from __future__ import annotations

COMPLETE = 0
FAILED = 1
USAGE = 2

MEANINGS = {
    COMPLETE: "complete",
    FAILED: "failed",
    USAGE: "wrong usage or settings",
    3: "upstream unreachable",
    4: "incomplete or refused",
    5: "damage found",
    6: "locked by another process",
}


def describe(statuses: tuple[int, ...]) -> str:
    """Say which exit statuses a command can have, for its help."""
    return "Exit status: " + ", ".join(f"{status} {MEANINGS[status]}" for status in statuses) + "."
