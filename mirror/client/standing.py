"""How the boards on the USB ports stand beside a mirror: what each runs, and what is newer.

A build since v1.25.0 says which board it is for.  Older ones say only what the board is called,
as the images say it too: then every board of the mirror is looked through, and where several are
called so, all are named.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mirror.catalog.kinds import Maturity
from mirror.catalog.versions import Version
from mirror.client.boards import Port, Running, ask_board
from mirror.client.choosing import newest
from mirror.client.getting import parse_build
from mirror.errors import BoardError, MalformedValueError, RefusedError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.client.session import Session
    from mirror.client.tools import Tools
    from mirror.publication.offered import OfferedBoard


@dataclass(frozen=True, slots=True)
class Standing:
    """One port: what runs there, as which *builds*, and the *newest* version the mirror has.

    ``newer`` says that it is newer than what runs; None where that can not be told, and *text*
    says why.
    """

    port: Port
    running: Running | None = None
    builds: tuple[str, ...] = ()
    newest: str | None = None
    newer: bool | None = None
    text: str = ""


class Comparison:
    """Compares boards with the publication of *session*."""

    def __init__(self, session: Session, tools: Tools) -> None:
        self._session = session
        self._tools = tools
        self._boards: dict[str, OfferedBoard] = {}

    async def of(self, port: Port) -> Standing:
        """Ask the board at *port*, and say how it stands."""
        try:
            running = await asyncio.to_thread(ask_board, self._tools, port.device)
        except BoardError as error:
            return Standing(port, text=str(error))
        builds = await self._builds(running)
        if not builds:
            named = running.build or running.machine or "a board without a name"
            return Standing(port, running, text=f"the mirror has no board that is {named}")
        return await self._beside(port, running, builds)

    async def _beside(self, port: Port, running: Running, builds: tuple[str, ...]) -> Standing:
        version = _parsed(running.version)
        # Who runs a preview is told of newer previews, everybody of newer releases.
        maturities = {Maturity.RELEASE, version.maturity if version else Maturity.RELEASE}
        found = [await self._newest(build, one) for build in builds for one in maturities]
        known = [one for one in found if one is not None]
        if not known or version is None:
            return Standing(port, running, builds, text="the mirror holds no version to compare")
        best = max(known)
        newer = best > version and not best.same_build(version)
        return Standing(port, running, builds, str(best), newer=newer)

    async def _newest(self, build: str, maturity: Maturity) -> Version | None:
        board, variant = parse_build(build)
        file = newest(await self._board(board), variant, maturity)
        return _parsed(file.version) if file else None

    async def _builds(self, running: Running) -> tuple[str, ...]:
        boards = self._session.publication.content.boards
        if running.build is not None:
            return (running.build,) if parse_build(running.build)[0] in boards else ()
        if running.machine is None:
            return ()
        found: list[str] = []
        for board in boards:
            found += _called(await self._board(board), running.machine)
        return tuple(dict.fromkeys(found))

    async def _board(self, board: str) -> OfferedBoard:
        if board not in self._boards:
            self._boards[board] = await self._session.board(board)
        return self._boards[board]


async def compare_all(
    session: Session, tools: Tools, there: Sequence[Port]
) -> tuple[Standing, ...]:
    """Return how each board at the ports *there* stands, one after the other."""
    comparison = Comparison(session, tools)
    return tuple([await comparison.of(port) for port in there])


def _called(board: OfferedBoard, machine: str) -> list[str]:
    variants = {file.variant for file in board.files if _is_called(file.machines, machine)}
    # Variants differ in nothing that a board says: the default build stands for them.
    chosen = {None} if None in variants else variants
    return [
        board.facts.board if variant is None else f"{board.facts.board}-{variant}"
        for variant in sorted(chosen, key=lambda one: one or "")
    ]


def _is_called(machines: Sequence[str], machine: str) -> bool:
    return any(one == machine for one in machines)


def _parsed(text: str | None) -> Version | None:
    try:
        return Version.parse(text or "")
    except (MalformedValueError, RefusedError):
        return None
