"""Serve what changed between two publications; only documents that differ are read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mirror.publication.changes import Changes, changed_boards, compare_board, compare_recalls
from mirror.publication.documents import decode_board, decode_content, decode_publication
from mirror.publication.local.dialect import HTML
from mirror.publication.pages.changes import (
    PAIR_PATH,
    PATH,
    Between,
    Choice,
    Offered,
    render_changes,
    render_no_changes,
)
from mirror.storage.threads import to_end
from mirror.web.bench import PATIENCE, within
from mirror.web.documents import Document
from mirror.web.loading import MOST_BYTES
from mirror.web.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from aiohttp import web

    from mirror.catalog.values import Digest
    from mirror.publication.changes import BoardChange
    from mirror.publication.documents import BoardDocument, ContentRoot, PublicationRoot
    from mirror.web.answer import Answer, Route
    from mirror.web.documents import Stationery
    from mirror.web.history import HistoryShelf, PublicationLine
    from mirror.web.shelf import Shelf

# So many publications are looked at for one with other boards.
_LOOKED_BACK: Final = 30


class ChangesPage:
    """The handler of the page, about the publications that *history* lists.

    Without *answers* nobody can choose by asking: there are links.
    """

    def __init__(
        self, shelf: Shelf, history: HistoryShelf, paper: Stationery, *, answers: bool = True
    ) -> None:
        self._answers = answers
        self._shelf = shelf
        self._history = history
        self._paper = paper
        self._pages: Recent[Hashable] = Recent(most=32, most_bytes=16 << 20)
        # However many pairs are asked for, one is compared at a time.
        self._comparing = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Return the path that is served here."""
        return [(PATH, self.changes), (PAIR_PATH, self.pair)]

    async def changes(self, request: web.Request) -> Answer:
        """Answer with what changed, by default up to now from the last that had other boards."""
        return await self._answer(request, Between.parse(request.query))

    async def pair(self, request: web.Request) -> Answer:
        """Answer with what changed between the two that the path names."""
        named = {"from": request.match_info["before"], "to": request.match_info["after"]}
        return await self._answer(request, Between.parse(named))

    async def _answer(self, request: web.Request, asked: Between) -> Answer:
        view = await self._shelf.current()
        key = (view.loaded.root, asked)

        async def make() -> Document:
            async with within(PATIENCE, "comparing publications"), self._comparing:
                return await self._make(asked, view.loaded.content.upstream)

        return await (await self._pages.get(key, make)).answer(request)

    async def _make(self, asked: Between, upstream: str) -> Document:
        lines = await self._history.lines()
        pair = await self._pair(asked, lines)
        if pair is None:
            return self._document(render_no_changes(upstream))
        changes = await self._compare(*[await self._root(sequence) for sequence in pair])
        offered = [Offered(line.sequence, line.published) for line in lines]
        choice = Choice(offered, by_links=not self._answers)
        body = await self._paper.questions.run(render_changes, changes, choice, upstream)
        return self._document(body)

    async def _pair(
        self, asked: Between, lines: Sequence[PublicationLine]
    ) -> tuple[int, int] | None:
        """Return the sequences to compare, *lines* being the newest first; None: there is one."""
        after = asked.after or (lines[0].sequence if lines else None)
        if after is None:
            return None
        if asked.before is not None:
            return asked.before, after
        earlier = [line for line in lines if line.sequence < after]
        before = await self._other(after, earlier[:_LOOKED_BACK])
        return (before.sequence, after) if before else None

    async def _other(
        self, after: int, earlier: Sequence[PublicationLine]
    ) -> PublicationLine | None:
        """Return the newest of *earlier* with other boards, or else the newest of them.

        A new template, address or photograph is a publication, too.
        """
        boards = decode_content(await self._read((await self._root(after)).content)).boards
        for line in earlier:
            if decode_content(await self._read(line.content)).boards != boards:
                return line
        return next(iter(earlier), None)

    async def _root(self, sequence: int) -> PublicationRoot:
        root = await self._history.root(sequence)
        return decode_publication(await self._read(root))

    async def _compare(self, before: PublicationRoot, after: PublicationRoot) -> Changes:
        old = decode_content(await self._read(before.content))
        new = decode_content(await self._read(after.content))
        recalled, allowed = compare_recalls(old, new)
        found = [await self._board(old, new, board) for board in changed_boards(old, new)]
        return Changes(
            before,
            after,
            tuple(change for change in found if change is not None),
            recalled,
            allowed,
            packages=old.packages != new.packages,
            photographs=old.photographs != new.photographs,
        )

    async def _board(self, old: ContentRoot, new: ContentRoot, board: str) -> BoardChange | None:
        before = await self._document_of(old.boards.get(board))
        after = await self._document_of(new.boards.get(board))
        return await to_end(compare_board, before, after)

    async def _document_of(self, digest: Digest | None) -> BoardDocument | None:
        return None if digest is None else await to_end(decode_board, await self._read(digest))

    async def _read(self, digest: Digest) -> bytes:
        return await self._shelf.blobs.read(digest, max_bytes=MOST_BYTES)

    def _document(self, body: bytes) -> Document:
        return Document.of(self._paper, body, media_type=HTML)
