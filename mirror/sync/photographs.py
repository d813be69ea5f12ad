"""Bring photographs of boards: a few more in each run, each drawn anew before anybody gets it.

Upstream is asked for so many at most in a run, those that are not held first; one that is held
is asked for again, conditionally, after a month, and one that could not be had after a week.
Thumbnails are made here, so upstream is asked for half as much.  A picture that is missing or
refused is said, and nothing else depends on it; what is held once stays.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.catalog.values import Digest
from mirror.errors import (
    AddressRefusedError,
    ArtifactNotFoundError,
    ChildUnavailableError,
    DamagedError,
    ForeignDataError,
    MalformedValueError,
    MirrorError,
    SelfUpstreamError,
    StorageError,
    TooLargeError,
    UpstreamBusyError,
    UpstreamUnavailableError,
)
from mirror.publication.documents import decode_content, decode_publication
from mirror.publication.photographs import (
    Photograph,
    PhotographsDocument,
    Picture,
    decode_photographs,
    encode_photographs,
    photograph_path,
)
from mirror.sandbox import Sandbox
from mirror.sandbox.programs import PICTURES
from mirror.shapes import Shape
from mirror.sync.outcome import Phase, Progress, Trouble
from mirror.upstream.answers import Validators

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mirror.catalog.model import BoardFacts
    from mirror.storage.store import StoreReader
    from mirror.sync.means import Means
    from mirror.upstream.answers import PageAnswer

SUBTREE: Final = "photographs"
MOST_ASKED: Final = 40
"""Requests in one run: at two a second a run takes 20 seconds longer."""

GIVING_UP: Final = 3
_MEMORY: Final = "photographs-seen"
_AGAIN: Final = timedelta(days=30)
_AFTER_FAILURE: Final = timedelta(days=7)
_MOST_BYTES: Final = 64 * 1024 * 1024
_FINAL: Final = (
    AddressRefusedError,
    ChildUnavailableError,
    SelfUpstreamError,
    StorageError,
    UpstreamBusyError,
)
_UNREADABLE: Final = (
    ArtifactNotFoundError,
    DamagedError,
    ForeignDataError,
    MalformedValueError,
    TooLargeError,
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """When a photograph was asked for last, with what validators, and whether that failed."""

    at: datetime
    validators: Validators = field(default_factory=Validators)
    failed: bool = False


_SEEN = Shape(dict[str, _Seen])


@dataclass(slots=True)
class Pictures:
    """What came of it: the document to publish (None: none) if it *changed*, and what was wrong."""

    top: Digest | None
    changed: bool = False
    troubles: list[Trouble] = field(default_factory=list)


async def bring_photographs(means: Means, boards: Iterable[BoardFacts] | None) -> Pictures:
    """Hold a few more photographs of *boards*; None: hold none of any board.

    Raises no `MirrorError`: what went wrong is among the troubles, and what was held stays.
    """
    if boards is None:
        return Pictures(None, changed=True)
    bringing = _Bringing(means)
    try:
        return await bringing.whole(boards)
    except MirrorError as error:
        troubles = [*bringing.troubles, Trouble(SUBTREE, str(error))]
        return Pictures(bringing.top, troubles=troubles)


async def find_photographs(store: StoreReader) -> tuple[Digest | None, PhotographsDocument]:
    """Return what is published of photographs; an empty document if it can not be read."""
    try:
        current = await store.publications.current()
        if current is None:
            return None, PhotographsDocument()
        root = decode_publication(await _read(store, current))
        top = decode_content(await _read(store, root.content)).photographs
        if top is None:
            return None, PhotographsDocument()
        return top, await asyncio.to_thread(decode_photographs, await _read(store, top))
    except _UNREADABLE:
        return None, PhotographsDocument()


async def _read(store: StoreReader, digest: Digest) -> bytes:
    return await store.blobs.read(digest, max_bytes=_MOST_BYTES)


class _Bringing:
    """One round under way."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._store = means.store
        self._now = means.clock()
        self._held: dict[str, dict[str, Photograph]] = {}
        self._seen: dict[str, _Seen] = {}
        self.top: Digest | None = None
        self.troubles: list[Trouble] = []

    async def whole(self, boards: Iterable[BoardFacts]) -> Pictures:
        self.top, document = await find_photographs(self._store)
        missing = await self._store.blobs.missing(document.blobs)
        self._held = {
            board: {name: one for name, one in held.items() if not _lacks(one, missing)}
            for board, held in document.boards.items()
        }
        self._seen = await self._remembered()
        todo = self._todo(boards)
        async with AsyncExitStack() as stack:
            # Nothing is started before something has to be decoded.
            readers = await stack.enter_async_context(Sandbox(processes=1, program=PICTURES))
            await self._all(todo, readers)
        if todo:
            text = _SEEN.dump_json(self._seen).decode()
            await self._store.index.set_mark(_MEMORY, text)
        top = await self._put(document)
        # What is there and can not be read stays, until there is something in its place.
        return Pictures(top, changed=top is not None, troubles=self.troubles)

    async def _remembered(self) -> dict[str, _Seen]:
        try:
            return _SEEN.validate_json(await self._store.index.find_mark(_MEMORY) or "{}")
        except ValidationError:
            # Another version wrote it, and losing it costs a few requests.
            return {}

    def _todo(self, boards: Iterable[BoardFacts]) -> list[tuple[str, str]]:
        """Return what is to be asked for in this run, what is not held first."""
        named = [(facts.board, name) for facts in boards for name in facts.photographs]
        due = [one for one in dict.fromkeys(named) if self._is_due(*one)]
        return sorted(due, key=lambda one: self._find(*one) is not None)[:MOST_ASKED]

    def _is_due(self, board: str, name: str) -> bool:
        seen = self._seen.get(photograph_path(board, name))
        held = self._find(board, name) is not None
        if seen is None or not (held or seen.failed):
            return True
        return abs(self._now - seen.at) >= (_AFTER_FAILURE if seen.failed else _AGAIN)

    def _find(self, board: str, name: str) -> Photograph | None:
        return self._held.get(board, {}).get(name)

    async def _all(self, todo: list[tuple[str, str]], readers: Sandbox) -> None:
        away = 0
        for number, (board, name) in enumerate(todo):
            self._means.report(Progress(Phase.PHOTOGRAPHS, number, len(todo)))
            path = photograph_path(board, name)
            try:
                await self._one(board, name, readers)
            except _FINAL as error:
                self.troubles.append(Trouble(path, str(error)))
                return
            except MirrorError as error:
                self.troubles.append(Trouble(path, str(error)))
                self._seen[path] = _Seen(self._now, failed=True)
                away = away + 1 if isinstance(error, UpstreamUnavailableError) else 0
                if away == GIVING_UP:
                    return
            else:
                away = 0

    async def _one(self, board: str, name: str, readers: Sandbox) -> None:
        path = photograph_path(board, name)
        held, seen = self._find(board, name), self._seen.get(path)
        since = seen.validators if held and seen else Validators()
        answer = await self._means.fetcher.changed_page(self._means.fetcher.upstream + path, since)
        if answer is None and seen is not None:
            self._seen[path] = _Seen(self._now, seen.validators)
            return
        if answer is None:
            raise MalformedValueError(f"{path}: answered 304 to a request without conditions")
        if held is None or held.source != answer.digest:
            drawn = await self._drawn(answer, readers)
            self._held.setdefault(board, {})[name] = drawn
        self._seen[path] = _Seen(self._now, answer.validators)

    async def _drawn(self, answer: PageAnswer, readers: Sandbox) -> Photograph:
        drawn = await readers.redraw_photograph(answer.body, answer.url)
        pictures = (drawn.whole, drawn.thumbnail)
        digests = await self._store.blobs.put_many([one.data for one in pictures])
        whole, thumbnail = (
            Picture(digest, one.width, one.height)
            for digest, one in zip(digests, pictures, strict=True)
        )
        return Photograph(answer.digest, drawn.media_type, whole, thumbnail)

    async def _put(self, before: PhotographsDocument) -> Digest | None:
        boards: Mapping[str, dict[str, Photograph]] = {
            board: dict(sorted(held.items())) for board, held in sorted(self._held.items()) if held
        }
        document = PhotographsDocument(dict(boards))
        if document == before or not boards:
            return self.top if boards else None
        return await self._store.blobs.put(encode_photographs(document))


def _lacks(one: Photograph, missing: set[Digest]) -> bool:
    return one.whole.digest in missing or one.thumbnail.digest in missing
