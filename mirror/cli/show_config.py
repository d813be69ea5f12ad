"""`mpmirror config`: what is in force, and where each value came from."""

import json
from typing import Annotated

import typer

from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import say_json, say_table
from mirror.config import KNOWN, spell


def show_config(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Show the settings in force, and where each value came from."""
    settings = invocation_of(context).settings()
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
