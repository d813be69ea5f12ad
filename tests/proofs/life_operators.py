"""What operators do to one node under a state machine."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from mirror.catalog.values import Digest
from mirror.errors import MirrorError
from mirror.storage.judgements import What
from tests.proofs.life_days import PICKS, POLICIES, Days, chosen
from tests.replica.images import Recipe, make_image

if TYPE_CHECKING:
    from mirror.catalog.policy import Policy


class Operators(Days):
    """Each rule is something that somebody decides."""

    # --- judgements ------------------------------------------------------------------------

    @precondition(lambda self: self.model.of_name)
    @rule(pick=PICKS)
    def recalls(self, pick: int) -> None:
        """Somebody forbids bytes."""
        digest = chosen(set(self.model.of_name.values()), pick)
        with contextlib.suppress(MirrorError):
            self.run(self.life.decide(What.RECALL, f"sha256:{digest}"))
            self.tally["recalls"] += 1
        self.model.recalled = self.run(self.recalled())

    @precondition(lambda self: self.model.of_name)
    @rule(pick=PICKS)
    def crashes_in_a_recall(self, pick: int) -> None:
        """The line of the ledger is written, and no more."""
        digest = chosen(set(self.model.of_name.values()), pick)
        self.run(self.life.recall_cut_off(Digest(digest)))
        self.restarted()

    @precondition(lambda self: self.model.recalled)
    @rule(pick=PICKS)
    def lifts_a_recall(self, pick: int) -> None:
        """Somebody allows them again."""
        digest = chosen(self.model.recalled, pick)
        self.run(self.life.decide(What.RECALL_UNDO, f"sha256:{digest}"))
        self.model.recalled.remove(digest)

    @rule(pick=PICKS)
    def accepts(self, pick: int) -> None:
        """Somebody takes the later bytes of a name."""
        changes = self.run(self.life.store.index.changes())
        if changes:
            change = changes[pick % len(changes)]
            with contextlib.suppress(MirrorError):
                self.run(self.life.decide(What.ACCEPT, change.name, change.later))
                self.model.of_name[change.name] = change.later.hex
                self.tally["accepted"] += 1

    @precondition(lambda self: self.model.current)
    @rule(pick=PICKS)
    def hides(self, pick: int) -> None:
        """Somebody keeps a file from being the latest."""
        name = chosen(self.model.current, pick)
        self.run(self.life.decide(What.HIDE, name))
        self.model.hidden.add(name)

    @precondition(lambda self: self.model.hidden)
    @rule(pick=PICKS)
    def shows_again(self, pick: int) -> None:
        """Somebody shows it again."""
        name = chosen(self.model.hidden, pick)
        self.run(self.life.decide(What.HIDE_UNDO, name))
        self.model.hidden.remove(name)

    # --- what is kept ----------------------------------------------------------------------

    @rule(pick=PICKS)
    def pins(self, pick: int) -> None:
        """Somebody pins a file."""
        name = chosen(self.model.genuine, pick)
        self.model.crawled.update(self.replica.names())
        with contextlib.suppress(MirrorError):
            result = self.run(self.life.pin(name))
            assert result.pin is not None
            self.model.pins[result.pin.id] = name
            self.tally["pins"] += 1

    @precondition(lambda self: self.model.pins)
    @rule(pick=PICKS)
    def unpins(self, pick: int) -> None:
        """Somebody forgets a pin."""
        pin = chosen(self.model.pins, pick)
        self.run(self.life.unpin(pin))
        del self.model.pins[pin]

    @rule(policy=st.sampled_from(POLICIES))
    def the_policy_changes(self, policy: Policy) -> None:
        """Somebody edits the settings."""
        self.life.policy = policy

    @rule()
    def prunes(self) -> None:
        """What nobody needs goes."""
        self.prune()

    @rule()
    def lets_go(self) -> None:
        """The settings keep less from now on."""
        self.want_less()

    @rule(pick=PICKS)
    def adopts(self, pick: int) -> None:
        """Somebody brings a file that upstream had."""
        name = chosen(self.model.genuine, pick)
        file = self.replica.find_file(name)
        assert file is not None
        assert isinstance(file.source, Recipe)
        self.kept.mkdir(exist_ok=True)
        (self.kept / name).write_bytes(make_image(file.source))
        with contextlib.suppress(MirrorError):
            self.tally["adopted"] += self.run(self.life.adopt(self.kept)).adopted
        (self.kept / name).unlink()
