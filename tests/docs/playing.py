"""Type all commands of a document, and judge each by its exit status and by what it printed."""

from __future__ import annotations

import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.docs.comparing import alike, has_lines
from tests.docs.reading import Typed, typed_in
from tests.docs.room import room_in
from tests.docs.scenes import ADDED, FAR, NOT_RUN, RUN_ON, SCENES, STATUSES, Scene

if TYPE_CHECKING:
    from tests.docs.room import Printed, Room


@dataclass(frozen=True, slots=True)
class Played:
    """A command that was typed, what it printed, and what is wrong with that, if anything."""

    typed: Typed
    printed: str
    wrong: str


async def played(document: str) -> list[Played]:
    """Type everything that stands in *document*, in its order, and return what came of it."""
    scene = SCENES.get(document, Scene())
    found: list[Played] = []
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(scene.replica().running())
        rooms: list[Room] = []
        for _ in range(2):
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mpmirror-")))
            rooms.append(await stack.enter_async_context(room_in(place, upstream)))
        here, far = rooms
        here.other, far.other = far, here
        for room in rooms:
            (room.place / "passphrase").write_text("correct horse\n", encoding="utf-8")
        await scene.first(here)
        for typed in typed_in(document):
            if typed.bare in NOT_RUN:
                continue
            room = far if typed.command.startswith(FAR) and document.endswith("gap.md") else here
            if typed.bare in scene.before:
                await scene.before[typed.bare](room)
            found.append(await _typed(room, typed))
    return found


async def _typed(room: Room, typed: Typed) -> Played:
    if typed.command in RUN_ON:
        line, stays = RUN_ON[typed.command]
        printed = await room.begin(_answered(typed.bare), line)
        if not stays:
            await room.end()
        fits = has_lines(typed.shown, printed.text)
    else:
        printed = await room.type(_answered(typed.bare))
        fits = not typed.shown or alike(typed.shown, printed.text)
    return Played(typed, printed.text, _wrong(room, typed, printed, fits=fits))


def _answered(command: str) -> str:
    """Return *command* with what a person would be asked for."""
    for begin, added in ADDED.items():
        if command.startswith(begin):
            return f"{command} {added}"
    return command


def _wrong(room: Room, typed: Typed, printed: Printed, *, fits: bool) -> str:
    expected = STATUSES.get(typed.bare, 0)
    if printed.status != expected:
        said = "".join(room.daemon.lines) if room.daemon else ""
        return f"{typed.place}: status {printed.status}, not {expected}: {printed.text}{said}"
    if not fits:
        shown = "\n".join(typed.shown)
        return f"{typed.place}: shown:\n{shown}\nprinted:\n{printed.text}"
    return ""
