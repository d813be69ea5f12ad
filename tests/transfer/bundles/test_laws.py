"""The laws of bundles, over random histories of an upstream and of what was recalled.

A history is told step by step at the sender; after each step it publishes, and a whole bundle and a
delta from the step before are made.  Then receivers take them in, in every way that may happen.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import RolledBackError
from mirror.publication.documents import decode_content
from mirror.sandbox import Sandbox
from mirror.storage.entries import Decision
from mirror.storage.judgements import What
from mirror.storage.subtrees import SubtreeWalk
from mirror.transfer.bundles.beside import tops_by_name
from mirror.transfer.holding import is_whole
from tests.replica import Replica
from tests.sync.node import WISHES
from tests.transfer.bundles.forging import Parts
from tests.transfer.bundles.gap import exported, imported, receiver_at, sender_at

if TYPE_CHECKING:
    from tests.sync.node import TestNode

BOARDS = ("RPI_PICO", "ESP32_GENERIC")
SHARE = 1.02
SLACK = 1_000_000

STEPS = st.sampled_from(["RPI_PICO", "ESP32_GENERIC", "package", "recall"])
HISTORIES = st.lists(STEPS, min_size=1, max_size=3)


@dataclass
class History:
    """What was exported after each step: whole, and as a delta from the step before."""

    whole: list[bytes] = field(default_factory=list)
    deltas: list[bytes] = field(default_factory=list)
    contents: list[Digest] = field(default_factory=list)


async def told(folder: Path, steps: list[str]) -> History:
    """Let a sender live through *steps*."""
    replica = Replica.of(*BOARDS)
    for board in BOARDS:
        replica.release(board, "v1.28.0", date="2026-04-06")
    history = History()
    async with replica.running() as url, sender_at(folder, url) as here:
        here.wishes = replace(WISHES, packages=("*",))
        for number, step in enumerate(["begin", *steps]):
            await take(here, replica, step, number)
            await here.sync()
            base = history.contents[-1] if history.contents else None
            history.whole.append(await exported(here))
            history.deltas.append(await exported(here, base=base))
            history.contents.append((await here.root()).content)
            assert await exported(here) == history.whole[-1]
            assert await exported(here, base=base) == history.deltas[-1]
            prove_small(history.deltas[-1])
            here.sleep(days=1)
    return history


async def take(here: TestNode, replica: Replica, step: str, number: int) -> None:
    """Take one step of a history."""
    if step in BOARDS:
        replica.release(step, f"v1.{28 + number}.0", date=f"2026-05-{number:02d}")
    elif step == "package":
        replica.packages.release("blink", f"0.{number + 1}.0")
    elif step == "recall":
        files = (await here.files()).values()
        bad = min(file.digest.hex for file in files)
        decision = Decision(here.now, What.RECALL, f"sha256:{bad}", "it is bad", "somebody")
        await here.store.ledger.append([decision])


def prove_small(bundle: bytes) -> None:
    """A bundle has its blobs, its documents, and little besides."""
    parts = Parts.of(bundle)
    blobs = sum(piece.size for piece in parts.manifest.blobs)
    texts = [parts.bytes_of[piece.sha256] for piece in parts.manifest.documents]
    compressed = sum(len(zlib.compress(text)) for text in texts)
    assert len(bundle) <= SHARE * (blobs + compressed) + SLACK
    # And far below that slack: a header, padding and a line of sums and manifest for each piece.
    count = len(parts.manifest.pieces)
    assert len(bundle) <= blobs + sum(map(len, texts)) + 1400 * count + 16_384


async def store_of(node: TestNode) -> list[str]:
    """Return all that is reached from what *node* publishes, each byte of it held and right."""
    content = (await node.root()).content
    assert await is_whole(node.store, content)
    tree = decode_content(await node.read(content))
    names = {content.hex, *(digest.hex for digest in tree.boards.values())}
    names |= {file.hashes.sha256 for file in (await node.files()).values()}
    walk = SubtreeWalk(node.read)
    reached = await walk.reached(tops_by_name(tree).values())
    for digest in reached.documents | reached.files:
        await node.read(digest)
        names.add(digest.hex)
    return sorted(names)


async def taken_in(place: Path, bundles: list[bytes], sandbox: Sandbox) -> list[str]:
    """Import *bundles* one after another; what went back is refused.  Return what came of it."""
    async with receiver_at(place) as there:
        mine, there.sandbox = there.sandbox, sandbox
        for bundle in bundles:
            try:
                await imported(there, place, bundle)
            except RolledBackError:
                continue
        there.sandbox = mine
        return await store_of(there)


async def prove(steps: list[str], chance: random.Random) -> None:
    """Hold one history against the laws."""
    with tempfile.TemporaryDirectory(prefix="mpmirror-") as folder:
        place = Path(folder)
        history = await told(place / "sender", steps)
        shuffled = [*history.whole, *history.whole]
        chance.shuffle(shuffled)
        async with Sandbox(processes=1) as sandbox:
            whole = await taken_in(place / "whole", history.whole[-1:], sandbox)
            chain = await taken_in(place / "chain", history.deltas, sandbox)
            mixed = await taken_in(place / "mixed", shuffled, sandbox)

        assert history.contents[-1].hex in whole
        assert chain == whole
        assert mixed == whole


def examples(count: int) -> settings:
    """Return so many examples; none is made smaller: each takes seconds."""
    return settings(
        max_examples=count,
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )


@examples(1)
@given(st.just(["RPI_PICO", "recall", "package"]), st.just(1))
def test_bundles_keep_the_laws(steps: list[str], seed: int) -> None:
    """Equal twice; a chain of deltas is the whole; any order, twice, is the same store."""
    asyncio.run(prove(steps, random.Random(seed)))  # noqa: S311 - a sample


@pytest.mark.long
@examples(25)
@given(HISTORIES, st.integers(0, 1 << 16))
def test_bundles_keep_the_laws_over_random_histories(steps: list[str], seed: int) -> None:
    """The same, for what Hypothesis thinks of."""
    asyncio.run(prove(steps, random.Random(seed)))  # noqa: S311 - a sample
