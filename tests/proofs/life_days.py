"""One node under a state machine: how it begins and ends, and what a run may say of itself."""

from __future__ import annotations

import contextlib
import tempfile
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from mirror.catalog.policy import Newest, Policy
from mirror.errors import DamagedError, DoubtfulClockError
from mirror.sync.outcome import Ending
from tests.proofs.life import Life
from tests.proofs.life_model import WITHDRAWN_AFTER, Model, look, look_at_a_prune
from tests.proofs.life_node import GRACE
from tests.replica import Misbehaviour, Replica

if TYPE_CHECKING:
    import asyncio
    from collections import Counter
    from collections.abc import Collection, Coroutine, Iterable

    from mirror.sandbox import Sandbox
    from mirror.sync.outcome import Outcome

BOARDS: Final = ("RPI_PICO", "RPI_PICO_W", "ESP32_GENERIC")
BUILDS: Final = (
    ("v1.26.1", "2025-09-11"),
    ("v1.27.0", "2025-12-09"),
    ("v1.28.0", "2026-04-06"),
    ("v1.29.0", "2026-08-20"),
    ("v1.29.0-preview.673.g06bcfd5b74", "2026-08-02"),
    ("v1.29.0-preview.678.g5f2181f938", "2026-08-07"),
)
POLICIES: Final = (
    Policy(releases=2, previews=1),
    Policy(releases=1, previews=0),
    Policy(boards=("RPI_PICO",), releases=1, previews=1),
    Policy(releases=1, previews=0, keep_releases=Newest(1), keep_previews=Newest(0)),
)
#: Who held what the first wants lets most of it go by the last.
FRUGAL: Final = POLICIES[-1]
#: Longer than a grace.
LONG: Final = GRACE + timedelta(hours=8)
PAGES_WRONG: Final = st.sampled_from(
    (Misbehaviour.CUT_PAGE, Misbehaviour.NO_HEADINGS, Misbehaviour.BROKEN, Misbehaviour.RESET)
)
FILES_WRONG: Final = st.sampled_from(
    (
        Misbehaviour.ZEROS,
        Misbehaviour.HTML_FOR_FIRMWARE,
        Misbehaviour.EMPTY_BODY,
        Misbehaviour.SHORT_BODY,
        Misbehaviour.RESET_IN_BODY,
        Misbehaviour.HANG_IN_BODY,
        Misbehaviour.MISSING,
    )
)
PICKS: Final = st.integers(0, 1000)
SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of one's own is made in it

_T = TypeVar("_T")


