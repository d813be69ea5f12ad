"""Heal one damaged blob: the bytes that were first seen, or nothing.

An artifact is fetched again from where it was first seen; a document is rendered again.
Whoever says that something is damaged is not believed: the blob is read from the disk
first.  From then on no process serves it before it has hashed it again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from mirror.errors import (
    ArtifactNotFoundError,
    DamagedError,
    MirrorError,
    UpstreamUnavailableError,
)
from mirror.frozen import dataclass
from mirror.publication.documents import decode_content, decode_publication
from mirror.publication.local.layer import local_digests
from mirror.publication.subtrees import tops_of
from mirror.storage.entries import Decision
from mirror.storage.store import Store
from mirror.sync.intake import Intake
from mirror.sync.local_layer import MOST_BYTES
from mirror.sync.package_healing import heal_package
from mirror.sync.package_memory import find_tree
from mirror.sync.photographs import find_photographs
from mirror.sync.publish import Publisher
from mirror.upkeep.check import let_go

if TYPE_CHECKING:
    from mirror.catalog.values import Digest
    from mirror.storage.entries import Sighting
    from mirror.sync.means import Means

#: Gives what a file is fetched with, while no sync run is under way.
MeansSource: TypeAlias = Callable[[], AbstractAsyncContextManager["Means"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Healer:
    """Heals the blobs of *store*, whose content is that of *upstream*, a base URL.

    *run* is a whole sync run, which renders the boards again; *clock* gives the time in UTC.
    """

    store: Store
    upstream: str
    means: MeansSource
    run: Callable[[], Awaitable[object]]
    clock: Callable[[], datetime]

    async def examine(self, digest: Digest) -> str | None:
        """Read a blob from the disk, and say what is wrong with it; None when it is sound.

        What is damaged is hashed before anybody serves it, and no longer counts as held.
        What is recalled, and a document that a prune let go of, is missing with good reason.
        Raises `StorageError` when the disk refuses.
        """
        if await self.store.index.find_recall(digest) is not None:
            return None
        try:
            await self.store.blobs.check(digest)
        except ArtifactNotFoundError:
            if await self._was_let_go(digest):
                return None
            wrong = "missing"
        except DamagedError:
            wrong = "damaged"
        else:
            return None
        # It may be gone, or no file at all: then nobody can open it anyway.
        with contextlib.suppress(ArtifactNotFoundError, DamagedError):
            await self.store.blobs.distrust(digest)
        await self.store.index.mark_missing([digest])
        return wrong

    async def _was_let_go(self, digest: Digest) -> bool:
        """Whether *digest* is a document that was let go, and that no pointer leads to again."""
        if await self.store.index.sightings_with(digest):
            return False
        publications = self.store.publications
        try:
            for channel in await publications.channels():
                root = await publications.current(channel)
                if root is None or digest in await self._documents_of(root):
                    return False
        except (ArtifactNotFoundError, DamagedError):
            return False  # nobody knows what it names
        return digest in await let_go(self.store)

    async def _documents_of(self, digest: Digest) -> set[Digest]:
        root = decode_publication(await self._read(digest))
        content = decode_content(await self._read(root.content))
        documents = {digest, root.content, *content.boards.values(), *tops_of(content)}
        return documents | local_digests(root)

    async def _read(self, digest: Digest) -> bytes:
        return await self.store.blobs.read(digest, max_bytes=MOST_BYTES)

    async def heal(self, digest: Digest) -> None:
        """Hold *digest* again, and write that down; nothing is done if it is sound.

        Raises a `MirrorError` that says why it could not be healed now.
        """
        wrong = await self.examine(digest)
        if wrong is None and await self.store.index.find_recall(digest) is None:
            await self.store.index.mark_held([digest])
        elif wrong is None:
            return
        elif sightings := await self.store.index.sightings_with(digest):
            await self._fetch_again(sightings, f"{wrong} on disk, fetched again")
            await self.store.index.mark_held([digest])
            self.store.blobs.removals.named(digest)
        elif await self._is_of_package(digest):
            await self._note_healed(digest, f"{wrong} on disk, fetched again")
        else:
            await self._render_again(digest, wrong)

    async def _fetch_again(self, sightings: list[Sighting], why: str) -> None:
        failure: MirrorError = UpstreamUnavailableError("no source is known")
        async with self.means() as means:
            intake = Intake(
                means.fetcher, means.sandbox, self.store, means.clock, turns=means.turns
            )
            for sighting in sightings:
                try:
                    await intake.heal(sighting, why)
                except MirrorError as error:
                    failure = error
                else:
                    return
        raise failure

    async def _is_of_package(self, digest: Digest) -> bool:
        """Heal *digest* if it is of a package; whether it was."""
        tree = await find_tree(self.store)
        if tree is None or all(digest not in one.blobs for one in tree.packages.values()):
            return False
        async with self.means() as means:
            return await heal_package(means, digest)

    async def _render_again(self, digest: Digest, wrong: str) -> None:
        if digest in (await find_photographs(self.store))[1].blobs:
            # A run draws anew what is missing, and looks at no bytes that are there.
            await self.store.blobs.remove(digest)
        with contextlib.suppress(DamagedError, ArtifactNotFoundError):
            await Publisher(self.store, self.upstream).render_again()
        if await self._is_bad(digest):
            # A run that meets the damage breaks off, and says what is said below.
            with contextlib.suppress(DamagedError, ArtifactNotFoundError):
                await self.run()
        if await self._is_bad(digest):
            raise DamagedError(
                f"{digest} is {wrong}, no artifact has it, and no document is rendered as it: "
                "restore it from a backup if a publication that matters names it"
            )
        await self._note_healed(digest, f"{wrong} on disk, rendered again")

    async def _note_healed(self, digest: Digest, why: str) -> None:
        healed = Decision(self.clock(), "heal", str(digest), why, "mpmirror")
        await self.store.ledger.append([healed])

    async def _is_bad(self, digest: Digest) -> bool:
        return await self.examine(digest) is not None
