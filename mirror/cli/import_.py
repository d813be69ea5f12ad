"""`mpmirror import FILE…`: take in a bundle from across the gap, all of it or nothing."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import typer
from pydantic import ValidationError

from mirror.cli.holder import store_or_holder
from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import Steps, complain, say, say_json
from mirror.config import Settings
from mirror.control import stream
from mirror.daemon.carrying import CARRIED, Carried, carry_in
from mirror.daemon.tracing import tracing_command
from mirror.errors import BundleRefusedError, ConfigurationError, LockedError, MirrorError
from mirror.frozen import dataclass
from mirror.storage.publications import CHANNEL_NAME, CURRENT
from mirror.transfer.receipts import render_page

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_TOLD = 20


def import_bundles(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(help="The bundle, or all its volumes.", metavar="FILE…")
    ],
    receipt: Annotated[
        Path | None,
        typer.Option(
            "--receipt", help="Write the receipt here, as a page to print.", metavar="FILE"
        ),
    ] = None,
    *,
    channel: Annotated[
        str, typer.Option("--channel", help="Publish it on this channel.", metavar="NAME")
    ] = CURRENT,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Take a signed bundle in: verified and published at once, or refused and nothing changed."""
    settings = invocation_of(context).settings()
    if CHANNEL_NAME.fullmatch(channel) is None:
        raise ConfigurationError(f"--channel: {channel[:80]!r} can be no channel")
    wish = _Wish(tuple(file.absolute() for file in files), channel, dry_run=dry_run)
    done = asyncio.run(_import(settings, wish))
    if receipt is not None and done.receipt is not None:
        receipt.write_text(render_page(done.receipt), encoding="utf-8")
    if as_json:
        say_json(CARRIED.dump_python(done, mode="json"))
    else:
        _tell(done, dry_run=dry_run)


@dataclass(frozen=True, slots=True)
class _Wish:
    files: tuple[Path, ...]
    channel: str
    dry_run: bool


async def _import(settings: Settings, wish: _Wish) -> Carried:
    async with tracing_command(settings), store_or_holder(settings) as store:
        if store is not None:
            with Steps() as steps:
                return await carry_in(
                    settings,
                    store,
                    wish.files,
                    lambda done, total: steps.show("read", done, total),
                    dry_run=wish.dry_run,
                    channel=wish.channel,
                )
    complain("A daemon holds the data: it reads the bundle, as its own user.")
    return await _ask_daemon(settings, wish)


async def _ask_daemon(settings: Settings, wish: _Wish) -> Carried:
    asked = [("file", str(file)) for file in wish.files]
    asked += [("dry_run", "yes" if wish.dry_run else "no"), ("channel", wish.channel)]
    path = f"/v1/import?{urlencode(asked)}"
    lines: AsyncGenerator[bytes, None] = stream(settings.admin_listen.path, "POST", path)
    async with aclosing(lines):
        async for line in lines:
            return _read(line)
    raise LockedError("the daemon ended before the bundle was taken in")


def _read(line: bytes) -> Carried:
    try:
        return CARRIED.validate_json(line)
    except ValidationError:
        pass
    said = _refusal(line)
    if said is not None:
        raise BundleRefusedError(said)
    raise MirrorError(f"the daemon says: {line[:500].decode(errors='replace')}")


def _refusal(line: bytes) -> str | None:
    """Return the sentence with which the daemon refused, None when it said something else."""
    import json  # noqa: PLC0415

    try:
        said: Any = json.loads(line)
    except ValueError:
        return None
    return said["refused"] if isinstance(said, dict) and "refused" in said else None


def _tell(done: Carried, *, dry_run: bool) -> None:
    size = f"{done.size / 1e6:,.1f} MB"
    would = "would come in" if dry_run else "came in"
    say(
        f"publication {done.sequence} of {done.lineage} (channel {done.channel}), signed by key "
        f"{done.key}: {done.files} files, {done.new} of them new {would}; the bundle has {size}"
    )
    if done.beside:
        say(f"of packages and photographs {done.beside} new files {would}")
    _tell_of_others(done, dry_run=dry_run)
    for name in done.warned[:_TOLD]:
        say(f"warned: {name}")
    for name in done.changed[:_TOLD]:
        complain(f"other bytes than before: {name}")
    if done.recalled:
        complain(f"recalled with it: {done.recalled}")
    if done.derived:
        say(
            "what this node forbids, hides, adds or did not get differs from it: published as its "
            "own content"
        )
    if not dry_run:
        where = f"publication {done.publication}" if done.publication else "nothing new"
        on = f" on channel {done.shown_on}" if done.shown_on != CURRENT else ""
        say(f"published: {where}{on}")


def _tell_of_others(done: Carried, *, dry_run: bool) -> None:
    """Tell what came besides a publication: words about keys, and programs."""
    for sentence in done.keys:
        complain(f"not done, since nothing is changed: {sentence}" if dry_run else sentence)
    for name in done.software:
        say(f"mpmirror itself came with it, and was not installed: software/{name} in the bundle")