class Days(RuleBasedStateMachine):
    """One node from its first day; ``runner`` and ``sandbox`` are those of all nodes.

    ``tally`` counts what came of all that happened.
    """

    runner: ClassVar[asyncio.Runner]
    sandbox: ClassVar[Sandbox]
    tally: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.replica = Replica.of(*BOARDS)
        for board in BOARDS:
            for version, date in BUILDS[:3]:
                self.replica.release(board, version, date=date)
        self.stack = AsyncExitStack()
        place = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(dir=place)))
        url = self.run(self.stack.enter_async_context(self.replica.running()))
        self.life = Life(self.replica, url, folder / "data", self.sandbox, POLICIES[0])
        self.kept = folder / "kept"
        self.let_go: set[str] = set()
        self.model.learn(self.life)
        self.run(self.life.open())

    def run(self, step: Coroutine[Any, Any, _T]) -> _T:
        """Do *step* in the one event loop."""
        return self.runner.run(step)

    @invariant()
    def promises_are_kept(self) -> None:
        """Look at all of it."""
        self.run(look(self.life, self.model))

    def teardown(self) -> None:
        """End it: a good upstream, a clock that is right, and all comes right.

        Then somebody wants less, and what is wanted no more goes when grace is over.
        """
        try:
            self.set_the_clock_right()
            self.life.pass_by(timedelta(hours=2))
            self.check_everything()
            self.synced(self.run(self.life.sync(accept_shrunken=True)))
            self.want_less()
            self.promises_are_kept()
        finally:
            self.tally["files let go"] += len(self.let_go)
            self.tally["nodes that let files go"] += bool(self.let_go)
            self.run(self._end())

    def set_the_clock_right(self) -> None:
        """No clock is right that is before the ledger."""
        newest = self.life.store.ledger.newest
        if newest is not None and newest > self.life.now:
            self.life.set_clock(newest - self.life.now)
            self.model.jumped = True

    def check_everything(self) -> None:
        """A check names what is damaged, and nothing else."""
        found = {one.subject for one in self.run(self.life.check()).damages}
        expected = {f"sha256:{digest}" for digest in self.model.damaged}

        assert found == expected, found ^ expected

    def want_less(self) -> None:
        """Somebody wants less, and waits until who began before has ended."""
        self.life.policy = FRUGAL
        self.synced(self.run(self.life.sync(accept_shrunken=True)))
        self.promises_are_kept()
        self.prune()
        self.life.pass_by(LONG)
        self.prune()

    def prune(self) -> None:
        """What nobody needs goes, unless it is not known what that is."""
        newest = self.life.store.ledger.newest
        doubtful = newest is not None and self.life.now < newest
        with contextlib.suppress(DoubtfulClockError, DamagedError):
            report = self.run(self.life.prune())
            assert not doubtful
            look_at_a_prune(self.life, self.model, report)
            self.let_go |= {name for one in report.gone for name in one.names}

    async def _end(self) -> None:
        await self.life.close()
        await self.stack.aclose()

    def restarted(self) -> None:
        """Know what a new start forgets, and what a judgement that was cut off came to."""
        self.model.failed.clear()
        self.model.recalled = self.run(self.recalled())

    async def recalled(self) -> set[str]:
        """Return what the node says is recalled: a judgement can be cut off in the middle."""
        return {one.digest.hex for one in await self.life.store.index.recalls()}

    def synced(self, outcome: Outcome, *, good: bool = True, told_all: bool = True) -> None:
        """Hold what a run says against what upstream lists (P8), and what it withdrew (P6).

        It was *good* if upstream gave all pages and files as they are; a page that has lost its
        headings has not *told all*, and looks whole.
        """
        listed = self.replica.names()
        self.see_withdrawals(listed)
        if outcome.ending not in {Ending.PUBLISHED, Ending.UNCHANGED}:
            assert outcome.exit_status != 0
            self.model.interrupted = True
            return
        if self.model.interrupted:
            good = told_all = self.model.interrupted = False
        self.tally["runs that published"] += outcome.ending is Ending.PUBLISHED
        self.tally["files fetched by runs"] += outcome.fetched
        missing = self._missing(listed)
        if good:
            self._see_listings(listed)
            assert missing <= self.model.changed, (missing, outcome)
        if outcome.complete and told_all:
            assert missing == set(), (missing, outcome)
        if good and not self.model.changed and not self._unheld_pins():
            assert outcome.complete, outcome

    def _missing(self, listed: Collection[str]) -> set[str]:
        """Return what the policy wants of *listed*, and neither holds nor has forbidden."""
        wanted = self.model.wanted(self.life.policy, listed) - self.run(self._held())
        return {name for name in wanted if not self.model.genuine[name] & self.model.recalled}

    def _unheld_pins(self) -> set[str]:
        """Return what is pinned, and neither held nor forbidden."""
        missing = set(self.model.pins.values()) - self.run(self._held())
        return {name for name in missing if not self.model.genuine[name] & self.model.recalled}

    def _see_listings(self, listed: Collection[str]) -> None:
        self.model.listed = set(listed)
        missing = self.model.missing
        self.model.missing = {name: missing[name] for name in missing if name not in listed}

    def see_withdrawals(self, listed: Collection[str]) -> None:
        """Only what two crawls missed, a day apart, is withdrawn, and by a clock to be believed."""
        now, known = self.life.now, self.model.genuine
        self.model.crawled.update(listed)
        withdrawn = set(self.run(self.life.store.index.withdrawn_of(known)))
        for name in withdrawn - self.model.withdrawn:
            assert name not in listed, name
            assert now - self.model.missing[name] >= WITHDRAWN_AFTER, name
            assert not self.model.jumped, name
            self.tally["withdrawals"] += 1
        self.model.withdrawn = withdrawn
        self.model.jumped = False
        for name in set(known) - set(listed):
            self.model.missing.setdefault(name, now)

    async def _held(self) -> set[str]:
        return {
            holding.name
            async for holding in self.life.store.index.held()
            if await self.life.store.blobs.has(holding.digest)
        }

    def is_sound(self, name: str) -> bool:
        """Whether nothing stands in the way of *name*."""
        return (
            name in self.replica.names()
            and name not in self.model.changed | self.model.failed
            and not self.model.genuine[name] & (self.model.recalled | self.model.damaged)
        )


def chosen(some: Iterable[str], pick: int) -> str:
    """Return one of *some*."""
    ordered = sorted(some)
    return ordered[pick % len(ordered)]
