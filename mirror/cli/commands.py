"""The list of commands: each once, in the order of the help, under its heading."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final

from mirror.cli.invocation import typed
from mirror.cli.statuses import (
    COMPLETE,
    DAMAGED,
    FAILED,
    LOCKED,
    MEANINGS,
    REFUSED,
    USAGE,
)
from mirror.frozen import dataclass
from mirror.starting import loading

EVERY_DAY: Final = "Every day"
TO_DECIDE: Final = "To decide"
ACROSS_THE_GAP: Final = "Across the gap"
UPKEEP: Final = "Upkeep"


@dataclass(frozen=True, slots=True)
class Later:
    """A function by the place where it is: what most commands need takes long to load."""

    module: str
    name: str

    def load(self) -> Callable[..., None]:
        """Return the function."""
        with loading():
            function: Callable[..., None] = getattr(import_module(self.module), self.name)
        return function


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, what runs, where the help lists it, and how it can end."""

    name: str
    run: Callable[..., None] | Later
    panel: str
    statuses: tuple[int, ...]

    def load(self) -> Callable[..., None]:
        """Return what runs."""
        return self.run.load() if isinstance(self.run, Later) else self.run


#: A command that may have to ask upstream, the store, and the daemon.
ALL: Final = tuple(MEANINGS)

#: A command that decides: it may refuse, and ask the daemon.
DECIDED: Final = (COMPLETE, FAILED, USAGE, REFUSED, DAMAGED, LOCKED)

COMMANDS: Final = (
    Command("init", Later("mirror.cli.initialise", "init"), EVERY_DAY, (COMPLETE, FAILED, USAGE)),
    Command(
        "serve",
        Later("mirror.cli.serve", "serve"),
        EVERY_DAY,
        (COMPLETE, FAILED, USAGE, DAMAGED, LOCKED),
    ),
    Command("status", Later("mirror.cli.status", "status"), EVERY_DAY, ALL),
    Command("pin", Later("mirror.cli.pin", "pin"), EVERY_DAY, ALL),
    Command("get", Later("mirror.cli.get", "get"), EVERY_DAY, ALL),
    Command("lock", Later("mirror.cli.lock", "lock"), EVERY_DAY, ALL),
    Command("flash", Later("mirror.cli.flash", "flash"), EVERY_DAY, ALL),
    Command("outdated", Later("mirror.cli.outdated", "outdated"), EVERY_DAY, ALL),
    Command(
        "setup", Later("mirror.cli.setup", "setup"), EVERY_DAY, (COMPLETE, FAILED, USAGE, DAMAGED)
    ),
    Command("sync", Later("mirror.cli.sync", "sync"), TO_DECIDE, ALL),
    Command(
        "verify",
        Later("mirror.cli.verify", "verify"),
        TO_DECIDE,
        (COMPLETE, FAILED, USAGE, REFUSED, DAMAGED),
    ),
    Command("recall", Later("mirror.cli.judging", "recall"), TO_DECIDE, DECIDED),
    Command("accept", Later("mirror.cli.judging", "accept"), TO_DECIDE, DECIDED),
    Command("hide", Later("mirror.cli.judging", "hide"), TO_DECIDE, DECIDED),
    Command("acknowledge", Later("mirror.cli.judging", "acknowledge"), TO_DECIDE, DECIDED),
    Command("channel", Later("mirror.cli.channel", "channel"), TO_DECIDE, DECIDED),
    Command(
        "quarantine",
        Later("mirror.cli.quarantine", "quarantine"),
        TO_DECIDE,
        (COMPLETE, FAILED, USAGE, DAMAGED),
    ),
    Command(
        "adopt",
        Later("mirror.cli.adopt", "adopt"),
        TO_DECIDE,
        (COMPLETE, FAILED, USAGE, REFUSED, DAMAGED, LOCKED),
    ),
    Command(
        "add",
        Later("mirror.cli.add", "add"),
        TO_DECIDE,
        (COMPLETE, FAILED, USAGE, REFUSED, DAMAGED, LOCKED),
    ),
    Command(
        "export",
        Later("mirror.cli.export", "export"),
        ACROSS_THE_GAP,
        (COMPLETE, FAILED, USAGE, REFUSED, DAMAGED),
    ),
    Command("import", Later("mirror.cli.import_", "import_bundles"), ACROSS_THE_GAP, DECIDED),
    Command(
        "have",
        Later("mirror.cli.have", "have"),
        ACROSS_THE_GAP,
        (COMPLETE, FAILED, USAGE, REFUSED, DAMAGED),
    ),
    Command(
        "key",
        Later("mirror.cli.key", "key"),
        ACROSS_THE_GAP,
        (COMPLETE, FAILED, USAGE, REFUSED, DAMAGED),
    ),
    Command(
        "lab-ca",
        Later("mirror.cli.lab_ca", "lab_ca"),
        ACROSS_THE_GAP,
        (COMPLETE, FAILED, USAGE, DAMAGED),
    ),
    Command(
        "check",
        Later("mirror.cli.check", "check"),
        UPKEEP,
        (COMPLETE, FAILED, USAGE, DAMAGED, LOCKED),
    ),
    Command(
        "token",
        Later("mirror.cli.token", "token"),
        UPKEEP,
        (COMPLETE, FAILED, USAGE, REFUSED, DAMAGED),
    ),
    Command(
        "hooks",
        Later("mirror.cli.hooks", "hooks"),
        UPKEEP,
        (COMPLETE, FAILED, USAGE, REFUSED, DAMAGED),
    ),
    Command(
        "tuf",
        Later("mirror.cli.tuf", "tuf"),
        UPKEEP,
        (COMPLETE, FAILED, USAGE, REFUSED, DAMAGED),
    ),
    Command(
        "prune",
        Later("mirror.cli.prune", "prune"),
        UPKEEP,
        (COMPLETE, FAILED, USAGE, DAMAGED, LOCKED),
    ),
    Command(
        "config",
        Later("mirror.cli.show_config", "show_config"),
        UPKEEP,
        (COMPLETE, FAILED, USAGE, REFUSED, DAMAGED, LOCKED),
    ),
)


def needed(commands: Sequence[Command], words: Sequence[str]) -> Sequence[Command]:
    """Return those of *commands* that *words* need: the one that is typed, or all for a help."""
    word = typed(words)
    if word == "--version":
        return ()
    return [command for command in commands if command.name == word] or commands
