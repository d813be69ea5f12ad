"""`mpmirror token add|list|remove NAME`: who may operate over TCP, and what each may do."""

from enum import StrEnum
from typing import Annotated

import typer

from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import complain, say, say_json
from mirror.config import Settings
from mirror.daemon.parts import now
from mirror.errors import ConfigurationError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.tokens import Scope, Token, find_tokens, make_token, write_tokens
from mirror.sync.publish import stamp
from mirror.transfer.keys.node_keys import make_keys_folder


class Action(StrEnum):
    """What can be done with tokens."""

    ADD = "add"
    LIST = "list"
    REMOVE = "remove"


def token(
    context: typer.Context,
    action: Annotated[Action, typer.Argument(metavar="add|list|remove", show_default=False)],
    name: Annotated[str | None, typer.Argument(help="Whose it is.", metavar="NAME")] = None,
    *,
    scope: Annotated[
        str, typer.Option("--scope", help=f"What it is good for, of {','.join(Scope)}.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Say who may operate over TCP (admin_tcp), and what each may do."""
    settings = invocation_of(context).settings()
    if action is Action.LIST:
        _list(find_tokens(settings.keys_dir), as_json=as_json)
        return
    if name is None:
        raise ConfigurationError(f"token {action} needs a name")
    if action is Action.REMOVE:
        _remove(settings, name)
        return
    text = _add(settings, name, _read_scopes(scope))
    if as_json:
        say_json({"name": name, "token": text})
    else:
        say(text)
        # Beside it: who writes the token to a file wants nothing else in there.
        complain("It is shown this once, and only its hash is kept.")


def _read_scopes(text: str) -> list[Scope]:
    try:
        return [Scope(word.strip()) for word in text.split(",") if word.strip()]
    except ValueError as error:
        raise ConfigurationError(f"--scope takes {','.join(Scope)}, not {text[:80]!r}") from error


def _add(settings: Settings, name: str, scopes: list[Scope]) -> str:
    made, text = make_token(name, scopes, now())
    before = find_tokens(settings.keys_dir)
    if name in {one.name for one in before}:
        raise ConfigurationError(f"{name} has a token: mpmirror token remove {name}")
    files = Files(Disk())
    make_keys_folder(settings.keys_dir, files)
    write_tokens(settings.keys_dir, (*before, made), files)
    return text


def _remove(settings: Settings, name: str) -> None:
    before = find_tokens(settings.keys_dir)
    rest = tuple(one for one in before if one.name != name)
    if rest == before:
        raise ConfigurationError(f"no token is called {name[:40]!r}: mpmirror token list")
    write_tokens(settings.keys_dir, rest, Files(Disk()))
    say(f"{name} has no token any more.")


def _list(tokens: tuple[Token, ...], *, as_json: bool) -> None:
    if as_json:
        say_json(
            [{"name": one.name, "scopes": one.scopes, "made": stamp(one.made)} for one in tokens]
        )
        return
    for one in tokens:
        say(f"{one.name}: {', '.join(one.scopes)}, made {stamp(one.made)}")
