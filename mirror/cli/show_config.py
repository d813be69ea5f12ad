"""`mpmirror config`: what is in force, where each value came from, and what the policy does."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import say_json, say_table
from mirror.config import KNOWN, Settings, spell
from mirror.errors import ConfigurationError


class Question(StrEnum):
    """What else can be asked of the settings."""

    EXPLAIN = "explain"


def show_config(
    context: typer.Context,
    question: Annotated[
        Question | None,
        typer.Argument(
            help="Say which rule of the policy keeps or leaves each artifact of BOARD.",
            metavar="explain",
            show_default=False,
        ),
    ] = None,
    board: Annotated[
        str | None, typer.Argument(help="A board's id.", metavar="BOARD", show_default=False)
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Show the settings in force, and where each came from; or what they do with a board."""
    settings = invocation_of(context).settings()
    if question is not None:
        _explain(settings, board, as_json=as_json)
        return
    values = spell(settings)
    if as_json:
        say_json(
            [
                {
                    "key": key,
                    "value": values[key],
                    "source": settings.sources[key],
                    "variable": known.variable,
                    "meaning": known.meaning,
                }
                for key, known in KNOWN.items()
            ]
        )
        return
    rows = [(key, _shown(values[key]), settings.sources[key]) for key in KNOWN]
    say_table(("setting", "value", "from"), rows)


def _explain(settings: Settings, board: str | None, *, as_json: bool) -> None:
    # Imported here: the settings alone need neither database nor network.
    from mirror.cli.explain import explain  # noqa: PLC0415 - see above

    if board is None:
        raise ConfigurationError("say which board: mpmirror config explain BOARD")
    explain(settings, board, as_json=as_json)


def _shown(value: object) -> str:
    if value is None or value in ([], {}):
        return "-"
    if isinstance(value, dict):  # as its variable is written
        return json.dumps(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
