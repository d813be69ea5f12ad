"""Whether the time of day can be believed: what counts days must not be told a wrong one.

The clock is doubtful when it shows a time before the newest one in the ledger, and when, since
it was last asked on this start of the machine, it went on by another time than the machine did.
The first happens on machines without a battery, the second when somebody sets the clock.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.frozen import dataclass
from mirror.shapes import Shape

if TYPE_CHECKING:
    from mirror.storage.store import Store

JUMP: Final = timedelta(minutes=10)
"""What is less is a clock that is being corrected, as time servers do."""

_MARK: Final = "clock"
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Uptime:
    """How long a machine has been up, in seconds, on the start called *boot*."""

    boot: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Look:
    now: datetime
    uptime: Uptime


_LOOKS = Shape(_Look)


def unknown_uptime() -> None:
    """Say that nobody knows: then jumps are not noticed."""


def read_uptime() -> Uptime | None:
    """Return how long this machine has been up, sleep included; None where it does not tell."""
    try:
        boot = _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return None
    # Only where there is such a file is there such a clock; it goes on while a machine sleeps.
    return Uptime(boot, time.clock_gettime(time.CLOCK_BOOTTIME))


async def believed_time(store: Store, now: datetime, uptime: Uptime | None) -> datetime | None:
    """Return *now*, or None while it is doubtful; remember it for the next time.

    Raises `StorageError`.
    """
    before = await _last_look(store)
    if uptime is not None:
        look = _LOOKS.dump_json(_Look(now, uptime)).decode()
        await store.index.set_mark(_MARK, look)
    newest = store.ledger.newest
    if newest is not None and now < newest:
        return None
    return None if _jumped(before, now, uptime) else now


async def _last_look(store: Store) -> _Look | None:
    mark = await store.index.find_mark(_MARK)
    if mark is None:
        return None
    try:
        return _LOOKS.validate_json(mark)
    except ValidationError:
        # Another version wrote it; it may be lost.
        return None


def _jumped(before: _Look | None, now: datetime, uptime: Uptime | None) -> bool:
    if before is None or uptime is None or before.uptime.boot != uptime.boot:
        return False
    passed = timedelta(seconds=uptime.seconds - before.uptime.seconds)
    return abs(now - before.now - passed) > JUMP
