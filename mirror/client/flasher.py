"""Bring a verified file onto a board with the tool for it, and look whether the board runs it.

Before the first write everything is known: the tool and ``mpremote`` are there, and which board
is meant is no guess.  Afterwards the board is waited for and asked which version it runs; what
could not be asked is never called flashed.
"""

from __future__ import annotations

import time
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.catalog.versions import Version
from mirror.client.boards import Port, ask_board, ports
from mirror.client.getting import Got
from mirror.client.tools import MPREMOTE
from mirror.client.volumes import (
    Volume,
    copy_onto,
    find_volume,
    mounted,
    named_volume,
    wait_until_gone,
)
from mirror.errors import BoardError, MalformedValueError
from mirror.frozen import dataclass
from mirror.publication.flashing import Step, Tool, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mirror.client.boards import Running
    from mirror.client.tools import Tools

_PAUSE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody said about the board: its serial port, USB serial number or volume.

    ``erase`` wants the whole flash erased first; ``check`` is False for who does not want the
    board asked afterwards; *seconds* is how long a board is waited for, each time.
    """

    port: str | None = None
    serial: str | None = None
    volume: Path | None = None
    erase: bool = False
    check: bool = True
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Aim:
    """Everything that is decided before the first write: the way, the steps, and the board."""

    got: Got
    way: Way
    steps: tuple[Step, ...]
    choice: Choice
    port: str | None = None
    volume: Volume | None = None
    before: frozenset[str] = field(default_factory=frozenset)


class Flasher:
    """Flashes with *tools*; *say* is told what happens, *places* are where volumes may be."""

    def __init__(
        self,
        tools: Tools,
        say: Callable[[str], None],
        places: Callable[[], Iterable[Path]] = mounted,
    ) -> None:
        self._tools = tools
        self._say = say
        self._places = places

    def aim(self, got: Got, choice: Choice) -> Aim:
        """Decide everything, and write nothing; raise `MirrorError` for what can not be done."""
        way = got.way()
        if choice.erase and not way.erases:
            raise BoardError(f"{way.tool} does not erase by itself: leave --erase out")
        if way.tool is not Tool.COPY:
            self._tools.find(way.tool)
        if choice.check:
            self._tools.find(MPREMOTE)
        there = self._ports() if choice.check else ()
        port = self._port(way, choice, there)
        volume = self._volume(way, choice)
        steps = way.steps(
            str(got.brought.path),
            serial=choice.serial if way.tool is Tool.DFU_UTIL else port,
            volume=str(volume.path) if volume else "VOLUME",
            erase=choice.erase,
        )
        before = frozenset(one.device for one in there)
        return Aim(got, way, steps, choice, port, volume, before)

    def flash(self, aim: Aim) -> Running | None:
        """Do what was decided; return what the board runs then, None if it was not to be asked.

        Raises `BoardError` when a tool fails, or the board does not come back with the version
        that was flashed.
        """
        if aim.way.tool is Tool.COPY:
            self._copy(aim)
        else:
            for step in aim.steps:
                self._say(f"to {step.does}: {step.quoted()}")
                self._tools.run(step)
        if not aim.choice.check:
            return None
        if aim.way.tool is Tool.DFU_UTIL:
            self._say("press the board's reset button: it stays in its update mode until then")
        return self._look(aim)

    def _ports(self) -> tuple[Port, ...]:
        return ports(self._tools)

    def _port(self, way: Way, choice: Choice, there: tuple[Port, ...]) -> str | None:
        if choice.port is not None:
            return choice.port
        if choice.serial is not None and way.tool is not Tool.DFU_UTIL:
            found = [one.device for one in there if one.serial == choice.serial]
            if way.tool is Tool.ESPTOOL and len(found) != 1:
                raise BoardError(f"no serial port on USB has the serial number {choice.serial!r}")
            return found[0] if found else None
        if way.tool is not Tool.ESPTOOL or not choice.check:
            return None
        if len(there) != 1:
            named = ", ".join(one.device for one in there) or "none"
            raise BoardError(f"which board is meant?  Serial ports on USB: {named}; say --port")
        return there[0].device

    def _volume(self, way: Way, choice: Choice) -> Volume | None:
        if way.tool is not Tool.COPY or way.volume is None:
            return None
        if choice.volume is not None:
            return named_volume(way.volume, choice.volume)
        return find_volume(way.volume, self._places())

    def _copy(self, aim: Aim) -> None:
        volume = aim.volume or self._wait_for_volume(aim)
        self._say(f"copying {aim.got.file.name} onto {volume}")
        copy_onto(volume, aim.got.brought.path)
        wait_until_gone(volume, aim.choice.seconds)

    def _wait_for_volume(self, aim: Aim) -> Volume:
        kind = aim.way.volume
        until = time.monotonic() + aim.choice.seconds
        self._say("waiting for the volume of the boot loader: put the board into its update mode")
        while kind is not None and time.monotonic() < until:
            volume = find_volume(kind, self._places())
            if volume is not None:
                return volume
            time.sleep(_PAUSE)
        raise BoardError("no volume of a UF2 boot loader for this chip came: nothing was written")

    def _look(self, aim: Aim) -> Running:
        """Wait until a board that may be the one runs what was flashed."""
        self._say("waiting for the board to come back")
        until = time.monotonic() + aim.choice.seconds
        last = "no board came back"
        while True:
            for device in self._candidates(aim):
                try:
                    running = ask_board(self._tools, device)
                except BoardError as error:
                    last = str(error)
                    continue
                if runs(aim.got, running):
                    return running
                last = f"{device} runs {running.version}, not {aim.got.file.version}"
            if time.monotonic() > until:
                raise BoardError(f"flashed, but not confirmed: {last}")
            time.sleep(_PAUSE)

    def _candidates(self, aim: Aim) -> list[str]:
        if aim.port is not None:
            return [aim.port]
        there = self._ports()
        if aim.choice.serial is not None and aim.way.tool is not Tool.DFU_UTIL:
            return [one.device for one in there if one.serial == aim.choice.serial]
        # A board in its update mode was no serial port, so what was there is another board.
        return [one.device for one in there if one.device not in aim.before]


def runs(got: Got, running: Running) -> bool:
    """Whether *running* is the version and, where the board tells it, the build of *got*."""
    if running.build is not None and running.build != got.file.build:
        return False
    inside = got.brought.verdict.identity.versions
    if running.version in (*inside, got.file.version):
        return True
    try:
        ran = Version.parse(running.version or "")
        return any(Version.parse(text).same_build(ran) for text in (*inside, got.file.version))
    except MalformedValueError:
        return False
