"""Ask for a passphrase: from a file, or from the person at the terminal, and never as an option."""

import sys
from collections.abc import Callable
from pathlib import Path

import typer

from mirror.errors import ConfigurationError


def passphrase_from(path: Path | None, prompt: str) -> Callable[[], str]:
    """Return what asks for a passphrase: its first line in *path*, or *prompt* on a terminal."""

    def ask() -> str:
        if path is not None:
            try:
                return path.read_text(encoding="utf-8").split("\n", 1)[0]
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationError(f"{path} can not be read") from error
        if not sys.stdin.isatty():
            raise ConfigurationError("no terminal to ask for the passphrase: --passphrase-file")
        return str(typer.prompt(prompt, hide_input=True, err=True))

    return ask


def new_passphrase(path: Path | None) -> str:
    """Return a passphrase for a new key, typed twice, or from *path*."""
    if path is not None:
        found = passphrase_from(path, "")()
    elif sys.stdin.isatty():
        found = str(
            typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True)
        )
    else:
        raise ConfigurationError("no terminal to ask for a passphrase: --passphrase-file")
    if not found:
        raise ConfigurationError("an empty passphrase hides nothing")
    return found
