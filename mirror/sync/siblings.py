"""Compare what came with the files of the same build that are there already.

Whichever comes second is compared, and what comes of it is part of its verdict.  Bytes are
read in the limited child process only: what is compared here are digests that it made.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from mirror.formats.siblings import (
    Sibling,
    agree,
    comparable,
    partners,
    with_agreement,
    with_difference,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirror.catalog.names import ArtifactName
    from mirror.catalog.values import Digest
    from mirror.formats.verdict import Verdict
    from mirror.storage.store import Store
    from mirror.sync.gathering import Gathering
    from mirror.sync.turns import Turns


def build_key(name: ArtifactName) -> str:
    """Return what all files of the build of *name* have in common; no file is called so."""
    return f"{str(name).removesuffix(name.kind.value)}*"


class Siblings:
    """Compares siblings, one of a build at a time among those that share *turns*."""

    def __init__(self, store: Store, turns: Turns, gathering: Gathering) -> None:
        """Compare in turns; while one waits for its turn nobody of *gathering* waits for it."""
        self._store = store
        self._turns = turns
        self._gathering = gathering

    @asynccontextmanager
    async def compared(
        self, name: ArtifactName, digest: Digest, verdict: Verdict
    ) -> AsyncIterator[Verdict]:
        """Yield *verdict* with what the siblings of *name* say of it.

        While the block runs no sibling is compared: it writes down what this one is, so that
        of two that come at once the second finds the first.
        """
        names = partners(str(name), name.kind.value)
        if not names or not comparable(verdict.facts) or not verdict.accepted:
            yield verdict
            return
        async with self._turn(build_key(name)):
            yield await self._compared(names, Sibling(digest.hex, verdict.facts), verdict)

    @asynccontextmanager
    async def _turn(self, key: str) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            # Who has the turn writes down what its file is before it lets go.
            with self._gathering.held_up() if self._turns.has(key) else nullcontext():
                await stack.enter_async_context(self._turns.of(key))
            yield

    async def _compared(
        self, names: tuple[str, ...], sibling: Sibling, verdict: Verdict
    ) -> Verdict:
        index = self._store.index
        known = {**await index.pending_of(names), **await index.sightings_of(names)}
        for name, other in sorted(known.items()):
            same = agree(sibling, Sibling(other.digest.hex, other.verdict.facts))
            if same is not None:
                verdict = with_agreement(verdict, name) if same else with_difference(verdict, name)
        return verdict
