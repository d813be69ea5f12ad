"""Let go of what nothing reaches: plan it, then sweep it.

A file goes when the policy no longer keeps it, no publication that is current, on a channel
or in grace names it, and nobody else keeps it; a document when no retained publication has
it.  Each is written to the ledger, then counts as not held, then is removed, batch by batch;
a crash in between leaves a file that the next sweep finds.  The pointer may move meanwhile:
then the sweep stops, and what it did not come to waits for the next.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from mirror.catalog.values import Digest
from mirror.frozen import dataclass
from mirror.storage.artifacts import Holding
from mirror.storage.blobs import FOLDERS
from mirror.storage.entries import Decision, Removal
from mirror.sync.wanted import wanted_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.storage.store import Store
    from mirror.upkeep.marking import Marks

#: Gives digests that somebody keeps whatever the policy says, such as those of pins.
Keeper: TypeAlias = Callable[[], Awaitable[Collection[Digest]]]
#: Gives, by name, the rule (in words) by which each artifact that is not kept is let go.
Judge: TypeAlias = Callable[[Sequence[Holding]], Awaitable[Mapping[str, str]]]
#: Gives the names that the next sync run will ask for, as far as pages are remembered.
Foresight: TypeAlias = Callable[[], Awaitable[Collection[str]]]
#: Says when a blob was asked for lately.
Asked: TypeAlias = Callable[[Digest], datetime | None]

UNREACHED: Final = "no publication that is retained reaches it"
STILL_NAMED: Final = "the next sync run takes it out of the publication"
IN_GRACE: Final = "a superseded publication in grace names it"
ASKED_FOR: Final = "it is on demand, and somebody asked for it within the grace"

# What was put before this process began and is not named yet is younger than this.
_LEFT_BEHIND: Final = timedelta(days=1)
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Leaving:
    """A blob of *size* bytes that goes for *reason*; ``names`` are its artifacts, if any.

    ``waits`` says what it still waits for, None when it goes now.
    """

    digest: Digest
    names: tuple[str, ...]
    size: int
    reason: str
    waits: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes now, which publications are forgotten, what goes later; and what is odd."""

    going: tuple[Leaving, ...]
    forgotten: tuple[int, ...]
    later: tuple[Leaving, ...]
    remarks: tuple[str, ...]


def _never(_digest: Digest) -> None:
    """Say that nobody asked."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Who keeps what: *keepers* by digest, *judge* by name.

    *asked* says when a file was asked for since that was written down last, None if never.
    *foresight* tells a dry run what the policy in force will want, which may be another than
    that of the last run; without it, what that one wanted.
    """

    keepers: tuple[Keeper, ...]
    judge: Judge
    asked: Asked = _never
    foresight: Foresight | None = None

    async def digests(self) -> set[Digest]:
        """Return all that is kept whatever the policy says."""
        return {digest for keeper in self.keepers for digest in await keeper()}


async def keep_all(_held: Sequence[Holding]) -> Mapping[str, str]:
    """Let nothing go."""
    return {}


async def plan(
    store: Store,
    marks: Marks,
    kept: Kept,
    asked_since: datetime,
    expected: Collection[str] | None = None,
) -> Plan:
    """Say what goes by *marks*; nothing is changed.  Raises `StorageError`.

    What is on demand stays while somebody asked for it after *asked_since*.  What the last run
    wanted stays; it goes later where the next run will want only the names *expected*.
    """
    pinned = await kept.digests()
    held = await by_digest(store)
    wanted = await wanted_names(store.index)
    rules = await kept.judge([one for holdings in held.values() for one in holdings])
    let_go = [
        holdings
        for digest, holdings in held.items()
        if digest not in pinned
        and digest not in marks.documents
        and all(one.name in rules for one in holdings)
    ]
    unkept = [_leaving(some, rules, marks) for some in let_go if not _any_in(some, wanted)]
    files = await _with_cached(store, unkept, marks, kept, asked_since)
    if expected is not None:
        files += [
            replace(_leaving(some, rules, marks), waits=STILL_NAMED)
            for some in let_go
            if _any_in(some, wanted) and not _any_in(some, expected)
        ]
    spared = pinned | held.keys()
    documents = [] if marks.unreadable else await _unreached(store, marks, spared)
    return Plan(
        going=(*(one for one in files if one.waits is None), *documents),
        forgotten=tuple(sorted(marks.expired)),
        later=tuple(one for one in files if one.waits is not None),
        remarks=_remarks(marks),
    )


