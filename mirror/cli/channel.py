"""`mpmirror channel list|show|promote`: which publications the channels show, and who says so."""

import asyncio
import json
from dataclasses import replace
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final

import typer

from mirror.channels.approving import statement_of
from mirror.channels.orders import (
    Order,
    Promoted,
    decode_promoted,
    encode_order,
    encode_promoted,
)
from mirror.cli.holder import store_or_holder
from mirror.cli.invocation import invocation_of
from mirror.cli.passphrases import passphrase_from
from mirror.cli.statuses import REFUSED
from mirror.cli.terminal import say, say_json
from mirror.cli.tokens import read_token
from mirror.config import Settings
from mirror.control import ask, refusal_of
from mirror.daemon.channels import (
    PAGE,
    PAGES,
    ChannelPage,
    Waiting,
    channel_page,
    channel_pages,
    promote,
)
from mirror.daemon.operator import login_name
from mirror.errors import ConfigurationError
from mirror.publication.documents import decode_publication
from mirror.storage.store import StoreReader
from mirror.transfer.keys.node_keys import read_secret

# It may render all pages of a publication.
_SECONDS: Final = 300.0
_SHOWN: Final = 20


class Action(StrEnum):
    """What can be done with channels."""

    LIST = "list"
    SHOW = "show"
    PROMOTE = "promote"


def channel(  # noqa: PLR0913 - a command has as many options as it has
    context: typer.Context,
    action: Annotated[Action, typer.Argument(metavar="list|show|promote", show_default=False)],
    name: Annotated[str | None, typer.Argument(help="The channel.", metavar="NAME")] = None,
    source: Annotated[
        str | None,
        typer.Argument(
            help="A publication (42), a channel (lab-test), or an earlier one of it (lab-test/3).",
            metavar="WHAT",
        ),
    ] = None,
    *,
    why: Annotated[str, typer.Option("--why", help="The reason, for the ledger.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who you say you are; proves nothing.")] = "",
    key: Annotated[
        Path | None,
        typer.Option("--key", help="Approve with this secret key.", metavar="FILE"),
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option("--passphrase-file", help="Its passphrase.", metavar="FILE"),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", help="Approve with the token in this file.", metavar="FILE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Say what each channel shows, and have one show another publication."""
    settings = invocation_of(context).settings()
    if action is Action.LIST:
        _list(asyncio.run(_pages(settings)), as_json=as_json)
        return
    if name is None:
        raise ConfigurationError(f"channel {action} needs the name of a channel")
    if action is Action.SHOW:
        _show(asyncio.run(_page(settings, name)), as_json=as_json)
        return
    if source is None:
        raise ConfigurationError("channel promote needs what to show: a publication or a channel")
    order = Order(
        channel=name,
        source=source,
        why=why,
        by=by,
        login=login_name(),
        token=read_token(token_file) if token_file else None,
    )
    order.refuse_nonsense()
    promoted = asyncio.run(_promote(settings, order, key, passphrase_file))
    if as_json:
        say_json(json.loads(_without_document(promoted)))
    else:
        _tell(promoted)
    if not promoted.done:
        raise typer.Exit(REFUSED)


async def _pages(settings: Settings) -> tuple[ChannelPage, ...]:
    return await channel_pages(settings, await StoreReader.open_for_reading(settings.data_dir))


async def _page(settings: Settings, name: str) -> ChannelPage:
    store = await StoreReader.open_for_reading(settings.data_dir)
    return await channel_page(settings, store, name)


async def _promote(
    settings: Settings, order: Order, key: Path | None, passphrase_file: Path | None
) -> Promoted:
    """Have *order* obeyed, signed with the secret *key* if there is one."""
    if key is None:
        return await _obeyed(settings, order)
    # What is signed is the root itself: so it is made first.
    proposed = await _obeyed(settings, replace(order, propose=True))
    secret = read_secret(key, passphrase_from(passphrase_file, f"Passphrase of {key}"))
    document = proposed.document.encode()
    statement = statement_of(decode_publication(document))
    signature = secret.sign(document, statement).text
    return await _obeyed(settings, replace(order, root=proposed.root, signature=signature))


async def _obeyed(settings: Settings, order: Order) -> Promoted:
    async with store_or_holder(settings) as store:
        if store is not None:
            return await promote(settings, store, order)
    reply = await ask(
        settings.admin_listen.path,
        "POST",
        f"/v1/channels/{order.channel}",
        seconds=_SECONDS,
        body=encode_order(order),
    )
    if reply.status != HTTPStatus.OK:
        raise refusal_of(reply)
    return decode_promoted(reply.body)


def _without_document(promoted: Promoted) -> bytes:
    return encode_promoted(replace(promoted, document=""))


def _tell(promoted: Promoted) -> None:
    say(promoted.text)
    if not promoted.done:
        say(
            f"To approve: mpmirror channel promote {promoted.channel} {_typed(promoted.source)}"
            " --why … with --key or --token-file of somebody else"
        )


def _typed(source: str) -> str:
    return source.removeprefix("publication ")


def _list(pages: tuple[ChannelPage, ...], *, as_json: bool) -> None:
    if as_json:
        say_json(PAGES.dump_python(pages, mode="json"))
        return
    for page in pages:
        say(_line(page))
        for one in page.waiting:
            say(f"  waits: {_waiting(one)}")


def _line(page: ChannelPage) -> str:
    needs = f"; {page.approvals} must approve" if page.approvals > 1 else ""
    if page.sequence is None:
        return f"{page.channel}: shows nothing yet{needs}"
    return f"{page.channel}: {page.sequence} of {page.published}{needs}"


def _waiting(one: Waiting) -> str:
    who = ", ".join(one.approved) or "nobody yet"
    return (
        f"{one.source}, as {one.sequence}, since {one.since}: approved by {who}"
        f" ({len(one.approved)} of {one.needed})"
    )


def _show(page: ChannelPage, *, as_json: bool) -> None:
    if as_json:
        say_json(PAGE.dump_python(page, mode="json"))
        return
    say(_line(page))
    if page.root is not None:
        say(f"  root {page.root}")
        say(f"  content {page.content}")
    for one in page.waiting:
        say(f"  waits: {_waiting(one)}")
    for decided in page.history[:_SHOWN]:
        say(f"  {decided.time} {decided.what}: {decided.about}, by {decided.by}: {decided.why}")
