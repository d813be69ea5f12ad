"""Pin and unpin: resolve to digests, write down, fetch what is missing, publish.

What is held is pinned by the digest that it has; what upstream lists and is not held is
fetched and verified now.  The pin is on the disk before anything is fetched, so what could
not be had stays wanted, and later runs go on trying.  Every decision goes to the ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from mirror.catalog.names import ArtifactName
from mirror.catalog.pins import Pin, Wish, parse_wish, present_wishes, wish_for
from mirror.catalog.plan import rule_on
from mirror.errors import (
    ArtifactNotFoundError,
    DamagedError,
    IncompleteError,
    MalformedValueError,
    NotFoundError,
    RefusedError,
    UpstreamError,
    UpstreamMissingError,
)
from mirror.storage.entries import Decision
from mirror.storage.store import Store
from mirror.sync.intake import Intake
from mirror.sync.means import Means, Wishes
from mirror.sync.orders import ImportOrder, Order, PinOrder, PinResult, UnpinOrder
from mirror.sync.outcome import Phase, Progress, Trouble
from mirror.sync.pinned import pinned_names
from mirror.sync.publish import Publisher
from mirror.sync.remembered_board import RememberedBoard, remembered_board
from mirror.sync.run import preview

if TYPE_CHECKING:
    from mirror.catalog.model import Listing
    from mirror.catalog.values import Digest

    Report = Callable[[Progress], None]

_NOT_LISTED: Final = "it is not held, and upstream does not list it"


class Way(Protocol):
    """The way to upstream."""

    async def means(self, report: Callable[[Progress], None]) -> Means:
        """Return what a sync run works with."""

    @property
    def sealed(self) -> bool:
        """Whether upstream must not be asked at all."""


@dataclass(slots=True)
class _Fetched:
    """What came of fetching: the troubles, and whether all are upstream's silence."""

    troubles: list[Trouble] = field(default_factory=list)
    unreachable: int = 0

    @property
    def exit_status(self) -> int:
        if not self.troubles:
            return 0
        silent = self.unreachable == len(self.troubles)
        return UpstreamError.exit_status if silent else IncompleteError.exit_status


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinner:
    """Obeys orders about the pins of *store*, whose upstream is a base URL.

    ``publishing`` is held by whoever publishes, ``turn`` by whoever crawls; while a sync run
    goes on (``running``) there is no second crawl.
    """

    store: Store
    way: Way
    upstream: str
    wishes: Wishes
    clock: Callable[[], datetime]
    publishing: asyncio.Lock = field(default_factory=asyncio.Lock)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    running: Callable[[], bool] = lambda: False

    async def obey(self, order: Order, report: Report) -> PinResult:
        """Do what *order* says, and tell how it went.

        Raises `IncompleteError` for what is neither held nor listed, another `RefusedError`
        for what can not be pinned, an `UpstreamError` when upstream would have to be asked
        and can not, `NotFoundError` for an unknown pin: nothing is recorded then.  Raises
        `StorageError` when this node can not keep it.
        """
        match order:
            case PinOrder():
                return await self._pin(order, report)
            case ImportOrder():
                return await self._import(order.pin, report)
            case UnpinOrder():
                return await self._unpin(order)

    async def _pin(self, order: PinOrder, report: Report) -> PinResult:
        wish = self._wish(order)
        wish, known, names = await self._look(wish)
        if not names and not order.later:
            wish, known, names = await self._look_again(wish, known, report)
        before = await self.store.pins.find(wish.id)
        pin = Pin(
            id=wish.id,
            wish=wish,
            why=order.why,
            by=order.by,
            time=before.time if before else self.clock(),
            later=order.later or (before is not None and before.later),
            names=before.names if before else {},
        ).joined_by(names)
        return await self._carry_out(pin, known, report)

    async def _import(self, pin: Pin, report: Report) -> PinResult:
        before = await self.store.pins.find(pin.id)
        here = {**(before.names if before else {}), **await self._held(pin.names)}
        _refuse_other_bytes(pin, here)
        if before is not None:
            joined = replace(pin.joined_by(before.names), later=pin.later or before.later)
            pin = joined.settled({name: one for name, one in before.names.items() if one})
        known = await remembered_board(self.store.index, self.upstream, pin.wish.board)
        return await self._carry_out(pin, known, report)

    async def _unpin(self, order: UnpinOrder) -> PinResult:
        try:
            pin = await self.store.pins.find(order.id)
        except DamagedError:
            pin, subject = None, order.id
        else:
            if pin is None:
                raise NotFoundError(f"there is no pin {order.id}: mpmirror pin --list")
            subject = str(pin.wish)
        # Written down before it is gone: a pin never ends without a word.
        await self._decide("unpin", subject, order.why, order.by)
        await self.store.pins.remove(order.id)
        return PinResult(pin=None, message=f"no longer pinned: {subject}", exit_status=0)

    def _wish(self, order: PinOrder) -> Wish:
        if order.version is not None and order.what.count("."):
            raise MalformedValueError(f"a file's name says its version: leave out {order.version}")
        wish = parse_wish(order.what, order.version, order.kinds)
        return replace(wish, kinds=wish.kinds or self.wishes.policy.terms(wish.board).kinds)

    async def _look(self, wish: Wish) -> tuple[Wish, RememberedBoard, tuple[str, ...]]:
        """Find what is held and listed of *wish*, under whatever id its board has today."""
        first: RememberedBoard | None = None
        for one in await self._wishes_for(wish):
            known = await remembered_board(self.store.index, self.upstream, one.board)
            first = first or known
            names = _names(one, known)
            if names:
                return one, known, names
        assert first is not None  # noqa: S101 - the wish itself is one of them
        return wish, first, ()

    async def _wishes_for(self, wish: Wish) -> Sequence[Wish]:
        seen = await self.store.index.find_sighting(str(wish.name)) if wish.name else None
        if seen is None or wish.name is None:
            return present_wishes(wish)
        # It may stand on the page of another board than its name says.
        return [wish_for(wish.name, seen.board, None), *present_wishes(wish)]

    async def _look_again(
        self, wish: Wish, known: RememberedBoard, report: Report
    ) -> tuple[Wish, RememberedBoard, tuple[str, ...]]:
        """Read upstream's pages anew, unless a run does so now, and look once more.

        Pages of an unfinished crawl of the last hour are not read again.
        """
        if not self.way.sealed and not self.running():
            async with self.turn:
                await preview(await self.way.means(report), self.wishes)
            wish, known, names = await self._look(wish)
            if names:
                return wish, known, names
        raise IncompleteError(_not_found(wish, known, self.upstream))

    async def _carry_out(self, pin: Pin, known: RememberedBoard, report: Report) -> PinResult:
        pin = pin.settled(await self._sound(pin.names))
        await self.store.pins.put(pin)
        await self._decide("pin", str(pin.wish), pin.why, pin.by)
        missing = pin.names.keys() - (await self._sound(pin.names)).keys()
        fetched = await self._fetch(sorted(missing), known, report)
        pin = await self._settle(pin, fetched)
        await self._publish(known)
        return _result(pin, fetched)

    async def _held(self, names: Mapping[str, Digest | None]) -> dict[str, Digest]:
        return await self.store.index.held_digests(names)

    async def _sound(self, names: Mapping[str, Digest | None]) -> dict[str, Digest]:
        """Return the digests of those of *names* whose bytes are held, and hash them now."""
        found = await self._held(names)
        damaged: set[Digest] = set()
        for digest in set(found.values()):
            try:
                await self.store.blobs.check(digest)
            except (ArtifactNotFoundError, DamagedError):
                damaged.add(digest)
        await self.store.index.mark_missing(damaged)
        return {name: digest for name, digest in found.items() if digest not in damaged}

    async def _fetch(
        self, names: Sequence[str], known: RememberedBoard, report: Report
    ) -> _Fetched:
        fetched = _Fetched()
        listed = {str(one.name): one for one in known.board.listings} if known.board else {}
        for name in names:
            if name not in listed:
                fetched.troubles.append(Trouble(name, _NOT_LISTED))
        wanted = [listed[name] for name in names if name in listed]
        if wanted and self.way.sealed:
            fetched.troubles += [Trouble(str(one.name), "offline: not fetched") for one in wanted]
            fetched.unreachable += len(wanted)
        elif wanted:
            await self._take(wanted, known, report, fetched)
        return fetched

    async def _take(
        self, wanted: Sequence[Listing], known: RememberedBoard, report: Report, fetched: _Fetched
    ) -> None:
        board = known.board
        assert board is not None  # noqa: S101 - what is wanted is listed on it
        means = await self.way.means(report)
        intake = Intake(means.fetcher, means.sandbox, self.store, self.clock, turns=means.turns)
        received = 0
        for done, listing in enumerate(wanted):
            report(Progress(Phase.FETCH, done, len(wanted), received))
            try:
                received += await intake.take(listing, board.facts)
            except (UpstreamError, RefusedError) as error:
                fetched.troubles.append(Trouble(str(listing.name), str(error)))
                silent = isinstance(error, UpstreamError)
                fetched.unreachable += silent and not isinstance(error, UpstreamMissingError)
        report(Progress(Phase.FETCH, len(wanted), len(wanted), received))

    async def _settle(self, pin: Pin, fetched: _Fetched) -> Pin:
        """Write down the digests of what has come, and note where other bytes came."""
        # A sync run may have settled it meanwhile, and somebody may have removed it.
        pin = await self.store.pins.find(pin.id) or pin
        held = await self._held(pin.names)
        settled = pin.settled(held)
        if settled != pin and await self.store.pins.find(pin.id):
            await self.store.pins.put(settled)
        for name, digest in settled.names.items():
            if digest is not None and held.get(name, digest) != digest:
                text = f"pinned as {digest}, and its bytes here are {held[name]}"
                fetched.troubles.append(Trouble(name, text))
        return settled

    async def _publish(self, known: RememberedBoard) -> None:
        if known.board is None:
            return
        async with self.publishing:
            held = frozenset([one.name async for one in self.store.index.held()])
            pinned = await pinned_names(self.store, [known.board])
            rulings = rule_on(known.board, held, self.wishes.policy, pinned)
            wanted = {str(one.listing.name) for one in rulings if one.wanted} | pinned.keys()
            publisher = Publisher(self.store, self.upstream, self.wishes.policy)
            await publisher.publish([known.board], self.clock(), wanted)

    async def _decide(self, what: str, subject: str, why: str, by: str) -> None:
        await self.store.ledger.append([Decision(self.clock(), what, subject, why, by)])


