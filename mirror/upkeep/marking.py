"""Mark what publications reach: the first half of pruning.

Every blob is one of three: reached, not reached, or unknown.  A document that can not be
read makes unknown whatever only it might name, and unknown is never deleted: where files
hang on it this raises, where only documents do they are all left alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from pydantic import ConfigDict, ValidationError

from mirror.catalog.values import Digest
from mirror.errors import (
    ArtifactNotFoundError,
    DamagedError,
    ForeignDataError,
    MalformedValueError,
    TooLargeError,
)
from mirror.publication.documents import (
    FORMAT,
    ContentRoot,
    Hashes,
    PublicationRoot,
    decode_content,
    decode_publication,
)
from mirror.publication.local.boards import INDEX_PATH
from mirror.publication.local.layer import local_digests
from mirror.publication.subtrees import tops_of
from mirror.shapes import Shape
from mirror.storage.channels import earlier, promoted_channels, read_root
from mirror.storage.publications import ChannelsToken
from mirror.storage.subtrees import SubtreeWalk

if TYPE_CHECKING:
    from mirror.storage.store import StoreReader

#: Served of every publication that is retained, as board documents are.
KEPT_LONG: Final = (INDEX_PATH,)

_MOST_BYTES: Final = 64 * 1024 * 1024
_UNREADABLE: Final = (
    ArtifactNotFoundError,
    DamagedError,
    ForeignDataError,
    MalformedValueError,
    TooLargeError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long the documents of a publication stay: what is longer of number and age."""

    publications: int = 400
    age: timedelta = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Graced:
    """What is superseded and in grace: *sequences* of publications, *roots* that channels left."""

    sequences: Collection[int] = ()
    roots: tuple[Digest, ...] = ()


@dataclass(slots=True)
class Marks:
    """What is reached while all pointers are as *token* says.

    ``documents`` are those of all publications that are retained, and what was rendered for
    those that a channel points to or that are in grace; ``named`` are the files of
    the current publication and of those that channels point to, ``graced`` those of
    publications in grace.  ``offered`` are the names on demand.  ``expired`` are the
    sequences that are no longer retained.  ``unreadable`` are sentences about documents of
    old publications: while there is one, it is not known which documents are reached.
    """

    token: ChannelsToken
    documents: set[Digest] = field(default_factory=set)
    named: set[Digest] = field(default_factory=set)
    graced: set[Digest] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)
    expired: list[int] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def reaches(self, digest: Digest) -> bool:
        """Whether any publication reaches *digest*."""
        return digest in self.documents or digest in self.named or digest in self.graced


@dataclass(frozen=True, slots=True)
class _File:
    hashes: Hashes


@dataclass(frozen=True, slots=True)
class _Release:
    files: tuple[_File, ...]


@dataclass(frozen=True, slots=True)
class _Offer:
    name: str


@dataclass(frozen=True, slots=True)
class _Board:
    """The part of a board document that names files: it is read ten times as fast."""

    __pydantic_config__ = ConfigDict(defer_build=True)  # only who prunes reads one

    releases: tuple[_Release, ...]
    on_demand: tuple[_Offer, ...] = ()
    local: tuple[_Release, ...] = ()
    type: str = ""
    format: int = 0
    critical: tuple[str, ...] = ()


_BOARD = Shape(_Board)


async def mark(store: StoreReader, in_grace: Graced, retention: Retention, now: datetime) -> Marks:
    """Return what the publications of *store* and its channels reach.

    Raises `DamagedError` when what the current publication, a channel or one in grace names
    can not be read, and `StorageError` when the disk can not: then nothing is known.
    """
    marking = _Marking(store, Marks(store.publications.all_changed()))
    await marking.all(in_grace, retention, now)
    return marking.marks


