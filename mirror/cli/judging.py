"""`mpmirror recall`, `accept`, `acknowledge`, `hide`: decide, with a reason, at once.

Each does its work in this process, or has the daemon that holds the data do it; when it
returns, what was decided is in force in every process that serves.
"""

import asyncio
from datetime import UTC, date, datetime, time
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final

import typer

from mirror.catalog.values import Digest
from mirror.cli.holder import store_or_holder
from mirror.cli.invocation import invocation_of
from mirror.cli.statuses import REFUSED
from mirror.cli.terminal import say, say_json
from mirror.cli.tokens import read_token
from mirror.config import Settings
from mirror.control import ask, refusal_of
from mirror.daemon.judging import ask_to_judge, judge_of
from mirror.daemon.operator import login_name
from mirror.daemon.parts import now
from mirror.daemon.pruning import doubt_now
from mirror.daemon.status import status_of
from mirror.daemon.status_document import Moment
from mirror.errors import ConfigurationError, MalformedValueError
from mirror.judgement.requests import Request, Ruling, decode_ruling, encode_request
from mirror.storage.judgements import What

# It renders boards, and may start a child to verify bytes.
_SECONDS: Final = 120.0

_Why = Annotated[str, typer.Option("--why", help="The reason, for the ledger.", metavar="TEXT")]
_Json = Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")]
_Undo = Annotated[bool, typer.Option("--undo", help="Lift it again.")]
_Digest = Annotated[str, typer.Argument(help="sha256:… of the bytes.", metavar="DIGEST")]
_Name = Annotated[str, typer.Argument(help="The file's name.", metavar="NAME")]


def recall(
    context: typer.Context,
    digest: _Digest,
    why: _Why,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", help="Approve with the token in this file.", metavar="FILE"),
    ] = None,
    *,
    undo: _Undo = False,
    as_json: _Json = False,
) -> None:
    """Forbid these bytes: nobody is served them, and they are never taken in again."""
    what = What.RECALL_UNDO if undo else What.RECALL
    token = read_token(token_file) if token_file else None
    request = Request(what, str(_read(digest)), why, login_name(), token=token)
    _judge(context, request, as_json=as_json)


def accept(
    context: typer.Context, name: _Name, digest: _Digest, why: _Why, *, as_json: _Json = False
) -> None:
    """Take the later bytes of a name whose bytes changed: they are verified anew, and its own."""
    request = Request(What.ACCEPT, name, why, login_name(), digest=_read(digest))
    _judge(context, request, as_json=as_json)


def acknowledge(
    context: typer.Context,
    alarm: Annotated[str, typer.Argument(help="Its id, as status says.", metavar="ALARM")],
    why: _Why,
    until: Annotated[
        str | None,
        typer.Option("--until", help="A date or time at which it is open again.", metavar="DATE"),
    ] = None,
    *,
    as_json: _Json = False,
) -> None:
    """Count an alarm as dealt with, until its facts change."""
    request = Request(What.ACKNOWLEDGE, alarm, why, login_name(), until=_until(until))
    _judge(context, request, as_json=as_json)


def hide(
    context: typer.Context, name: _Name, why: _Why, *, undo: _Undo = False, as_json: _Json = False
) -> None:
    """Never give this file as the latest; its name still gets it."""
    what = What.HIDE_UNDO if undo else What.HIDE
    _judge(context, Request(what, name, why, login_name()), as_json=as_json)


def _judge(context: typer.Context, request: Request, *, as_json: bool) -> None:
    request.refuse_nonsense()
    ruling = asyncio.run(_ruling(invocation_of(context).settings(), request))
    if as_json:
        say_json({"text": ruling.text, "sequence": ruling.sequence})
    else:
        say(ruling.text)
        if ruling.sequence is not None:
            say(f"publication {ruling.sequence} says so")
    if not ruling.done:
        raise typer.Exit(REFUSED)


async def _ruling(settings: Settings, request: Request) -> Ruling:
    async with store_or_holder(settings) as store:
        if store is not None:
            status = await status_of(
                store,
                settings.data_dir,
                settings.upstream.url,
                Moment(now=now(), doubt=doubt_now(store)),
                offline=settings.offline,
            )
            return await ask_to_judge(settings, judge_of(settings, store), request, status)
    reply = await ask(
        settings.admin_listen.path,
        "POST",
        "/v1/judgements",
        seconds=_SECONDS,
        body=encode_request(request),
    )
    if reply.status != HTTPStatus.OK:
        raise refusal_of(reply)
    return decode_ruling(reply.body)


def _read(digest: str) -> Digest:
    try:
        return Digest.parse(digest)
    except MalformedValueError as error:
        raise ConfigurationError(str(error)) from error


def _until(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = (
            datetime.fromisoformat(text)
            if "T" in text
            else datetime.combine(date.fromisoformat(text), time())
        )
    except ValueError as error:
        raise ConfigurationError(
            f"--until is a date such as 2026-12-31, not {text[:40]!r}"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
