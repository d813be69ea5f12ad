"""`mpmirror outdated`: which version each board on USB runs, and what is newer on the mirror."""

import os
from contextlib import AbstractAsyncContextManager

from mirror.cli.terminal import complain, say, say_json, say_table
from mirror.cli.wishes import DEFAULT_CHANNEL, AsJson, Channel, From, Key, NewLineage, asked, run
from mirror.client.boards import ports
from mirror.client.session import Session
from mirror.client.standing import Standing, compare_all
from mirror.client.tools import Tools
from mirror.errors import IncompleteError


def outdated(
    address: From,
    *,
    channel: Channel = DEFAULT_CHANNEL,
    key: Key = None,
    new_lineage: NewLineage = False,
    as_json: AsJson = False,
) -> None:
    """Ask the boards on the USB ports what they run, which interrupts them, and what is newer."""
    tools = Tools(os.environ)
    there = ports(tools)
    conversation = asked(address, channel, key, new_lineage=new_lineage)

    async def compared(opened: AbstractAsyncContextManager[Session]) -> tuple[Standing, ...]:
        async with opened as session:
            return await compare_all(session, tools, there)

    standings = run(compared(conversation))
    if as_json:
        say_json([_document(one) for one in standings])
    else:
        _tell(standings)
    unknown = sum(one.newer is None for one in standings)
    if unknown:
        raise IncompleteError(f"of {unknown} of {len(standings)} boards it can not be told")


def _document(one: Standing) -> dict[str, object]:
    running = one.running
    return {
        "port": one.port.device,
        "serial": one.port.serial,
        "version": running.version if running else None,
        "machine": running.machine if running else None,
        "builds": list(one.builds),
        "newest": one.newest,
        "newer": one.newer,
        "text": one.text,
    }


def _tell(standings: tuple[Standing, ...]) -> None:
    if not standings:
        say("no serial port on USB: no board is plugged in")
        return
    rows = [
        (
            one.port.device,
            " or ".join(one.builds) or "?",
            (one.running.version if one.running else None) or "?",
            one.newest or "?",
            {True: "newer on the mirror", False: "up to date", None: "not known"}[one.newer],
        )
        for one in standings
    ]
    say_table(("port", "board", "runs", "mirror", ""), rows)
    for one in standings:
        if one.text:
            complain(f"{one.port.device}: {one.text}")
