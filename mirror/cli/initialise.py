"""`mpmirror init`: choose boards, see what they cost, write the settings, install the unit."""

import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from mirror.cli.invocation import invocation_of
from mirror.cli.own_keys import has_recovery_key, make_recovery_key
from mirror.cli.terminal import complain, say
from mirror.config import FILE_NAME, SYSTEM_FILE, Given, Settings, load_settings
from mirror.config.units import describe_size
from mirror.errors import ConfigurationError
from mirror.first_setup import (
    Purpose,
    Service,
    estimate,
    install,
    preset,
    settings_file,
    unknown_patterns,
    write_settings,
)
from mirror.first_setup.service import PLACES

_EVERY_BOARD = "*"


def init(  # noqa: PLR0913 - the options of a command
    context: typer.Context,
    purpose: Annotated[
        Purpose, typer.Option("--for", help="Whom the mirror is for.", case_sensitive=False)
    ],
    boards: Annotated[
        str | None,
        typer.Option(help="Boards to hold: patterns with commas between, such as 'RPI_PICO*'."),
    ] = None,
    unit_dir: Annotated[
        Path | None,
        typer.Option(help="Write the unit here instead of /etc/systemd/system.", metavar="DIR"),
    ] = None,
    *,
    recovery: Annotated[
        Path | None,
        typer.Option(
            "--recovery", help="Write the recovery key here instead of showing it.", metavar="FILE"
        ),
    ] = None,
    service: Annotated[bool, typer.Option("--service", help="Install a systemd unit.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a settings file.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Write mpmirror.toml for a class-room, a factory or an enclave."""
    invocation = invocation_of(context)
    ask = sys.stdin.isatty() and not yes
    path = invocation.config or (SYSTEM_FILE if service else Path(FILE_NAME))
    chosen = preset(purpose, _patterns(boards, ask=ask, yes=yes)) | (
        dict(PLACES) if service else {}
    )
    if invocation.data is not None:
        chosen["data_dir"] = str(invocation.data.absolute())
    settings = _checked(chosen)
    heading = _expectation(purpose, settings)
    say(heading)
    if ask and not typer.confirm(f"Write {path}?", default=True, err=True):
        raise typer.Abort
    unit = Service(_command(), path.absolute(), settings)
    text = settings_file(
        chosen, settings, f"Written by `mpmirror init --for {purpose}`.\n{heading}"
    )
    if service:
        unit.unit()  # what it can not hold is said before anything is written
    write_settings(path, text, force=force)
    say(f"{path} is written; `mpmirror config` shows what is in force.")
    if service:
        _install(unit, unit_dir)
    else:
        _make_recovery_key(settings, recovery)


def _make_recovery_key(settings: Settings, path: Path | None) -> None:
    if has_recovery_key(settings):
        say("The recovery key was made before, and is on your paper.")
    else:
        make_recovery_key(settings, path)


def _patterns(boards: str | None, *, ask: bool, yes: bool) -> list[str]:
    if boards is None and ask:
        say(
            "Which boards are in the room?  Patterns, with commas between: RPI_PICO*, ESP32_GENERIC"
        )
        boards = typer.prompt("Boards", default=_EVERY_BOARD, err=True)
    if boards is None and not yes:
        raise ConfigurationError("say which boards, --boards 'RPI_PICO*,PYBV11', or --yes for all")
    return [word.strip() for word in (boards or _EVERY_BOARD).split(",") if word.strip()]


def _checked(chosen: dict[str, object]) -> Settings:
    """Judge what was chosen, and nothing of what this machine has set besides."""
    given = {key: Given(value, _flag(key)) for key, value in chosen.items()}
    settings = load_settings({}, Path.cwd(), file=Path(os.devnull), flags=given)
    for pattern in unknown_patterns(settings.policy.boards):
        complain(f"No board of August 2026 is called {pattern}: a newer one, or a slip?")
    return settings


def _flag(key: str) -> str:
    return {"policy.boards": "--boards", "data_dir": "--data"}.get(key, "--for")


def _expectation(purpose: Purpose, settings: Settings) -> str:
    costs = estimate(settings.policy)
    rate = settings.upstream.requests_per_second
    size = f"about {costs.files:,} files of {costs.boards:,} board(s), {describe_size(costs.size)}"
    if purpose is Purpose.ENCLAVE:
        return f"Estimate: room for {size}; nothing is fetched here."
    minutes = -(-costs.duration(rate) // timedelta(minutes=1))
    return (
        f"Estimate for the first sync: {size}, at least {minutes} minutes at {rate:g} requests"
        " a second; a slow line takes longer."
    )


def _command() -> Sequence[Path | str]:
    script = Path(sys.executable).with_name("mpmirror")
    return [script] if script.exists() else [sys.executable, "-m", "mirror"]


def _install(unit: Service, unit_dir: Path | None) -> None:
    for path in install(unit, unit_dir):
        say(f"{path} is written.")
    if unit.unreachable:
        complain(
            f"The service's own user can not reach {unit.unreachable}: install mpmirror outside"
            " of any home, such as in /opt/mpmirror, and run this again from there."
        )
    say("To start it, run as root:")
    for command in unit.to_run:
        say(f"  {command}")
