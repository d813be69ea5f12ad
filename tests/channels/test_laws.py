"""Whatever people do in whatever order: a channel rises by one, is whole, and written down."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mirror.errors import GoneError, PublicationNotFoundError
from mirror.storage.judgements import What
from tests.channels.scene import lab_at
from tests.upkeep.pruning import ESP, NEW, OLD, RULE, digest_of

if TYPE_CHECKING:
    from tests.channels.scene import Lab

POOL = (NEW, OLD, ESP)
CHANNELS = ("lab-stable", "lab-test")


@dataclass(frozen=True)
class Publish:
    """Exactly these are published, as far as they are not recalled."""

    names: frozenset[str]


@dataclass(frozen=True)
class Promote:
    """Somebody promotes *source* on *channel*."""

    channel: str
    source: str


@dataclass(frozen=True)
class Recall:
    """The bytes of a name are recalled, or that is lifted."""

    name: str


@dataclass(frozen=True)
class Serve:
    """So many days pass; then it is pruned."""

    days: int


Step: TypeAlias = Publish | Promote | Recall | Serve

SOURCES = st.sampled_from(["1", "2", "3", *CHANNELS, "lab-test/1", "lab-stable/2"])
STEPS = st.lists(
    st.builds(Publish, st.frozensets(st.sampled_from(POOL), min_size=1))
    | st.builds(Promote, st.sampled_from(CHANNELS), SOURCES)
    | st.builds(Promote, st.sampled_from(CHANNELS), SOURCES)
    | st.builds(Recall, st.sampled_from(POOL))
    | st.builds(Serve, st.integers(1, 9)),
    min_size=4,
    max_size=12,
)


@dataclass
class Model:
    """What each publication and channel names, how often a channel moved, and what is recalled."""

    published: list[frozenset[str]] = field(default_factory=list)
    shown: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    recalled: set[str] = field(default_factory=set)

    def find(self, source: str) -> frozenset[str] | None:
        """Return what *source* means."""
        if source.isdecimal():
            found, place = self.published, int(source)
        else:
            channel, _, number = source.partition("/")
            found = self.shown.get(channel, [])
            place = int(number) if number else len(found)
        return found[place - 1] if 1 <= place <= len(found) else None

    def recall(self, name: str) -> None:
        """Forbid it, or lift that: every channel that there is moves once."""
        self.recalled ^= {name}
        for shown in self.shown.values():
            shown.append(shown[-1] - self.recalled)


async def live(steps: list[Step]) -> None:
    """Do *steps* to a lab and to the model, and compare after each."""
    with tempfile.TemporaryDirectory() as folder:
        async with lab_at(Path(folder)) as lab:
            await lab.scene.take(*POOL)
            lab.scene.let_go = dict.fromkeys(POOL, RULE)
            model = Model()
            for step in [Publish(frozenset(POOL)), *steps]:
                await do(lab, model, step)
                await compare(lab, model)


async def do(lab: Lab, model: Model, step: Step) -> None:
    """Do one step to both."""
    match step:
        case Publish(names):
            held = frozenset(name for name in names if lab.scene.has(name))
            lab.scene.builder.sequence = max(
                await lab.scene.store.publications.sequences(), default=0
            )
            await lab.scene.publish(*sorted(held))
            model.published.append(held)
        case Promote(channel, source):
            await promote(lab, model, channel, source)
        case Recall(name) if name in model.recalled:
            await lab.recall(name, What.RECALL_UNDO)
            await renumber(lab, model)
            model.recall(name)
        case Recall(name):
            await lab.recall(name)
            await renumber(lab, model)
            model.recall(name)
        case Serve(days):
            await lab.scene.prune()
            lab.scene.serve(days=days)
            await lab.scene.prune()


async def renumber(lab: Lab, model: Model) -> None:
    """Take over what a judgement published on ``current``, as it names it."""
    sequences = await lab.scene.store.publications.sequences()
    if len(sequences) > len(model.published):
        model.published.append(frozenset(await lab.names("current")))


async def promote(lab: Lab, model: Model, channel: str, source: str) -> None:
    """Promote; it must fail exactly where the model knows no such thing, or bytes are gone."""
    wanted = model.find(source)
    whole = wanted is not None and all(
        lab.scene.has(name) for name in wanted if name not in model.recalled
    )
    if wanted is not None and whole:
        promoted = await lab.promote(source, channel)
        model.shown.setdefault(channel, []).append(wanted - model.recalled)
        assert set(promoted.without) == wanted & model.recalled
        return
    with pytest.raises((GoneError, PublicationNotFoundError)):
        await lab.promote(source, channel)


async def compare(lab: Lab, model: Model) -> None:
    """The promises hold after each step."""
    decided = [one.digest for one in await lab.decisions() if one.what == "promote"]
    for channel, shown in model.shown.items():
        head = await lab.shown(channel)
        assert head is not None
        assert head.root.sequence == len(shown)
        assert head.digest in decided
        assert await lab.names(channel) == shown[-1]
        assert {str(one) for one in head.content.recalled} >= {
            str(digest_of(name)) for name in model.recalled
        }
    assert len(decided) == sum(len(shown) for shown in model.shown.values())


A_LIFE: list[Step] = [
    Promote("lab-test", "1"),
    Publish(frozenset({NEW})),
    Promote("lab-stable", "lab-test"),
    Recall(OLD),
    Serve(9),
    Promote("lab-test", "2"),
    Promote("lab-stable", "lab-test/1"),
    Recall(OLD),
    Promote("lab-stable", "1"),
]


# What was recalled, and no longer is, goes as anything else does.
A_RETURN: list[Step] = [Recall(OLD), Recall(OLD), Publish(frozenset({NEW})), Serve(3)]


@settings(max_examples=3, deadline=None)
@example(A_LIFE)
@example(A_RETURN)
@given(STEPS)
def test_channels_keep_their_promises(steps: list[Step]) -> None:
    asyncio.run(live(steps))


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_channels_keep_their_promises_for_long(steps: list[Step]) -> None:
    asyncio.run(live(steps))
