"""The list of commands: each once, in the order of the help, under its heading."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mirror.cli.check import check
from mirror.cli.initialise import init
from mirror.cli.serve import serve
from mirror.cli.show_config import show_config
from mirror.cli.status import status
from mirror.cli.statuses import (
    COMPLETE,
    DAMAGED,
    FAILED,
    LOCKED,
    MEANINGS,
    REFUSED,
    USAGE,
)
from mirror.cli.sync import sync
from mirror.cli.verify import verify

EVERY_DAY: Final = "Every day"
TO_DECIDE: Final = "To decide"
ACROSS_THE_GAP: Final = "Across the gap"
UPKEEP: Final = "Upkeep"


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, what runs, where the help lists it, and how it can end."""

    name: str
    run: Callable[..., None]
    panel: str
    statuses: tuple[int, ...]


#: A command that may have to ask upstream, the store, and the daemon.
ALL: Final = tuple(MEANINGS)

COMMANDS: Final = (
    Command("init", init, EVERY_DAY, (COMPLETE, FAILED, USAGE)),
    Command("serve", serve, EVERY_DAY, (COMPLETE, FAILED, USAGE, DAMAGED, LOCKED)),
    Command("status", status, EVERY_DAY, ALL),
    Command("sync", sync, TO_DECIDE, ALL),
    Command("verify", verify, TO_DECIDE, (COMPLETE, FAILED, USAGE, REFUSED)),
    Command("check", check, UPKEEP, (COMPLETE, FAILED, USAGE, DAMAGED, LOCKED)),
    Command("config", show_config, UPKEEP, (COMPLETE, USAGE)),
)