class _Marking:
    def __init__(self, store: StoreReader, marks: Marks) -> None:
        self._store = store
        self._walked: set[Digest] = set()
        self.marks = marks
        self._subtrees = SubtreeWalk(self._read)
        self.offers: set[str] = set()

    async def all(self, in_grace: Graced, retention: Retention, now: datetime) -> None:
        await self._publications(in_grace.sequences, retention, now)
        for channel in await promoted_channels(self._store):
            await self._channel(channel, in_grace.roots, retention, now)
        # Last: what is named too is walked as that.
        publications = self._store.publications
        for sequence in sorted(set(await publications.sequences()) & set(in_grace.sequences)):
            root = await publications.root(sequence)
            await self._walk(root, f"publication {sequence}", self.marks.graced)
        for root in in_grace.roots:
            await self._walk(root, "what a channel pointed to", self.marks.graced)
        await self._proposals()
        self.marks.graced -= self.marks.named

    async def _publications(
        self, in_grace: Collection[int], retention: Retention, now: datetime
    ) -> None:
        publications = self._store.publications
        pointed = {await publications.current(channel) for channel in await publications.channels()}
        sequences = await publications.sequences()
        # The newest first: a board document that several share is walked for the first of them.
        for place, sequence in enumerate(reversed(sequences)):
            root = await publications.root(sequence)
            if root in pointed:
                await self._walk(root, f"publication {sequence}", self.marks.named)
                if not place:
                    self.marks.offered = set(self.offers)
            elif sequence not in in_grace:
                newest = place < retention.publications
                what, since = f"publication {sequence}", None if newest else now - retention.age
                if not await self._retain(root, what, since):
                    self.marks.expired.append(sequence)

    async def _channel(
        self, channel: str, in_grace: Collection[Digest], retention: Retention, now: datetime
    ) -> None:
        """Mark what a channel points to, and the documents of what it pointed to before."""
        head = await self._store.publications.current(channel)
        if head is None:
            return
        await self._walk(head, f"channel {channel}", self.marks.named)
        root = await read_root(self._store.blobs, head)
        place = 0
        async for digest, _ in earlier(self._store.blobs, root):
            place += 1
            if digest not in in_grace:
                newest = place < retention.publications
                since = None if newest else now - retention.age
                await self._retain(digest, f"an earlier root of channel {channel}", since)

    async def _proposals(self) -> None:
        """Keep the documents of promotions that wait; their files are looked for when they end."""
        for proposals in (await self._store.proposals.all()).values():
            for proposal in proposals:
                with contextlib.suppress(*_UNREADABLE):
                    root, _ = await self._documents(proposal.root)
                    self.marks.documents.update(local_digests(root))

    async def _walk(self, digest: Digest, what: str, files: set[Digest]) -> None:
        try:
            root, content = await self._documents(digest)
            self.marks.documents.update(local_digests(root))
            for board in content.boards.values():
                if board not in self._walked:
                    await self._walk_board(board, files)
                    self._walked.add(board)
            files |= (await self._subtrees.reached(tops_of(content))).files
        except _UNREADABLE as error:
            raise DamagedError(
                f"{what} can not be read to its end, so that nobody knows what it names: {error}"
            ) from error

    async def _walk_board(self, digest: Digest, files: set[Digest]) -> None:
        board = await self._store.blobs.read_as(digest, _read_board, max_bytes=_MOST_BYTES)
        releases = (*board.releases, *board.local)
        files.update(Digest(file.hashes.sha256) for release in releases for file in release.files)
        self.offers.update(offer.name for offer in board.on_demand)

    async def _retain(self, digest: Digest, what: str, since: datetime | None) -> bool:
        """Keep the documents of an old publication; False when it is from before *since*."""
        try:
            root = decode_publication(await self._read(digest))
            if since is not None and _time(root) < since:
                return False
            await self._documents(digest)
            # What only its clients needed is not rendered for anybody any more.
            kept = (root.documents.get(path) for path in KEPT_LONG)
            self.marks.documents.update(local.digest for local in kept if local)
        except _UNREADABLE as error:
            self.marks.documents.add(digest)
            self.marks.unreadable.append(f"{what} can not be read: {error}")
        return True

    async def _documents(self, digest: Digest) -> tuple[PublicationRoot, ContentRoot]:
        root = decode_publication(await self._read(digest))
        documents = self.marks.documents
        documents.update((digest, root.content))
        blobs = self._store.blobs
        content = await blobs.read_as(root.content, decode_content, max_bytes=_MOST_BYTES)
        documents.update(content.boards.values())
        documents |= (await self._subtrees.reached(tops_of(content))).documents
        return root, content

    async def _read(self, digest: Digest) -> bytes:
        return await self._store.blobs.read(digest, max_bytes=_MOST_BYTES)


def _read_board(data: bytes) -> _Board:
    try:
        board = _BOARD.validate_json(data)
    except ValidationError as error:
        raise MalformedValueError(f"not a board document: {error.error_count()} faults") from error
    if board.type != "mpmirror.board" or board.format != FORMAT or board.critical:
        raise ForeignDataError("a board document of a newer mpmirror, which is needed to read it")
    return board


def _time(root: PublicationRoot) -> datetime:
    try:
        moment = datetime.fromisoformat(root.published)
    except ValueError as error:
        raise MalformedValueError(f"not a time: {root.published[:80]!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
