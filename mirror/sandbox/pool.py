"""The parent's side: a few limited children, and one question at a time for each.

The loop never waits for a pipe: each question runs in a thread of the sandbox's own, and a
question that takes too long, or whose asker is cancelled, ends with its child.  So no answer
of one question is ever taken for that of another.

What takes too long is told by the child's own processor time: on a busy machine a child gets
little of it, and no bytes are refused for that.  Only after many times as long by the clock is
the question given up, and then nobody has judged.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO, Self, TypeVar

from mirror.catalog.model import BoardPage, IndexPage
from mirror.catalog.package_documents import PackageContent, PackageIndex
from mirror.errors import (
    ChildRefusedError,
    ChildUnavailableError,
    TooLargeError,
)
from mirror.formats.verdict import Claim, Verdict
from mirror.publication.bundle import MANIFEST, encode_manifest
from mirror.publication.foreign import CHANNEL, PEER_CONTENT, PEER_ROOT, is_source
from mirror.publication.offered import OFFERED_BOARD
from mirror.publication.subtrees import NAMED, Named
from mirror.sandbox.answers import is_name, refuse_elsewhere
from mirror.sandbox.drawn import DRAWN, MEASURED, Drawn, Measured
from mirror.sandbox.frames import Question, Request
from mirror.sandbox.grants import USUAL, Grants
from mirror.sandbox.launch import MEMORY
from mirror.sandbox.pipes import Body
from mirror.sandbox.process import Child
from mirror.sandbox.programs import PROGRAM
from mirror.sandbox.waiting import Limits, answered, finished, in_thread
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from mirror.publication.bundle import Manifest
    from mirror.publication.foreign import PeerContent, PeerRoot
    from mirror.publication.offered import OfferedBoard
    from mirror.sandbox.launch import Ahead

_INDEX_PAGE = Shape(IndexPage)
_BOARD_PAGE = Shape(BoardPage)
_VERDICT = Shape(Verdict)
_PACKAGE_INDEX = Shape(PackageIndex)
_PACKAGE = Shape(PackageContent)
_Answer = TypeVar("_Answer")

_START_SECONDS = 60.0
# The bytes themselves, one changed copy of them, and what the interpreter needs.
_SHARE_OF_MEMORY = 4


class Sandbox:
    """Reads foreign bytes in limited child processes; an async context manager.

    At most *processes* questions are under way, others wait for their turn.  A child has
    *memory_bytes* of address space and answers within what *grants* says (its start, about half
    a second, not counted); it is kept for the next question, and replaced when it died, was too
    slow or broke a rule.  Bytes on which that happens are refused with `ChildRefusedError`,
    which says what happened; when there is no child at all, or the machine had no time for it,
    `ChildUnavailableError` says so and blames no bytes.  *program* is what a child runs.
    *lent* are children to use in place of own ones: nobody else asks them meanwhile, and they
    outlive this.  A process that began *ahead* of this is used for one of its own, and ended with
    it: give it only with the usual memory and program.
    """

    def __init__(
        self,
        *,
        processes: int = 2,
        memory_bytes: int = MEMORY,
        grants: Grants = USUAL,
        program: str = PROGRAM,
        lent: Sequence[Child] = (),
        ahead: Ahead | None = None,
    ) -> None:
        self._page_seconds = grants.page_seconds
        self._image_seconds = grants.image_seconds
        self._patience = grants.patience
        self._memory_bytes = memory_bytes
        self._own = [] if lent else [Child(memory_bytes, program) for _ in range(processes - 1)]
        if not lent:
            self._own.append(Child(memory_bytes, program, ahead.take() if ahead else None))
        self._children = [*lent, *self._own]
        self._threads = ThreadPoolExecutor(len(self._children), thread_name_prefix="sandbox")
        # Last in, first out: one child that is warm is better than two that are not.
        self._idle: asyncio.LifoQueue[Child] = asyncio.LifoQueue()
        for child in self._children:
            self._idle.put_nowait(child)
        self._warming: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._warming:
            task.cancel()
        for child in self._own:
            child.abandon()
        for task in self._warming:
            await finished(task)
        await finished(asyncio.ensure_future(asyncio.to_thread(self._end)))

    def warm(self) -> None:
        """Start all processes now, beside whatever comes: the first questions find them ready.

        For who knows that there will be several.  A start that fails is tried again by the
        question that needs it, and told there.
        """
        taken = [self._idle.get_nowait() for _ in range(self._idle.qsize())]
        self._warming.append(asyncio.create_task(self._warm_all(taken)))

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the children that were started and not replaced."""
        return tuple(child.pid for child in self._children if child.pid is not None)

    async def read_index_page(self, html: bytes, url: str) -> IndexPage:
        """As `mirror.catalog.pages.read_index_page`; raises `ChildRefusedError` too."""
        request = self._page_request(Question.INDEX_PAGE, url, "")
        page = await self._ask(request, _body(html), _INDEX_PAGE, self._page_seconds)
        if any(problem.page != url for problem in page.problems):
            raise ChildRefusedError(f"{url}: the reader answered about another page")
        return page

    async def read_board_page(self, html: bytes, url: str, board: str) -> BoardPage:
        """As `mirror.catalog.pages.read_board_page`; raises `ChildRefusedError` too."""
        request = self._page_request(Question.BOARD_PAGE, url, board)
        page = await self._ask(request, _body(html), _BOARD_PAGE, self._page_seconds)
        return refuse_elsewhere(page, url, board)

    async def read_empty_board_page(self, html: bytes, url: str, board: str) -> BoardPage:
        """As `mirror.catalog.pages.read_empty_board_page`; raises `ChildRefusedError` too."""
        request = self._page_request(Question.EMPTY_BOARD_PAGE, url, board)
        page = await self._ask(request, _body(html), _BOARD_PAGE, self._page_seconds)
        return refuse_elsewhere(page, url, board)

    async def read_peer_root(self, document: bytes, url: str, channel: str = CHANNEL) -> PeerRoot:
        """As `mirror.publication.foreign.read_peer_root`; raises `ChildRefusedError` too."""
        request = self._page_request(Question.PEER_ROOT, url, channel)
        return await self._ask(request, _body(document), PEER_ROOT, self._page_seconds)

    async def read_peer_content(self, document: bytes, url: str) -> PeerContent:
        """As `mirror.publication.foreign.read_peer_content`; raises `ChildRefusedError` too."""
        request = self._page_request(Question.PEER_CONTENT, url, "")
        return await self._ask(request, _body(document), PEER_CONTENT, self._page_seconds)

    async def read_peer_board(self, document: bytes, url: str, board: str) -> BoardPage:
        """As `mirror.publication.foreign.read_peer_board`; raises `ChildRefusedError` too."""
        request = self._page_request(Question.PEER_BOARD, url, board)
        page = await self._ask(request, _body(document), _BOARD_PAGE, self._page_seconds)
        if page.facts.board != board or not all(
            listing.board == board and is_source(listing.url, listing.name)
            for listing in page.listings
        ):
            raise ChildRefusedError(f"{url}: the reader answered about another board")
        return page

    async def read_offered_board(self, document: bytes, url: str, board: str) -> OfferedBoard:
        """As `mirror.publication.offered.read_offered_board`; raises `ChildRefusedError` too."""
        request = self._page_request(Question.OFFERED_BOARD, url, board)
        offered = await self._ask(request, _body(document), OFFERED_BOARD, self._page_seconds)
        if offered.facts.board != board or not all(is_name(one.name) for one in offered.files):
            raise ChildRefusedError(f"{url}: the reader answered about another board")
        return offered

    async def read_package_index(self, document: bytes, url: str) -> PackageIndex:
        """As `mirror.catalog.package_documents.read_package_index`; `ChildRefusedError` too."""
        request = self._page_request(Question.PACKAGE_INDEX, url, "")
        return await self._ask(request, _body(document), _PACKAGE_INDEX, self._page_seconds)

    async def read_package(self, document: bytes, url: str) -> PackageContent:
        """As `mirror.catalog.package_documents.read_package`; raises `ChildRefusedError` too."""
        request = self._page_request(Question.PACKAGE, url, "")
        return await self._ask(request, _body(document), _PACKAGE, self._page_seconds)

    async def redraw_photograph(self, data: bytes, url: str) -> Drawn:
        """As `mirror.sandbox.pictures.redraw`, where the program is `PICTURES`.

        Raises `ChildRefusedError` too.
        """
        drawn = await self._ask_of_picture(Question.PHOTOGRAPH, data, url, DRAWN)
        if not drawn.sound:
            raise ChildRefusedError(f"{url}: the reader gave no picture")
        return drawn

    async def measure_picture(self, data: bytes, url: str) -> Measured:
        """As `mirror.sandbox.pictures.measure`, where the program is `PICTURES`; see above."""
        return await self._ask_of_picture(Question.PICTURE, data, url, MEASURED)

    async def read_subtree(self, document: bytes, url: str) -> Named:
        """As `mirror.publication.foreign_subtrees.read_subtree`; raises `ChildRefusedError` too."""
        request = self._page_request(Question.SUBTREE, url, "")
        return await self._ask(request, _body(document), NAMED, self._page_seconds)

    async def read_manifest(self, document: bytes) -> Manifest:
        """As `mirror.publication.bundle.read_manifest`; raises `ChildRefusedError` too."""
        request = self._page_request(Question.MANIFEST, "the manifest of the bundle", "")
        manifest = await self._ask(request, _body(document), MANIFEST, self._page_seconds)
        if await asyncio.to_thread(encode_manifest, manifest) != document:
            raise ChildRefusedError("the reader answered about another manifest")
        return manifest

    async def verify_image(
        self, file: BinaryIO | Callable[[], BinaryIO], size: int, claim: Claim
    ) -> Verdict:
        """Judge the first *size* bytes of *file* by *claim*, as `mirror.formats.verify.verify`.

        *file* is an open binary file, which is read from its beginning in a thread, and is
        left alone when this returns; or what opens one, which is called in that thread and
        closed there.  Raises `ChildRefusedError`; `TooLargeError` for more bytes than the child
        could hold; `StorageError` when they can not be read.
        """
        if size > self._memory_bytes // _SHARE_OF_MEMORY:
            raise TooLargeError(
                f"{size} bytes, an image has at most {self._memory_bytes // _SHARE_OF_MEMORY}"
            )
        request = self._request(Question.IMAGE, self._image_seconds, claim=claim)
        return await self._ask(request, Body(file, size), _VERDICT, self._image_seconds)

    def _end(self) -> None:
        self._threads.shutdown()
        for child in self._own:
            child.stop()

    def _page_request(self, question: Question, url: str, board: str) -> Request:
        return self._request(question, self._page_seconds, url=url, board=board)

    def _request(
        self,
        question: Question,
        seconds: float,
        *,
        url: str = "",
        board: str = "",
        claim: Claim | None = None,
    ) -> Request:
        return Request(
            question=question,
            seconds=math.ceil(seconds),
            patience=math.ceil(seconds * self._patience),
            url=url,
            board=board,
            claim=claim,
        )

    async def _ask_of_picture(
        self, question: Question, data: bytes, url: str, expected: Shape[_Answer]
    ) -> _Answer:
        request = self._request(question, self._image_seconds, url=url)
        return await self._ask(request, _body(data), expected, self._image_seconds)

    async def _ask(
        self, request: Request, body: Body, expected: Shape[_Answer], seconds: float
    ) -> _Answer:
        child = await self._idle.get()
        try:
            if not child.ready:
                await self._start(child)
            ask = functools.partial(child.ask, request, body, expected)
            limits = Limits(seconds, seconds * self._patience)
            return await answered(self._threads, ask, child, limits)
        except (ChildRefusedError, ChildUnavailableError) as error:
            raise type(error)(f"{_subject(request)}: {error}") from error
        finally:
            self._idle.put_nowait(child)

    async def _warm_all(self, children: list[Child]) -> None:
        try:
            # One after the other: side by side they would slow down each other and, on two
            # cores, whoever loads its own modules meanwhile.
            while children:
                with contextlib.suppress(ChildUnavailableError):
                    await self._start(children[-1])
                self._idle.put_nowait(children.pop())
        finally:
            for child in children:
                self._idle.put_nowait(child)

    async def _start(self, child: Child) -> None:
        try:
            async with in_thread(self._threads, child.start, child) as starting:
                await asyncio.wait_for(asyncio.shield(starting), _START_SECONDS)
        except TimeoutError as error:
            raise ChildUnavailableError(
                f"the limited child process did not start within {_START_SECONDS:g} s"
            ) from error


def _subject(request: Request) -> str:
    return request.url or "image"


def _body(data: bytes) -> Body:
    return Body(io.BytesIO(data), len(data))
