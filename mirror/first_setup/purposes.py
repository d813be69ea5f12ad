"""The three rooms that a mirror is set up for, and the settings each begins with."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Purpose(StrEnum):
    """Who stands around the mirror."""

    CLASSROOM = "classroom"
    FACTORY = "factory"
    ENCLAVE = "enclave"


_ROOM = "0.0.0.0:8080"
_SETTINGS: Mapping[Purpose, Mapping[str, object]] = {
    # One small machine, many beginners: the newest of everything, and what they saw stays.
    Purpose.CLASSROOM: {"listen": _ROOM, "policy.releases": 3, "policy.previews": 1},
    # A line flashes what was approved; a preview is never that.
    Purpose.FACTORY: {
        "listen": _ROOM,
        "workers": 2,
        "policy.releases": 3,
        "policy.keep_releases": "all",
        "policy.previews": 0,
        "schedule.every": "1d",
    },
    # Behind the gap nothing is asked, so nothing is fetched: files come in by hand.
    Purpose.ENCLAVE: {"listen": _ROOM, "offline": True, "policy.keep_releases": "all"},
}


def preset(purpose: Purpose, boards: Sequence[str]) -> dict[str, object]:
    """Return the settings of *purpose* that differ from the defaults or were chosen, by key."""
    return {**_SETTINGS[purpose], "policy.boards": list(boards)}
