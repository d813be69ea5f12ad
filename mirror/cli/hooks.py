"""`mpmirror hooks list|test|secret|schema`: who is told what happens here, and how that goes."""

import asyncio
import json
import os
import time
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import typer

from mirror.cli.hook_lines import hook_lines
from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import hand_over, say, say_json
from mirror.config import Settings
from mirror.config.hooks import HookSettings
from mirror.daemon.hook_status import hooks_on_disk
from mirror.daemon.hook_targets import find_targets
from mirror.daemon.parts import now
from mirror.daemon.status_document import HookStatus
from mirror.daemon.version import VERSION
from mirror.errors import ConfigurationError, HookError
from mirror.hooks.events import Event, Speaker, TrialData, encode_event, schema
from mirror.hooks.kinds import Kind
from mirror.hooks.queue import Waiting
from mirror.hooks.sending import sender_of
from mirror.hooks.signing import make_secret
from mirror.hooks.targets import Target
from mirror.storage.node import find_node
from mirror.upstream.politeness import user_agent

_RANDOM = 16


class Action(StrEnum):
    """What can be done with hooks."""

    LIST = "list"
    TEST = "test"
    SECRET = "secret"  # noqa: S105 - a word that is typed
    SCHEMA = "schema"


def hooks(
    context: typer.Context,
    action: Annotated[
        Action, typer.Argument(metavar="list|test|secret|schema", show_default=False)
    ],
    name: Annotated[str | None, typer.Argument(help="A hook (test).", metavar="NAME")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Say what waits for hooks, try one, make a secret, or show what receivers get."""
    if action is Action.SECRET:
        say(make_secret(os.urandom))
        return
    if action is Action.SCHEMA:
        hand_over(json.dumps(schema(), indent=1).encode() + b"\n")
        return
    settings = invocation_of(context).settings()
    if action is Action.LIST:
        _list(settings, as_json=as_json)
    else:
        _test(settings, name)


def _list(settings: Settings, *, as_json: bool) -> None:
    found = hooks_on_disk(settings)
    if as_json:
        say_json([_entry(one, settings.hooks[one.hook]) for one in found])
        return
    if not found:
        say("no hook is set: [hooks.NAME] in the settings, with url and events")
    for one in found:
        hook = settings.hooks[one.hook]
        say(f"{one.hook}: {_place(hook)}, {', '.join(hook.events)}")
        taken = f"the last event was taken at {one.taken_at}" if one.taken_at else "none was taken"
        say(f"  {one.waiting} events wait; {taken}")
        for line in hook_lines(one):
            say(f"  {line}")


def _entry(one: HookStatus, hook: HookSettings) -> dict[str, object]:
    return {
        "hook": one.hook,
        "url": _place(hook),
        "events": hook.events,
        "signed": bool(hook.secret_file or hook.secret_env),
        "waiting": one.waiting,
        "oldest": one.oldest,
        "failing": one.failing,
        "taken_at": one.taken_at,
        "given_up": one.given_up,
    }


def _place(hook: HookSettings) -> str:
    return str(hook.url or hook.url_file)


def _test(settings: Settings, name: str | None) -> None:
    if name is None or name not in settings.hooks:
        known = ", ".join(settings.hooks) or "none is set"
        raise ConfigurationError(f"hooks test needs a hook's name: {known}")
    one = replace(settings, hooks={name: settings.hooks[name]})
    [target] = find_targets(one, os.environ)
    begun = time.monotonic()
    try:
        asyncio.run(_send(settings, target))
    except HookError as error:
        raise HookError(f"{name} did not take a test event: {error}") from error
    say(f"{name} took a test event in {time.monotonic() - begun:.1f} s")


async def _send(settings: Settings, target: Target) -> None:
    node = find_node(settings.data_dir)
    speaker = Speaker(
        node.node_id if node else "", node.lineage if node else "", settings.public_url
    )
    text = f"A test of the hook {target.name}: nothing happened"
    event = Event(Kind.TEST, target.name, text, TrialData(target.name))
    moment = now()
    body = encode_event(event, speaker, moment).decode()
    known_as = f"msg_{os.urandom(_RANDOM).hex()}"
    agent = user_agent(VERSION, settings.contact or "")
    send = sender_of(target, os.environ, agent, now)
    await send(Waiting("", known_as, event.kind, moment, body))
