"""Somebody who believes nothing: after each day every promise is checked against the disk.

What upstream really has is known from the replica, not from the mirror: which names it lists,
which it took back, and the bytes of each as they were first.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind
from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.publication.documents import (
    decode_board,
    decode_content,
    decode_publication,
)
from mirror.publication.feeds import all_files
from mirror.storage.entries import START, Removal, Sighting, Withdrawal
from tests.proofs.keeper import BEGIN, GRACE, WITHDRAWN_AFTER, Keeper
from tests.proofs.walking import digest_at
from tests.replica import Replica

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from mirror.storage.entries import Recorded
    from mirror.sync.outcome import Outcome
    from tests.replica.builds import ListedBuild
    from tests.replica.chronicle import Day

_MOST: Final = 1 << 26


@dataclass(slots=True)
class _Published:
    """A publication, its files by name, and the time of service at which it was superseded.

    ``digests`` are those of its files, each once: publications are looked at every day.
    """

    sequence: int
    root: Digest
    files: dict[str, Digest]
    digests: frozenset[Digest]
    superseded: float | None = None


@dataclass
class Witness:
    """Looks at *keeper*, whose data are in *data*, and at *replica*."""

    keeper: Keeper
    replica: Replica
    data: Path
    wanted: set[str] = field(default_factory=set)
    releases: dict[str, Digest] = field(default_factory=dict)
    sightings: int = 0
    lines: int = 0
    complete: int = 0
    withdrawn: int = 0
    removed: int = 0
    doubtful: bool = False
    newest: datetime = BEGIN

    def __post_init__(self) -> None:
        """Know nothing yet."""
        self._truth: dict[str, str] = {}
        self._delisted: set[str] = set()
        # In service: since when a crawl can have missed it.
        self._missed: dict[str, float] = {}
        self._hashed: set[Digest] = set()
        self._boards: dict[Digest, dict[str, Digest]] = {}
        self._offers: dict[Digest, set[str]] = {}
        self._published: list[_Published] = []
        self._seen = START
        # What the disk said today: publications have most files in common.
        self._there: set[Digest] = set()

    def crawl_begins(self, day: Day) -> None:
        """Take note of what upstream lists, and of the bytes that it really has."""
        self._delisted |= day.delisted
        self._delisted -= day.listed
        for name in day.delisted:
            self._missed.setdefault(name, self.keeper.seconds)
        for name in day.listed:
            self._missed.pop(name, None)
        self.wanted = set(self._wanted())
        self.learn(self.wanted)

    async def crawl_ended(self, day: Day, outcome: Outcome, changed: set[str]) -> None:
        """Check what the run says of itself (P8), and that nothing wanted is missing.

        On a sound day its only trouble can be the bytes that upstream *changed*.
        """
        published = await self._look()
        missing = self.wanted - published.files.keys() - await self._recalled()
        if outcome.exit_status == 0:
            self.complete += 1
            assert not missing, (day.number, sorted(missing), outcome)
        if day.sound:
            assert {one.subject for one in outcome.troubles} <= changed, (day, outcome)
            assert not missing, (day.number, sorted(missing), outcome)

    def learn(self, names: Iterable[str]) -> None:
        """Take note of the bytes that upstream really has for *names*."""
        for name in set(names) - self._truth.keys():
            self._truth[name] = digest_at(self.replica, name)

    async def day_ends(self, day: Day) -> None:
        """Check everything else."""
        current = await self._look()
        self._there.clear()
        await self._whole(current)
        await self._steady(current)
        await self._lost_nothing(current)
        await self._ledger(day, current)

    async def serves(self, names: Iterable[str]) -> None:
        """Check the bytes of *names*, as a client gets them, against upstream's first ones."""
        await self.keeper.shelf.refresh()
        for name in names:
            got = await self.keeper.client.get(f"/v1/files/{name}")
            recalled = self.current.get(name) in self.keeper.recalled | {None}
            assert got.status == (410 if recalled else 200), (name, got.status)
            digest = hashlib.sha256(got.body).hexdigest()
            assert not got.body if recalled else digest == self._truth[name], name

    @property
    def current(self) -> dict[str, Digest]:
        """What the current publication names."""
        return self._published[-1].files

    @property
    def offered(self) -> set[str]:
        """What the current publication has on demand."""
        return {name for board in self._boards for name in self._offers[board]}

    # --- the promises --------------------------------------------------------------------

    async def _look(self) -> _Published:
        """Return the current publication; its sequence never goes back (P7)."""
        store = self.keeper.node.store
        root = await store.publications.current()
        assert root is not None
        last = self._published[-1] if self._published else None
        if last is not None and last.root == root:
            return last
        document = decode_publication(await self._read(root))
        assert last is None or document.sequence > last.sequence
        content = decode_content(await self._read(document.content))
        self._boards = {one: await self._files(one) for one in content.boards.values()}
        self._offers = {one: self._offers[one] for one in self._boards}
        files = {name: one for board in self._boards.values() for name, one in board.items()}
        if last is not None:
            last.superseded = self.keeper.seconds
        digests = frozenset(files.values())
        self._published.append(_Published(document.sequence, root, files, digests))
        return self._published[-1]

    async def _files(self, board: Digest) -> dict[str, Digest]:
        if board in self._boards:
            return self._boards[board]
        document = decode_board(await self._read(board))
        self._offers[board] = {offer.name for offer in document.on_demand}
        return {file.name: file.digest for file in all_files(document)}

    async def _whole(self, current: _Published) -> None:
        """Every file that is named is there, and new ones are what upstream first had (P1)."""
        assert not self._gone(current.digests), self._named(current, self._gone(current.digests))
        fresh = current.digests - self._hashed
        self._hashed |= fresh
        for name, digest in self._named(current, fresh):
            assert hashlib.sha256(await self._read(digest)).hexdigest() == digest.hex
            truth = self._truth.get(name)
            assert truth in {None, digest.hex}, name

    async def _steady(self, current: _Published) -> None:
        """What publications within grace named is still there (P2)."""
        grace = GRACE.total_seconds()
        self._published = [
            one
            for one in self._published
            if one is current
            or one.superseded is None
            or self.keeper.seconds - one.superseded < grace
        ]
        for one in self._published:
            gone = self._gone(one.digests - self.keeper.recalled)
            assert not gone, (one.sequence, self._named(one, gone))

    async def _lost_nothing(self, current: _Published) -> None:
        """No release that was ever published is lost, whatever upstream and the policy do."""
        for name, digest in current.files.items():
            first = self.releases.get(name, digest)
            assert first == digest, name
            if _is_release(name):
                self.releases[name] = digest
        gone = self._gone(frozenset(self.releases.values()))
        lost = [
            name
            for name, digest in self.releases.items()
            if (name not in current.files or digest in gone) and digest not in self.keeper.recalled
        ]
        assert not lost, lost

    async def _ledger(self, day: Day, current: _Published) -> None:
        """Nothing was withdrawn but what upstream took back, and nothing removed that is kept."""
        pinned = {
            digest
            for pin in await self.keeper.node.store.pins.all()
            for digest in pin.names.values()
        }
        async for recorded in self.keeper.node.store.ledger.entries(self._seen):
            self._seen = recorded.position
            self._judge(recorded, day, current, pinned)

    def _judge(
        self, recorded: Recorded, day: Day, current: _Published, pinned: set[Digest | None]
    ) -> None:
        self.lines += 1
        self.newest = max(self.newest, recorded.entry.time)
        match recorded.entry:
            case Sighting():
                self.sightings += 1
            case Withdrawal() | Removal() if self.doubtful:
                raise AssertionError(f"{day}: {recorded}")
            case Withdrawal() as withdrawal:
                self.withdrawn += 1
                assert withdrawal.name in self._delisted, (day, withdrawal)
                missed = self.keeper.seconds - self._missed[withdrawal.name]
                assert missed >= WITHDRAWN_AFTER.total_seconds(), (day, withdrawal)
            case Removal() as removal:
                self.removed += bool(removal.names)
                kept = {name for name in removal.names if self._is_kept(name)}
                assert not kept, (day, removal)
                assert removal.digest not in pinned, (day, removal)
                assert removal.digest not in current.files.values(), (day, removal)

    def _is_kept(self, name: str) -> bool:
        return _is_release(name) or name in self.wanted

    # --- what is true --------------------------------------------------------------------

    def _wanted(self) -> list[str]:
        """Return what the policy wants of what upstream lists, by another way than the plan's."""
        policy = self.keeper.policy
        names: list[str] = []
        for board in self.replica.boards:
            terms = policy.terms(board)
            for section in self.replica.sections(board):
                names += _newest(section.releases, terms.releases)
                names += _newest(section.previews, terms.previews)
        return names

    async def _recalled(self) -> set[str]:
        return set(await self.keeper.node.store.index.recalled_names())

    async def _read(self, digest: Digest) -> bytes:
        return await self.keeper.node.store.blobs.read(digest, max_bytes=_MOST)

    def _gone(self, digests: frozenset[Digest]) -> set[Digest]:
        unseen = digests - self._there
        gone = {digest for digest in unseen if not self._is_there(digest)}
        self._there |= unseen - gone
        return gone

    @staticmethod
    def _named(one: _Published, digests: Container[Digest]) -> list[tuple[str, Digest]]:
        return [(name, digest) for name, digest in one.files.items() if digest in digests]

    def _is_there(self, digest: Digest) -> bool:
        # Text: a path of pathlib's takes longer to make than the disk takes to answer.
        path = f"{self.data}/blobs/sha256/{digest.hex[:2]}/{digest.hex}"
        return os.path.isfile(path)  # noqa: PTH113 - see above


@cache
def _is_release(name: str) -> bool:
    return ArtifactName.parse(name).version.maturity == "release"


def _newest(builds: tuple[ListedBuild, ...], count: int | None) -> list[str]:
    """Return the flashable files of the first *count* versions; of one version the first build."""
    first = {one.build.version: one for one in reversed(builds)}
    versions = list(dict.fromkeys(one.build.version for one in builds))[:count]
    return [
        first[version].build.name(kind)
        for version in versions
        for kind in first[version].kinds
        if Kind(kind).flashable
    ]
