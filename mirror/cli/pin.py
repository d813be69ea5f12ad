"""`mpmirror pin`: hold exactly these bytes, whatever the policy says, until somebody unpins."""

import asyncio
import getpass
import os
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Final

import typer

from mirror.catalog.kinds import Kind
from mirror.cli.holder import store_or_holder
from mirror.cli.invocation import invocation_of
from mirror.cli.pins import export_pins, list_pins, read_pins
from mirror.cli.terminal import Steps, complain, say, say_json
from mirror.config import Settings
from mirror.control import stream
from mirror.daemon.log import logging_as
from mirror.daemon.pinning import obeyed, pinner_of
from mirror.daemon.reach import Reach
from mirror.errors import ConfigurationError, LockedError
from mirror.sync.orders import (
    ImportOrder,
    Order,
    PinOrder,
    PinResult,
    UnpinOrder,
    decode_news,
    describe_result,
    encode_order,
)
from mirror.sync.outcome import Progress

_MOST_WHY: Final = 500


def pin(  # noqa: PLR0913 - an option each
    context: typer.Context,
    what: Annotated[
        str | None,
        typer.Argument(
            help="A build, or the name of a file.",
            metavar="BOARD[-VARIANT]|NAME",
            show_default=False,
        ),
    ] = None,
    version: Annotated[
        str | None,
        typer.Argument(help="Its version, such as v1.24.1.", metavar="VERSION", show_default=False),
    ] = None,
    *,
    why: Annotated[str | None, typer.Option(help="The reason, for the ledger.")] = None,
    kind: Annotated[
        list[Kind] | None, typer.Option(help="Kinds to pin, instead of those of the policy.")
    ] = None,
    later: Annotated[
        bool, typer.Option("--later", help="Also what upstream lists of it only later.")
    ] = False,
    show: Annotated[bool, typer.Option("--list", help="Show all pins.")] = False,
    remove: Annotated[
        str | None, typer.Option(help="Forget the pin with this id.", metavar="ID")
    ] = None,
    export_to: Annotated[
        str | None, typer.Option("--export", help="Write all pins; - for here.", metavar="FILE")
    ] = None,
    import_from: Annotated[
        Path | None, typer.Option("--import", help="Pin what a file says.", metavar="FILE")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Hold a version of a board, or a file, whatever the policy says; fetch it now."""
    settings = invocation_of(context).settings()
    chosen = (what, show or None, remove, export_to, import_from)
    if sum(one is not None for one in chosen) != 1:
        raise ConfigurationError("say what to pin, or one of --list, --remove, --export, --import")
    if show:
        asyncio.run(list_pins(settings.data_dir, as_json=as_json))
        return
    if export_to is not None:
        asyncio.run(export_pins(settings.data_dir, export_to))
        return
    if what is not None:
        _refuse_half_a_wish(what, version)
        kinds = tuple(dict.fromkeys(kind or ()))
        order = PinOrder(
            what=what, version=version, kinds=kinds, later=later, why=_reason(why), by=_operator()
        )
        _carry_out(settings, [order], as_json=as_json)
    elif remove is not None:
        order_to_forget = UnpinOrder(id=remove, why=_reason(why), by=_operator())
        _carry_out(settings, [order_to_forget], as_json=as_json)
    elif import_from is not None:
        orders = [ImportOrder(pin=one) for one in read_pins(import_from)]
        _carry_out(settings, orders, as_json=as_json)


def _refuse_half_a_wish(what: str, version: str | None) -> None:
    # The name of a file has a kind behind a dot; that of a board has no dot.
    if version is None and "." not in what:
        raise ConfigurationError(
            f"which version of {what}?  mpmirror pin {what} v1.2.3 --why …, or the name of a file"
        )


def _reason(why: str | None) -> str:
    if not why or not why.isprintable() or len(why) > _MOST_WHY:
        raise ConfigurationError(f"say why, in at most {_MOST_WHY} printable letters: --why …")
    return why


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in many containers
        return f"uid {os.getuid()}"


def _carry_out(settings: Settings, orders: Sequence[Order], *, as_json: bool) -> None:
    with logging_as(settings.log):
        results = asyncio.run(_obeyed(settings, orders))
    for result in results:
        for trouble in result.troubles:
            complain(f"{trouble.subject}: {trouble.reason}")
    if as_json:
        say_json([describe_result(result) for result in results])
    else:
        for result in results:
            _tell(result)
    raise typer.Exit(max((result.exit_status for result in results), default=0))


async def _obeyed(settings: Settings, orders: Sequence[Order]) -> list[PinResult]:
    with Steps() as steps:

        def report(progress: Progress) -> None:
            steps.show(progress.phase.value, progress.done, progress.total)

        async with store_or_holder(settings) as store:
            if store is not None:
                async with Reach(settings, store) as reach:
                    pinner = pinner_of(settings, store, reach)
                    return [await obeyed(pinner, order, report) for order in orders]
        return [await _ask_daemon(settings.admin_listen.path, order, report) for order in orders]


async def _ask_daemon(control: Path, order: Order, report: Callable[[Progress], None]) -> PinResult:
    body = encode_order(order)
    async with aclosing(stream(control, "POST", "/v1/pins", body=body)) as lines:
        async for line in lines:
            news = decode_news(line)
            if isinstance(news, PinResult):
                return news
            report(news)
    raise LockedError("the daemon ended before the pin was made")


def _tell(result: PinResult) -> None:
    if result.pin is None:
        (say if result.exit_status == 0 else complain)(f"{result.message}")
        return
    say(f"pin {result.pin.id}: {result.message}")
    for name, digest in result.pin.names.items():
        say(f"  {name}  {digest or 'still to come'}")