def _any_in(holdings: Iterable[Holding], names: Collection[str]) -> bool:
    return any(one.name in names for one in holdings)


async def _with_cached(
    store: Store, files: Sequence[Leaving], marks: Marks, kept: Kept, asked_since: datetime
) -> list[Leaving]:
    """Let those wait that are on demand and were asked for lately."""
    used = await store.index.last_used(one.digest for one in files if one.waits is None)
    return [
        replace(one, waits=ASKED_FOR)
        if one.digest in used
        and marks.offered.issuperset(one.names)
        and (kept.asked(one.digest) or used[one.digest]) > asked_since
        else one
        for one in files
    ]


async def by_digest(store: Store) -> dict[Digest, list[Holding]]:
    """Return all artifacts that are held, by their bytes."""
    found: dict[Digest, list[Holding]] = {}
    async for holding in store.index.held():
        found.setdefault(holding.digest, []).append(holding)
    return found


def _leaving(holdings: Sequence[Holding], rules: Mapping[str, str], marks: Marks) -> Leaving:
    first = holdings[0]
    waits = None
    if first.digest in marks.named:
        waits = STILL_NAMED
    elif first.digest in marks.graced:
        waits = IN_GRACE
    names = tuple(holding.name for holding in holdings)
    return Leaving(first.digest, names, first.size, rules[first.name], waits)


async def _unreached(store: Store, marks: Marks, spared: Collection[Digest]) -> list[Leaving]:
    """Find documents, and what a crash left behind, that nothing reaches."""
    found: list[Leaving] = []
    removals = store.blobs.removals
    for prefixes in FOLDERS:
        digests = [
            digest
            for digest in await store.blobs.within(prefixes)
            if digest not in spared and not marks.reaches(digest) and not removals.spared(digest)
        ]
        weights = await removals.weigh(digests)
        found.extend(
            Leaving(digest, (), weight.size, UNREACHED)
            for digest, weight in weights.items()
            if weight.age > _LEFT_BEHIND.total_seconds()
        )
    return found


def _remarks(marks: Marks) -> tuple[str, ...]:
    if not marks.unreadable:
        return ()
    return (*marks.unreadable, "so no document is let go: one of those could be among them")


class Sweep:
    """Lets go of what was planned by *marks*, as long as they hold."""

    def __init__(self, store: Store, marks: Marks, kept: Kept, now: datetime) -> None:
        self._store = store
        self._marks = marks
        self._kept = kept
        self._now = now
        self.gone: list[Leaving] = []

    async def forget(self, sequences: Sequence[int]) -> None:
        """Forget publications that are no longer retained."""
        async with self._store.publications.making:
            if not sequences or self._moved():
                return
            why = "superseded for longer than publications are retained"
            decisions = [
                Decision(self._now, "forget", f"publication {sequence}", why, "mpmirror")
                for sequence in sequences
            ]
            await self._store.ledger.append(decisions)
            await self._store.publications.forget(sequences)

    async def remove(self, leaving: Sequence[Leaving]) -> bool:
        """Let *leaving* go; False when the pointer moved and some were left.

        What has gone is in ``gone``.  Raises `StorageError`; then that of its batch which
        is there still is found by the next sweep.
        """
        for start in range(0, len(leaving), _AT_ONCE):
            async with self._store.publications.making:
                if self._moved():
                    return False
                await self._remove_batch(leaving[start : start + _AT_ONCE])
        return True

    async def _remove_batch(self, batch: Sequence[Leaving]) -> None:
        store = self._store
        going = await self._still_free(batch)
        removals = [
            Removal(self._now, one.digest, one.names, one.size, one.reason) for one in going
        ]
        await store.ledger.append(removals)
        gone = set(await store.blobs.removals.remove(one.digest for one in going))
        self.gone.extend(one for one in going if one.digest in gone)
        # Somebody put it again in this moment.
        await store.index.mark_held(one.digest for one in going if one.digest not in gone)
        await store.index.forget_accesses(gone)
        await store.signatures.forget(gone)

    async def _still_free(self, batch: Iterable[Leaving]) -> list[Leaving]:
        """Return those that nobody has named, pinned or put since they were marked."""
        store = self._store
        pinned = await self._kept.digests()
        named = await store.index.held_among(one.digest for one in batch if not one.names)
        return [
            one
            for one in batch
            if one.digest not in pinned
            and one.digest not in named
            and not store.blobs.removals.spared(one.digest)
        ]

    def _moved(self) -> bool:
        return self._store.publications.all_changed() != self._marks.token
