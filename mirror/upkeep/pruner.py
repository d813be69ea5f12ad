"""Prune one store: look, remember, mark, plan, sweep; one at a time."""

from __future__ import annotations

import asyncio
from dataclasses import field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.errors import DoubtfulClockError, MirrorError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.channels import earlier, promoted_channels, read_root
from mirror.upkeep.grace import Memory
from mirror.upkeep.marking import Graced, Retention, mark
from mirror.upkeep.prune import Kept, Leaving, Sweep, keep_all, plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from mirror.catalog.values import Digest
    from mirror.publication.documents import PublicationRoot
    from mirror.storage.store import Store
    from mirror.upkeep.marking import Marks

MARK: Final = "prune"
_MEMORY = Shape(Memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """By which rules is pruned: *grace* in time of service, *retention* of documents."""

    grace: timedelta = timedelta(days=3)
    retention: Retention = field(default_factory=Retention)
    kept: Kept = field(default_factory=lambda: Kept((), keep_all))


@dataclass(frozen=True, slots=True)
class Report:
    """What went, or would go in a dry run; what goes later, and what it waits for.

    ``forgotten`` are the sequences of publications whose documents are no longer retained;
    ``interrupted`` says that a new publication came meanwhile, and the rest waits.
    """

    dry_run: bool
    gone: tuple[Leaving, ...]
    forgotten: tuple[int, ...]
    later: tuple[Leaving, ...]
    remarks: tuple[str, ...]
    interrupted: bool = False

    @property
    def size(self) -> int:
        """The bytes of all that went."""
        return sum(one.size for one in self.gone)

    def to_json(self) -> bytes:
        """Return all of it as JSON, which `from_json` reads back."""
        return _REPORT.dump_json(self) + b"\n"

    @classmethod
    def from_json(cls, document: bytes) -> Report:
        """Read what `to_json` wrote; raise `MirrorError` for anything else."""
        try:
            return _REPORT.validate_json(document)
        except ValidationError as error:
            raise MirrorError(f"the report of a prune can not be read: {error}") from error


_REPORT = Shape(Report)


class Service:
    """How long this store was in service, in seconds; outside of a daemon time stands still."""

    def __init__(self, counter: Callable[[], float] = lambda: 0.0) -> None:
        self._counter = counter
        self._begun = counter()
        self._before: float | None = None

    def seconds(self, memory: Memory) -> float:
        """Return the time of service up to now; *memory* is what was remembered last."""
        if self._before is None:
            self._before = memory.seconds
        return self._before + self._counter() - self._begun


class Pruner:
    """Prunes *store* on *terms*; *doubt* says why the clock is not believed, if it is not."""

    def __init__(
        self,
        store: Store,
        terms: Terms,
        *,
        clock: Callable[[], datetime],
        doubt: Callable[[datetime | None], str | None],
        service: Service | None = None,
    ) -> None:
        self.store = store
        self.terms = terms
        self._clock = clock
        self._doubt = doubt
        self._service = service or Service()
        self._turn = asyncio.Lock()

    async def prune(self, *, dry_run: bool) -> Report:
        """Prune, or say what that would do.

        Raises `DoubtfulClockError`, and `StorageError` when it can not be known what is
        reached: nothing was deleted then.  A `StorageError` in the middle leaves a store that
        is right, and the rest to the next prune.
        """
        async with self._turn:
            marks = await self.marked(save=not dry_run)
            asked_since = self._clock() - self.terms.grace
            kept = self.terms.kept
            # What goes now goes by what was wanted last; a dry run also tells what is to come.
            expected = await kept.foresight() if dry_run and kept.foresight else None
            planned = await plan(self.store, marks, kept, asked_since, expected)
            sweep = self.sweep(marks)
            whole = True
            if not dry_run:
                await sweep.forget(planned.forgotten)
                whole = await sweep.remove(planned.going)
            return Report(
                dry_run=dry_run,
                gone=planned.going if dry_run else tuple(sweep.gone),
                forgotten=planned.forgotten,
                later=planned.later,
                remarks=planned.remarks,
                interrupted=not whole,
            )

    async def free(self, choose: Callable[[Marks], Awaitable[list[Leaving]]]) -> int:
        """Let go of what *choose* finds among what nobody needs; return how many bytes went."""
        async with self._turn:
            marks = await self.marked(save=False)
            sweep = self.sweep(marks)
            await sweep.remove(await choose(marks))
            return sum(one.size for one in sweep.gone)

    def sweep(self, marks: Marks) -> Sweep:
        """Return a sweep by *marks*."""
        return Sweep(self.store, marks, self.terms.kept, self._clock())

    async def marked(self, *, save: bool) -> Marks:
        """Look at the publications and mark what they reach."""
        doubt = self._doubt(self.store.ledger.newest)
        if doubt is not None:
            raise DoubtfulClockError(f"nothing is pruned: {doubt}")
        before = await self._remembered()
        sequences = await self.store.publications.sequences()
        memory = before.looked(sequences, self._service.seconds(before), self.terms.grace)
        memory = memory.followed(await self._lines(before), self.terms.grace)
        if save and memory != before:
            await self._save(memory)
        return await mark(self.store, _graced(memory), self.terms.retention, self._clock())

    async def remember(self) -> None:
        """Remember the time of service so far, for the next start."""
        before = await self._remembered()
        await self._save(before.looked((), self._service.seconds(before), self.terms.grace))

    async def _lines(self, before: Memory) -> dict[str, list[Digest]]:
        """Return for each channel where it points, and behind it what it left since *before*."""
        lines: dict[str, list[Digest]] = {}
        for channel in await promoted_channels(self.store):
            head, known = await self.store.publications.current(channel), before.head_of(channel)
            if head is None:
                continue
            lines[channel] = [head]
            if head != known:
                root = await read_root(self.store.blobs, head)
                lines[channel] += [
                    digest async for digest in _since(known, earlier(self.store.blobs, root))
                ]
        return lines

    async def _remembered(self) -> Memory:
        value = await self.store.index.find_mark(MARK)
        try:
            return _MEMORY.validate_json(value) if value else Memory()
        except ValidationError:
            # Another version wrote it: every grace begins anew.
            return Memory()

    async def _save(self, memory: Memory) -> None:
        await self.store.index.set_mark(MARK, _MEMORY.dump_json(memory).decode())


def _graced(memory: Memory) -> Graced:
    return Graced(memory.in_grace, memory.left_in_grace)


async def _since(
    known: Digest | None, roots: AsyncIterator[tuple[Digest, PublicationRoot]]
) -> AsyncIterator[Digest]:
    """Yield the *roots* up to *known*, that one included: all of them were left since."""
    async for digest, _ in roots:
        yield digest
        if digest == known:
            return