def _names(wish: Wish, known: RememberedBoard) -> tuple[str, ...]:
    """Return what of *wish* is listed or held."""
    board = known.board
    port = board.facts.port if board else None
    listed = wish.resolve(board, known.held) if board else ()
    held = [name for name in known.held if wish.fits(ArtifactName.parse(name), port)]
    return tuple(dict.fromkeys([*(str(listing.name) for listing in listed), *held]))


def _refuse_other_bytes(pin: Pin, here: Mapping[str, Digest | None]) -> None:
    for name, digest in pin.names.items():
        ours = here.get(name)
        if digest is not None and ours is not None and ours != digest:
            raise RefusedError(f"{name} is pinned as {digest}, and its bytes here are {ours}")


def _not_found(wish: Wish, known: RememberedBoard, upstream: str) -> str:
    text = f"{upstream} does not list {wish}, and it is not held"
    if known.board is None and known.nearest:
        return f"{text}: did you mean {' or '.join(known.nearest)}?"
    return f"{text}: --later waits for it"


def _result(pin: Pin, fetched: _Fetched) -> PinResult:
    missing = {trouble.subject for trouble in fetched.troubles}
    held = [name for name in pin.names if name not in missing]
    message = f"{pin.wish}: {len(held)} of {len(pin.names)} files are held and verified"
    status = fetched.exit_status
    if not pin.names:
        message, status = f"{pin.wish}: upstream does not list it yet", IncompleteError.exit_status
    return PinResult(pin=pin, message=message, exit_status=status, troubles=tuple(fetched.troubles))
