"""What stands before every command: which settings, which data, how much to say.

`--config`, `--data` and `--debug` mean the same before and behind the command's name.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from mirror.cli.terminal import say
from mirror.config import Given, Settings, load_settings
from mirror.daemon.version import VERSION
from mirror.frozen import dataclass
from mirror.sandbox.launch import Ahead

_WITH_VALUE = ("--config", "--data")
_ALONE = ("--debug",)


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options of `mpmirror` itself, in ``Context.obj`` of every command.

    With them comes the *reader* that began ahead of a command that needs one.
    """

    config: Path | None = None
    data: Path | None = None
    debug: bool = False
    reader: Ahead | None = None

    def settings(self, flags: Mapping[str, Given] | None = None) -> Settings:
        """Load the settings in force here; *flags* are the command's own, by key.

        Raises `ConfigurationError`.
        """
        ours = given("data_dir", "--data", self.data)
        return load_settings(
            os.environ, Path.cwd(), file=self.config, flags={**ours, **(flags or {})}
        )


def given(key: str, flag: str, value: object | None) -> dict[str, Given]:
    """Return the flag that sets *key*, or nothing where it was not typed."""
    return {} if value is None else {key: Given(value, flag)}


def invocation_of(context: typer.Context) -> Invocation:
    """Return the options that stood before the command."""
    invocation = context.find_object(Invocation)
    return invocation or Invocation()


class OneCommand(TyperCommand):
    """A command whose help names a value only where an option takes one."""

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401 - typer hides the types
        """Return the parameters; switches say nothing of a value."""
        return _without_values_of_switches(super().get_params(ctx))


class CommandGroup(TyperGroup):
    """The commands of `mpmirror`, with its own options allowed anywhere."""

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401 - typer hides the types
        """Return the parameters; switches say nothing of a value."""
        return _without_values_of_switches(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer hides the type
        """Read the options of `mpmirror` wherever they stand."""
        return super().parse_args(ctx, in_front(args))


def _without_values_of_switches(parameters: list[Any]) -> list[Any]:
    # Unless told otherwise, typer's help says <bool> behind them, which nobody may type there.
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    return parameters


def in_front(arguments: Sequence[str]) -> list[str]:
    """Move the options of `mpmirror` before its command; behind ``--`` nothing moves."""
    moved, kept = _apart(arguments)
    return moved + kept


def typed(arguments: Sequence[str]) -> str | None:
    """Return the command's name, or what stands in its place; None for no word at all."""
    _, kept = _apart(arguments)
    return kept[0] if kept else None


def _apart(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the options of `mpmirror`, and the rest; behind ``--`` all is the rest."""
    moved: list[str] = []
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            kept += [argument, *rest]
        elif argument in _WITH_VALUE:
            moved += [argument, *([value] if (value := next(rest, None)) is not None else [])]
        elif argument in _ALONE or argument.startswith(tuple(f"{name}=" for name in _WITH_VALUE)):
            moved.append(argument)
        else:
            kept.append(argument)
    return moved, kept


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        say(f"mpmirror {VERSION}")
        raise typer.Exit


def begin(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(help="Settings file, instead of ./mpmirror.toml.", metavar="FILE"),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Data directory, instead of data_dir.", metavar="DIR")
    ] = None,
    *,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unforeseen error.")
    ] = False,
    show_version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Mirror MicroPython firmware, verified, for rooms without Internet."""
    del show_version  # its callback has ended the command
    reader = context.obj if isinstance(context.obj, Ahead) else None
    context.obj = Invocation(config, data, debug, reader)
