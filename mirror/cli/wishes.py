"""The options of the commands that ask a mirror for firmware, each once."""

import asyncio
import os
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from mirror.catalog.kinds import Kind, Maturity
from mirror.client.choosing import Wish
from mirror.client.getting import parse_build
from mirror.client.session import Session, Terms, session
from mirror.config.log import LogSettings
from mirror.daemon.log import logging_as
from mirror.daemon.version import VERSION
from mirror.errors import ConfigurationError

From = Annotated[
    str, typer.Option("--from", help="The mirror, such as http://mirror.lab:8080.", metavar="URL")
]
Variant = Annotated[str | None, typer.Option(help="Variant of the board; else its default build.")]
Version = Annotated[str | None, typer.Option(help="Version, such as v1.28.0; else the newest.")]
OfMaturity = Annotated[
    Maturity | None, typer.Option(help="Release or preview; else a release.", show_default=False)
]
OfKind = Annotated[Kind | None, typer.Option(help="Kind of file; else as the board is flashed.")]
Channel = Annotated[
    str, typer.Option(help="Channel of the mirror; its own choice if not given.", metavar="NAME")
]
Key = Annotated[
    str | None,
    typer.Option(help="Public key that must have signed: a file, or its line.", metavar="FILE|KEY"),
]
NewLineage = Annotated[
    bool, typer.Option("--new-lineage", help="Believe a mirror that began anew, this once.")
]
Folder = Annotated[Path, typer.Option("-o", "--output", help="Where to put it.", metavar="DIR")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")]

DEFAULT_CHANNEL = ""

_Answer = TypeVar("_Answer")


def meant(build: str, wish: Wish) -> tuple[str, Wish]:
    """Return the board and the wish that BOARD[-VARIANT] and the options mean together."""
    board, variant = parse_build(build)
    if variant is None:
        return board, wish
    if wish.variant not in (None, variant):
        raise ConfigurationError(f"{build} names a variant, and --variant {wish.variant} another")
    return board, replace(wish, variant=variant)


def run(conversation: Coroutine[Any, Any, _Answer]) -> _Answer:
    """Return what *conversation* ends with; what rooms and libraries say goes to standard error."""
    with logging_as(LogSettings()):
        return asyncio.run(conversation)


def asked(
    address: str, channel: str, key: str | None, *, new_lineage: bool
) -> AbstractAsyncContextManager[Session]:
    """Return the conversation with the mirror at *address*, to be entered."""
    terms = Terms(
        address=address, version=VERSION, channel=channel, key=key, new_lineage=new_lineage
    )
    return session(terms, os.environ)
