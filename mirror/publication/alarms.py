"""The ids of alarms, and what can be done about each.

An id follows from an alarm's facts alone: the same facts have the same id on every look and
after every restart, and other facts have another one.  So whoever judged an alarm judged
these facts and no others.
"""

from __future__ import annotations

import hashlib
from typing import Final

#: Every kind of alarm that a status can have, in the order of docs/how-to/alarms.md.
KINDS: Final = (
    "bytes-changed",
    "siblings-differ",
    "package-changed",
    "refused",
    "missing",
    "page",
    "damaged",
    "check",
    "clock",
    "old-data",
    "upstream-away",
    "upstream-is-itself",
    "upstream-went-back",
    "catalog-shrunken",
    "no-room",
    "storage",
    "run-failed",
    "hook-gave-up",
)

#: What acknowledging is typed like; ``{id}`` is the alarm's.
_ACKNOWLEDGE: Final = "mpmirror acknowledge {id} --why '…'"
_ADVICE: Final = {
    "bytes-changed": (
        "keep the first bytes: {acknowledge}; or take the later ones: "
        "mpmirror accept {name} {later} --why '…'"
    ),
    "refused": "look at it: mpmirror quarantine show {later}; then do without it: {acknowledge}",
    "siblings-differ": (
        "look at both: mpmirror verify --evidence FILE…; or leave it as it is: {acknowledge}"
    ),
    "missing": "the next sync tries again; to do without it: {acknowledge}",
    "page": "the next sync tries again; to do without it: {acknowledge}",
    "damaged": "it is fetched again by itself; to do without it: {acknowledge}",
    "pins": (
        "restore that file from a backup, or remove it and pin again: nothing is pruned before"
    ),
    "no-room": (
        "make room on the disk, hold less (policy), or change disk.keep_free or disk.high_water; "
        "mpmirror prune --dry-run says what goes by itself"
    ),
    "catalog-shrunken": (
        "look at the site; if it is true, stop the daemon and run: mpmirror sync --accept-shrunken"
    ),
    "upstream-away": (
        "it is asked again by itself; if it stays so, look at the line, the proxy and "
        "upstream.url; if that is known: {acknowledge}"
    ),
    "upstream-is-itself": "look at upstream.url, and at the DNS of this machine",
    "upstream-went-back": (
        "look at that mirror; to believe it anew, stop the daemon and remove peers.json from the "
        "data directory"
    ),
    "clock": (
        "set the clock of this machine; nothing is pruned, withdrawn or expired until it can be "
        "believed"
    ),
    "old-data": (
        "look at the last run, or bring a newer bundle; freshness.warn_after says when it is told"
    ),
    "storage": "look at the disk, and at who may write to the data directory",
    "hook-gave-up": (
        "look at the receiver, and try it: mpmirror hooks test {name}; it ends when one is taken"
    ),
    "run-failed": "the next run tries again; the log says more",
    "check": "look at it, and remove or restore it; or leave it as it is: {acknowledge}",
}
_OTHERWISE: Final = "judge it: {acknowledge}"
_LETTERS: Final = 10


def alarm_id(alarm: str, subject: str, *facts: str) -> str:
    """Return the id of the alarm called *alarm* about *subject*: ten hex digits."""
    text = "\0".join((alarm, subject, *facts))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_LETTERS]


def advice(alarm: str, known_as: str, *, name: str = "", later: str = "") -> str:
    """Say what somebody can do about the alarm with the id *known_as*.

    *name* and *later* are the artifact and the digest that it is about, where there are such.
    """
    text = _ADVICE.get(alarm, _OTHERWISE)
    if "{later}" in text and not later:
        text = _OTHERWISE
    return text.format(acknowledge=_ACKNOWLEDGE.format(id=known_as), name=name, later=later)
