"""Channels by whoever holds the store, and what everybody may read of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.channels.approving import Approvers, Rule
from mirror.channels.moving import APPROVE, PROMOTE, Mover, spelled
from mirror.channels.orders import can_be_channel, decode_order, encode_promoted
from mirror.channels.promoting import Promoter
from mirror.daemon.parts import now
from mirror.daemon.signing import renew_channel
from mirror.errors import ConfigurationError, KeyRefusedError, MirrorError, NotFoundError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.channels import find_published, read_root
from mirror.storage.crawled import find_last_crawl
from mirror.storage.entries import Decision
from mirror.storage.publications import CURRENT
from mirror.storage.threads import to_end
from mirror.storage.tokens import find_tokens
from mirror.sync.standing import stamp
from mirror.transfer.keys import PublicKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mirror.channels.orders import Order, Promoted
    from mirror.config import Settings
    from mirror.daemon.log import Logger
    from mirror.storage.proposals import Proposal
    from mirror.storage.store import Store, StoreReader

_MOST_HISTORY: Final = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """A promotion that waits: the root that would be shown, and who approved it of *needed*."""

    root: Digest
    source: str
    sequence: int
    since: str
    approved: tuple[str, ...]
    needed: int


@dataclass(frozen=True, slots=True)
class Decided:
    """A line of the ledger about a channel: what, of which root, by whom, and why."""

    time: str
    what: str
    about: str
    by: str
    why: str
    root: Digest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPage:
    """A channel: what it shows, since when, and what waits.  ``history`` has the newest first.

    ``sequence``, ``published``, ``root`` and ``content`` are None while it shows nothing.
    """

    channel: str
    sequence: int | None
    published: str | None
    root: Digest | None
    content: Digest | None
    approvals: int
    waiting: tuple[Waiting, ...] = ()
    history: tuple[Decided, ...] = ()


PAGES: Shape[tuple[ChannelPage, ...]] = Shape(tuple[ChannelPage, ...])
PAGE: Shape[ChannelPage] = Shape(ChannelPage)


def rules_of(settings: Settings) -> Mapping[str, Rule]:
    """Return how each channel is moved; raise `ConfigurationError` for a key that is none."""
    return {
        name: Rule(one.approvals, tuple(_key(name, line) for line in one.keys))
        for name, one in settings.channels.items()
    }


def promoter_of(settings: Settings, store: Store) -> Promoter:
    """Return what moves the channels of *store*."""
    return Promoter(
        mover=Mover(store=store, clock=now),
        approvers=Approvers(partial(find_tokens, settings.keys_dir)),
        rules=rules_of(settings),
    )


async def promote(
    settings: Settings, store: Store, order: Order, operator: str | None = None
) -> Promoted:
    """Do what *order* asks, and say how fresh the channel is then; raises as `Promoter.promote`."""
    promoted = await promoter_of(settings, store).promote(order, operator)
    if promoted.done:
        crawl = await to_end(find_last_crawl, settings.data_dir)
        if crawl is not None:
            await renew_channel(settings, store, order.channel, crawl.at)
    return promoted


class ChannelDesk:
    """What operators ask of the channels of *store*, as JSON; *moved* is told when one moves."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        log: Logger,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self._moved = moved
        self._settings = settings
        self._store = store
        self._log = log

    async def all(self) -> bytes:
        """Return every channel, with what waits for approval."""
        return PAGES.dump_json(await channel_pages(self._settings, self._store)) + b"\n"

    async def show(self, channel: str) -> bytes:
        """Return one channel, with its history; raise `NotFoundError` for no name of any."""
        if not can_be_channel(channel):
            raise NotFoundError(f"no channel can be called {channel[:80]!r}")
        return PAGE.dump_json(await channel_page(self._settings, self._store, channel)) + b"\n"

    async def promote(self, channel: str, order: bytes, operator: str | None) -> bytes:
        """Move *channel* as *order* says; *operator* is who gave it, if a token has told that."""
        asked = replace(decode_order(order), channel=channel)
        promoted = await promote(self._settings, self._store, asked, operator)
        self._log.info("channel", text=promoted.text, by=promoted.approved)
        self._moved()
        return encode_promoted(promoted)

    async def settle(self) -> None:
        """End what a crash broke off, and have every channel as it must look today."""
        try:
            for remark in await promoter_of(self._settings, self._store).settle():
                self._log.warning("a channel stays as it was", text=remark)
        except MirrorError as error:
            self._log.warning("channels could not be looked at", error=str(error))


async def channel_page(settings: Settings, store: StoreReader, channel: str) -> ChannelPage:
    """Return all that is known of *channel*, with what the ledger says of it."""
    page = await _page(settings, store, channel)
    history: list[Decided] = []
    said = {(PROMOTE, channel), (APPROVE, channel)}
    async for recorded in store.ledger.entries():
        entry = recorded.entry
        if isinstance(entry, Decision) and (entry.what, entry.subject) in said:
            history.append(_decided(entry))
    return replace(page, history=tuple(history[: -_MOST_HISTORY - 1 : -1]))


async def channel_pages(settings: Settings, store: StoreReader) -> tuple[ChannelPage, ...]:
    """Return every channel that there is, or that the settings name, ``current`` first."""
    waiting = await store.proposals.all()
    there = {*await store.publications.channels(), *waiting, *settings.channels}
    names = sorted(there - {CURRENT})
    return tuple([await _page(settings, store, name) for name in (CURRENT, *names)])


async def _page(settings: Settings, store: StoreReader, channel: str) -> ChannelPage:
    one = await find_published(store, channel)
    rule = rules_of(settings).get(channel, Rule())
    proposals = await store.proposals.of(channel)
    waiting = [await _waiting(store, proposal, rule) for proposal in proposals]
    return ChannelPage(
        channel=channel,
        sequence=one.root.sequence if one else None,
        published=one.root.published if one else None,
        root=one.digest if one else None,
        content=one.root.content if one else None,
        approvals=rule.approvals,
        waiting=tuple(found for found in waiting if found is not None),
    )


async def _waiting(store: StoreReader, proposal: Proposal, rule: Rule) -> Waiting | None:
    try:
        root = await read_root(store.blobs, proposal.root)
    except MirrorError:
        return None
    return Waiting(
        root=proposal.root,
        source=spelled(proposal.source),
        sequence=root.sequence,
        since=stamp(proposal.time),
        approved=tuple(one.by for one in proposal.approvals),
        needed=rule.approvals,
    )


def _decided(entry: Decision) -> Decided:
    return Decided(
        time=stamp(entry.time),
        what=entry.what,
        about=entry.about or "",
        by=entry.by,
        why=entry.why,
        root=entry.digest,
    )


def _key(channel: str, line: str) -> PublicKey:
    try:
        return PublicKey.parse(line)
    except KeyRefusedError as error:
        raise ConfigurationError(f"channels.{channel}.keys: {error}") from error
