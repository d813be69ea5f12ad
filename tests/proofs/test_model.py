"""Whatever happens to a node, in whatever order, it keeps its promises after each step.

Upstream publishes, changes and withdraws, its pages are cut and its files are none; we sync,
fetch on demand, crash, damage, check, heal, set the clock, judge, pin, change the policy, prune
and adopt.  What must be true is known from plain dictionaries (`Model`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from mirror.catalog.values import Digest
from mirror.errors import MirrorError
from mirror.sandbox import Sandbox
from tests.proofs.at_once import AtOnceLoop
from tests.proofs.life_days import (
    BOARDS,
    BUILDS,
    FILES_WRONG,
    FRUGAL,
    PAGES_WRONG,
    PICKS,
    chosen,
)
from tests.proofs.life_model import look_at_an_answer
from tests.proofs.life_operators import Operators
from tests.replica import Misbehaviour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOWHERE: Final = "RPI_PICO-20260406-v9.9.9.uf2"
#: Both tries of one file.
TWICE: Final = 2


class Happenings(Operators):
    """Each rule is something that happens to the node."""

    @initialize(past=st.sampled_from(("new", "synced", "has wanted more")))
    def begins(self, past: str) -> None:
        """A node is new, or has held something for a while, which may be more than it wants."""
        if past != "new":
            self.syncs(believed=False)
        if past == "has wanted more":
            self.life.policy = FRUGAL

    # --- upstream --------------------------------------------------------------------------

    @rule(board=st.sampled_from(BOARDS), build=st.sampled_from(BUILDS))
    def upstream_publishes(self, board: str, build: tuple[str, str]) -> None:
        """A build comes."""
        self.replica.release(board, build[0], date=build[1])
        self.model.learn(self.life)

    @rule(pick=PICKS)
    def upstream_changes_bytes(self, pick: int) -> None:
        """A name gives other bytes."""
        self.replica.change_bytes(chosen(self.replica.names(), pick))
        self.model.learn(self.life)

    @rule(pick=PICKS)
    def upstream_withdraws(self, pick: int) -> None:
        """A name is listed no longer."""
        names = self.replica.names()
        if len(names) > len(BOARDS):
            self.replica.withdraw(chosen(names, pick))

    @rule(pick=PICKS)
    def upstream_lists_again(self, pick: int) -> None:
        """A name that was withdrawn is listed again."""
        gone = set(self.model.genuine) - set(self.replica.names())
        if gone:
            self.replica.list_again(chosen(gone, pick))
            self.model.learn(self.life)

    # --- sync runs -------------------------------------------------------------------------

    @rule(believed=st.booleans())
    def syncs(self, *, believed: bool) -> None:
        """A run; an operator may have *believed* a catalog that shrank."""
        self.synced(self.run(self.life.sync(accept_shrunken=believed)))

    @rule(board=st.sampled_from([*BOARDS, "/download/"]), way=PAGES_WRONG)
    def syncs_while_a_page_is_bad(self, board: str, way: Misbehaviour) -> None:
        """A run that does not get all pages."""
        self.replica.misbehave(board, way, None)
        outcome = self.run(self.life.sync())
        self.replica.behave()
        self.synced(outcome, good=False, told_all=way is not Misbehaviour.NO_HEADINGS)

    @rule(pick=PICKS, way=FILES_WRONG)
    def syncs_while_a_file_is_bad(self, pick: int, way: Misbehaviour) -> None:
        """A run that does not get a file."""
        self.replica.misbehave(chosen(self.replica.names(), pick), way, TWICE)
        outcome = self.run(self.life.sync())
        self.replica.behave()
        self.synced(outcome, good=False)

    @rule(after=st.integers(0, 12))
    def crashes_in_a_sync(self, after: int) -> None:
        """A run that never ends."""
        self.run(self.life.sync_cut_off(after))
        self.see_withdrawals(self.replica.names())
        self.model.interrupted = True
        self.restarted()

    # --- clients ---------------------------------------------------------------------------

    @rule(pick=PICKS)
    def a_client_asks(self, pick: int) -> None:
        """What is offered comes, if nothing is in the way; else upstream hears nothing."""
        name = chosen(self.model.genuine, pick)
        sound, before = self.is_sound(name), self.replica.count(name)
        got = self.run(self.life.get(f"/v1/files/{name}"))
        look_at_an_answer(self.model, name, got)
        if name not in self.model.offered:
            assert self.replica.count(name) == before, name
        elif sound:
            assert got.status == 200, (name, got)
            self.tally["files on demand"] += 1
        elif got.status != 200:
            self.model.failed.add(name)

    @rule(pick=PICKS, way=FILES_WRONG)
    def a_client_asks_for_a_bad_file(self, pick: int, way: Misbehaviour) -> None:
        """What is offered and comes as something else is nobody's."""
        name = chosen(self.model.genuine, pick)
        self.replica.misbehave(name, way, TWICE)
        got = self.run(self.life.get(f"/v1/files/{name}"))
        self.replica.behave()
        look_at_an_answer(self.model, name, got)
        self.model.failed.add(name)

    @rule()
    def a_client_asks_for_what_is_nowhere(self) -> None:
        """Upstream hears nothing of it."""
        got = self.run(self.life.get(f"/v1/files/{NOWHERE}"))

        assert (got.status, self.replica.count(NOWHERE)) == (404, 0)

    # --- crashes and damage ----------------------------------------------------------------

    @rule(without_index=st.booleans())
    def crashes(self, *, without_index: bool) -> None:
        """The node is dropped and opened again."""
        self.run(self.life.crash(without_index=without_index))
        self.restarted()

    @precondition(lambda self: self.model.owed)
    @rule(pick=PICKS)
    def a_bit_flips(self, pick: int) -> None:
        """The disk loses a bit."""
        digest = chosen(self.model.owed, pick)
        self.life.flip(Digest(digest))
        self.model.damaged.add(digest)

    @rule()
    def checks(self) -> None:
        """Everything is hashed."""
        self.check_everything()

    @precondition(lambda self: self.model.damaged)
    @rule(pick=PICKS)
    def heals(self, pick: int) -> None:
        """What is damaged is fetched again, if upstream has it."""
        digest = chosen(self.model.damaged, pick)
        with contextlib.suppress(MirrorError):
            self.run(self.life.heal(Digest(digest)))
            self.tally["healed"] += 1

    # --- time ------------------------------------------------------------------------------

    @rule(hours=st.sampled_from([1, 6, 24, 80]))
    def time_passes(self, hours: int) -> None:
        """The node is in service."""
        self.life.pass_by(timedelta(hours=hours))

    @rule(days=st.sampled_from([-400, -2, -0.1, 0.1, 2, 400]))
    def the_clock_jumps(self, days: float) -> None:
        """Somebody sets the clock."""
        self.life.set_clock(timedelta(days=days))
        self.model.jumped = True

    @rule()
    def the_clock_is_set_right(self) -> None:
        """Somebody sets the clock to what it should be."""
        self.set_the_clock_right()


