"""The command line: what an operator types, and what comes back.

Every failure that has a name is one sentence on standard error and its own exit status;
`--help` of a command says which it can have.  Anything else is a fault of mpmirror: it is
said so, in a sentence too, and `--debug` shows where.
"""

import sys
import traceback
from collections.abc import Iterator, Sequence

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from mirror.cli.commands import COMMANDS, Command, needed
from mirror.cli.invocation import CommandGroup, OneCommand, begin
from mirror.cli.statuses import COMPLETE, FAILED, USAGE, describe
from mirror.cli.terminal import complain, finish, keep_open, keep_writing
from mirror.errors import ConfigurationError, MirrorError
from mirror.sandbox.launch import Ahead

_NAME = "mpmirror"
_STOPPED = 130  # 128 + SIGINT, as shells say it


def main(
    arguments: Sequence[str] | None = None,
    *,
    commands: Sequence[Command] = COMMANDS,
    reader: Ahead | None = None,
) -> int:
    """Run the one of *commands* that *arguments* (those of the process, unless given) name.

    A *reader* that began ahead is used by a command that needs one.  Returns the exit status;
    raises nothing.
    """
    keep_open()
    keep_writing()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        program = get_command(application(needed(commands, words)))
        status = program.main(words, prog_name=_NAME, standalone_mode=False, obj=reader)
        finish()
    except TyperException as error:
        return _usage(error)
    except typer.Abort:
        complain("Nothing was done.")
        return FAILED
    except KeyboardInterrupt:
        status = _STOPPED
    except Exception as error:  # noqa: BLE001 - the edge: whatever happens is said in a sentence
        return _failure(error, debug="--debug" in words)
    # The library that reads the command line has caught most of Ctrl-C by here.
    if status == _STOPPED:
        complain("Stopped; what is done already stays.")
    return status if isinstance(status, int) else COMPLETE


def application(commands: Sequence[Command]) -> typer.Typer:
    """Return the program with these commands."""
    program = typer.Typer(
        name=_NAME,
        cls=CommandGroup,
        callback=begin,
        no_args_is_help=True,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    for command in commands:
        register = program.command(
            command.name,
            cls=OneCommand,
            epilog=describe(command.statuses),
            rich_help_panel=command.panel,
        )
        register(command.load())
    return program


def _usage(error: TyperException) -> int:
    # "Value error, " is a word of a library's, for whoever wrote a program.
    said = error.format_message().replace(": Value error, ", ": ")
    if text := " ".join(said.split()):
        complain(f"{_NAME}: {text}")
        complain(f"Try: {_NAME} --help")
    return USAGE


def _failure(error: Exception, *, debug: bool) -> int:
    if debug:
        _tell_where(error)
    leaves = list(_leaves(error))
    named = [leaf for leaf in leaves if isinstance(leaf, MirrorError)]
    if len(named) == len(leaves):
        for one in named:
            _tell(one)
        return named[0].exit_status
    complain(
        f"{_NAME}: an error that nobody foresaw: {type(error).__name__}: {error}.  Please report"
        " it, with what the same command says with --debug."
    )
    return FAILED


def _tell_where(error: Exception) -> None:
    for line in "".join(traceback.format_exception(error)).splitlines():
        complain(line)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Return the errors of a group of tasks, or the one error."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _tell(error: MirrorError) -> None:
    problems = error.problems if isinstance(error, ConfigurationError) else ()
    for text in problems or (str(error),):
        complain(f"{_NAME}: {text}")
