"""`mpmirror setup CLIENT`: how a client is led to this mirror, line by line."""

import json
import platform
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Final

import typer

from mirror.cli.invocation import given, invocation_of
from mirror.cli.terminal import say, say_json
from mirror.daemon.addresses import own_url
from mirror.daemon.tls import whereabouts_of
from mirror.errors import ConfigurationError
from mirror.publication.setup.guides import GUIDES, guide, guides
from mirror.publication.setup.model import System
from mirror.publication.setup.render import render_guide, render_index, render_text


class Platform(StrEnum):
    """Whose lines are shown."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"
    ALL = "all"


_SYSTEMS: Final = {
    Platform.LINUX: (System.ANY, System.UNIX, System.LINUX),
    Platform.MACOS: (System.ANY, System.UNIX, System.MACOS),
    Platform.WINDOWS: (System.ANY, System.WINDOWS),
    Platform.ALL: tuple(System),
}
_HERE: Final = {"Darwin": Platform.MACOS, "Windows": Platform.WINDOWS}


def setup(
    context: typer.Context,
    client: Annotated[
        str | None,
        typer.Argument(
            help="The client, such as thonny; none named: list them.",
            metavar="CLIENT",
            show_default=False,
        ),
    ] = None,
    *,
    url: Annotated[
        str | None,
        typer.Option(
            "--from", help="The address of the mirror, as clients type it.", metavar="URL"
        ),
    ] = None,
    system: Annotated[
        Platform | None, typer.Option(help="Whose lines to show; this system's, unless set.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Say how a client is led to this mirror, how to test it and how to undo it."""
    settings = invocation_of(context).settings(given("public_url", "--from", url))
    place = replace(whereabouts_of(settings).place(), url=own_url(settings))
    if client is None:
        found = guides(place)
        if as_json:
            say_json(json.loads(render_index(found)))
            return
        for one in found:
            say(f"{one.client}: {one.title}: {one.summary}")
        return
    asked = guide(client, place)
    if asked is None:
        raise ConfigurationError(f"no guide for {client[:80]!r}: there are {', '.join(GUIDES)}")
    if as_json:
        say_json(json.loads(render_guide(asked, place)))
        return
    chosen = system or _HERE.get(platform.system(), Platform.LINUX)
    for line in render_text(asked, place, _SYSTEMS[chosen]):
        say(line)