@pytest.fixture
def happenings() -> Iterator[type[Happenings]]:
    """Nodes that share an event loop, and a limited child process in it."""
    with asyncio.Runner(loop_factory=AtOnceLoop) as runner:
        readers = Sandbox(processes=1)
        runner.run(readers.__aenter__())

        class Shared(Happenings):
            """What all nodes share."""

        Shared.runner, Shared.sandbox, Shared.tally = runner, readers, Counter()
        yield Shared
        runner.run(readers.__aexit__(None, None, None))


FEW: Final = settings(
    max_examples=12,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # twelve steps are read as they are, and shrinking takes minutes
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def test_a_node_keeps_its_promises(
    happenings: type[Happenings], tell: Callable[[str], None]
) -> None:
    run_state_machine_as_test(happenings, settings=FEW)
    tell(f"the lives of 12 nodes: {figures(happenings.tally)}")

    assert happenings.tally["nodes that let files go"] > FEW.max_examples / 2


@pytest.mark.long
def test_many_nodes_keep_their_promises(
    happenings: type[Happenings], seed: int, tell: Callable[[str], None]
) -> None:
    many = settings(FEW, max_examples=150, stateful_step_count=40, derandomize=False)
    run_state_machine_as_test(hypothesis.seed(seed)(happenings), settings=many)
    tell(f"the lives of 150 nodes: {figures(happenings.tally)}")


def figures(tally: Counter[str]) -> str:
    """Say how often what came of all that happened."""
    return ", ".join(f"{count} {what}" for what, count in sorted(tally.items()))
