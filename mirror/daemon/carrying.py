"""Bundles by whoever holds the store: the daemon, or a command by itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mirror.channels.moving import Mover
from mirror.channels.taking_in import ChannelPublisher, refuse_approvals
from mirror.daemon.channels import rules_of
from mirror.daemon.operator import login_name
from mirror.daemon.parts import now
from mirror.daemon.signing import renew_channel, renew_freshness
from mirror.daemon.status import remember_outcome
from mirror.frozen import dataclass
from mirror.judgement.judge import Judge
from mirror.sandbox import Sandbox
from mirror.shapes import Shape
from mirror.spans import spanned
from mirror.storage.crawled import LastCrawl, write_last_crawl
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.publications import CURRENT
from mirror.storage.senders import Senders
from mirror.storage.threads import to_end
from mirror.sync.outcome import Ending, Outcome
from mirror.sync.standing import stamp
from mirror.transfer.bundles.importing import Imported, Means, import_bundle, seen_of
from mirror.transfer.bundles.judging import AT_ONCE
from mirror.transfer.bundles.software import wheelhouses
from mirror.transfer.bundles.volumes import open_medium
from mirror.transfer.keys.followed import Followed
from mirror.transfer.keys.keyring import find_keyring
from mirror.transfer.keys.rules import Rules
from mirror.transfer.receipts import Receipt, Receipts, make_receipt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mirror.config import Settings
    from mirror.publication.bundle import Manifest
    from mirror.storage.store import Store
    from mirror.sync.foreign import ForeignPublisher
    from mirror.transfer.bundles.importing import Progress

_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a command tells of an import; *receipt* is None for one that was only tried.

    It is published on *shown_on*.  ``new`` counts files that this node did not hold; ``beside``
    what was new of packages and photographs; ``warned`` names those with a warning; ``keys`` are
    sentences about keys that follow others, or were revoked; ``software`` names what came besides.
    """

    lineage: str
    channel: str
    sequence: int
    key: str
    files: int
    new: int
    size: int
    warned: tuple[str, ...]
    publication: int | None
    derived: bool
    changed: tuple[str, ...]
    recalled: int
    receipt: Receipt | None
    beside: int = 0
    shown_on: str = CURRENT
    keys: tuple[str, ...] = ()
    software: tuple[str, ...] = ()


CARRIED: Shape[Carried] = Shape(Carried)


#: The line with which a daemon refuses a bundle: ``{"refused": "…"}``.
REFUSAL: Shape[dict[str, str]] = Shape(dict[str, str])
_RECEIPTS = Shape(list[Receipt])


async def all_receipts(settings: Settings) -> bytes:
    """Return the receipts of all imports as JSON, newest first."""
    found = await Receipts(settings.data_dir, Files(Disk())).all()
    return _RECEIPTS.dump_json(found) + b"\n"


@spanned("import")
async def carry_in(
    settings: Settings,
    store: Store,
    files: Sequence[Path],
    report: Progress,
    *,
    dry_run: bool = False,
    channel: str = CURRENT,
) -> Carried:
    """Import the bundle of *files*, one or all volumes of one, and write its receipt.

    It is published on *channel*.  Raises what `import_bundle` does, and `ConfigurationError` for
    a channel that several people move.
    """
    refuse_approvals(channel, rules_of(settings))
    keyring = await to_end(find_keyring, settings.keys_dir)
    senders = Senders(settings.data_dir, Files(Disk()))
    rules = Rules(keyring.trusted, frozenset(keyring.revoked), seen_of(await senders.all()))
    followed = Followed(settings.keys_dir, Files(Disk()), stamp(now()))
    async with Sandbox(processes=AT_ONCE) as sandbox:
        means = Means(
            store=store,
            sandbox=sandbox,
            senders=senders,
            rules=rules,
            clock=now,
            upstream=settings.upstream.url,
            scan=_scanner(settings.transfer.scan),
            publisher=_publisher(settings, store, channel),
            followed=followed,
            report=report,
        )
        with await to_end(open_medium, list(files)) as medium:
            imported = await import_bundle(means, medium, dry_run=dry_run)
    receipt = None if dry_run else await _finish(settings, store, imported, channel)
    return replace(
        _told(imported, receipt),
        shown_on=channel,
        keys=followed.sentences,
        software=tuple(wheelhouses(imported.manifest.extras)),
    )


def _publisher(settings: Settings, store: Store, channel: str) -> ForeignPublisher | None:
    if channel == CURRENT:
        return None
    mover = Mover(store=store, clock=now)
    return ChannelPublisher(mover, settings.upstream.url, channel, login_name())


def _told(imported: Imported, receipt: Receipt | None) -> Carried:
    manifest, done = imported.manifest, imported.committed
    return Carried(
        lineage=manifest.lineage,
        channel=manifest.channel,
        sequence=manifest.sequence,
        key=imported.key,
        files=len(imported.judged),
        new=sum(one.new for one in imported.judged),
        size=imported.size,
        warned=tuple(one.name for one in imported.judged if one.verdict.reasons),
        publication=done.sequence if done else None,
        derived=done.derived if done else False,
        changed=done.changed if done else (),
        recalled=len(done.recalled) if done else 0,
        receipt=receipt,
        beside=len(imported.brought),
    )


async def _finish(settings: Settings, store: Store, imported: Imported, channel: str) -> Receipt:
    """Have recalls in force, say how old the data are, and write the receipt."""
    moment = now()
    await Judge(store=store, upstream=settings.upstream.url, clock=now).settle()
    checked = _checked(imported.manifest)
    if channel == CURRENT:
        await _renew(settings, store, imported, moment)
    else:
        await renew_channel(settings, store, channel, checked)
    receipt = make_receipt(imported, store.node.lineage, moment)
    await Receipts(settings.data_dir, Files(Disk()), store.signatures.signer).put(receipt)
    return receipt


async def _renew(settings: Settings, store: Store, imported: Imported, moment: datetime) -> None:
    """Say that ``current`` is as upstream was when the sender looked, and what came of it."""
    checked = _checked(imported.manifest)
    crawl = LastCrawl(checked, 2 * settings.schedule.every.total_seconds())
    await to_end(write_last_crawl, settings.data_dir, crawl, Files(Disk()))
    await renew_freshness(settings, store, checked)
    message = f"imported publication {imported.manifest.sequence} of {imported.manifest.lineage}"
    new = sum(one.new for one in imported.judged)
    done = imported.committed
    sequence = done.sequence if done else None
    ending = Ending.UNCHANGED if sequence is None else Ending.PUBLISHED
    count = len(imported.judged)
    outcome = Outcome(ending, message, 0, sequence=sequence, wanted=count, held=count, fetched=new)
    await remember_outcome(store, outcome, moment)


def _checked(manifest: Manifest) -> datetime:
    # The sender's word, and signed: when it had last seen all of upstream.
    return datetime.fromisoformat(manifest.checked or manifest.published)


class _Scanner:
    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    async def __call__(self, path: Path) -> str | None:
        words = [word.replace("{file}", str(path)) for word in self._words]
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
        except OSError as error:
            return f"{words[0]} can not be started: {error.strerror or error}"
        try:
            said, _ = await asyncio.wait_for(process.communicate(), _SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
            return f"{words[0]} took longer than {_SECONDS:g} s"
        if process.returncode == 0:
            return None
        text = said.decode(errors="replace").strip().splitlines()
        return f"{words[0]} ended with {process.returncode}: {text[-1][:200] if text else ''}"


def _scanner(words: Sequence[str]) -> _Scanner | None:
    return _Scanner(words) if words else None
