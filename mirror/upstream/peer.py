"""The crawl of another mirror: compare digests, and fetch only the documents that differ.

The root of its publication is asked for, if it changed; then the content root that it names,
then each board's document whose digest is not the one that was read last.  Each is asked for
by its digest, and bytes of another digest are refused by name.  A board whose document can
not be read has what its last good one said.  A peer whose publications go back is not
believed (P7), and neither is one that mirrors this node, directly or through others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.catalog.model import BoardPage, Catalog, CatalogBoard, Problem
from mirror.errors import DigestMismatchError, SelfUpstreamError, UpstreamError, WentBackError
from mirror.upstream.answers import PageAnswer, Validators
from mirror.upstream.peer_memory import KnownPeer, Reached
from mirror.upstream.peer_urls import ROOT_PATH, blob_url, board_key
from mirror.upstream.site import Crawl, Unread
from mirror.upstream.visits import Visit, Visits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mirror.catalog.values import Digest
    from mirror.publication.foreign import PeerContent, PeerRoot
    from mirror.upstream.memory import PageMemory, PageSource
    from mirror.upstream.peer_memory import PeerMemory, PeerReader
    from mirror.upstream.visits import CrawlTerms


async def crawl_peer(
    fetcher: PageSource,
    reader: PeerReader,
    pages: PageMemory,
    peers: PeerMemory,
    terms: CrawlTerms,
) -> Crawl:
    """Read what the mirror behind *fetcher* publishes, and return what it lists.

    Raises what happened to its root or content root: `DocumentRefusedError`,
    `DigestMismatchError`, `WentBackError`, `SelfUpstreamError` when it mirrors this node;
    and every `MirrorError` that concerns it as a whole.  Documents that were read until then
    stay remembered.
    """
    asking = _Peer(fetcher, reader, peers, terms)
    known = await asking.known()
    return await asking.boards(known, pages)


class _Peer:
    """One crawl of another mirror under way."""

    def __init__(
        self, fetcher: PageSource, reader: PeerReader, peers: PeerMemory, terms: CrawlTerms
    ) -> None:
        self._upstream = fetcher.upstream
        self._fetcher = fetcher
        self._reader = reader
        self._peers = peers
        self._terms = terms
        self._asked = 0

    async def known(self) -> KnownPeer:
        """Return the mirror as it is now, remembered from now on."""
        before = await self._peers.find(self._upstream)
        if before is not None and before.reader != self._terms.reader_version:
            before = None
        url = self._upstream + ROOT_PATH
        answer = await self._ask(url, before.validators if before else Validators())
        if answer is None or (before is not None and answer.digest == before.root_digest):
            if before is None:
                raise UpstreamError(f"{url}: answered 304 to a request without conditions")
            self._refuse_ourselves(before.root, before.content)
            return before
        known = await self._read(answer, before)
        await self._peers.remember(self._upstream, known)
        return known

    async def boards(self, known: KnownPeer, pages: PageMemory) -> Crawl:
        """Read the documents of the boards that differ, and put the catalog together."""
        digests = {board_key(self._upstream, board): board for board in known.content.boards}
        source = _Documents(
            self._fetcher,
            self._peers,
            {key: known.content.boards[board] for key, board in digests.items()},
        )
        # Digests say what was read before, so only the same publication is continued.
        terms = replace(self._terms, crawl_id=f"{self._terms.crawl_id} {known.root_digest}")
        visits = Visits(source, pages, terms)
        visits.expect(len(digests))
        asked_for = {
            board: Visit(key, BoardPage, _reading(self._reader, key, board))
            for key, board in digests.items()
        }
        outcomes = await visits.all(asked_for)
        found = _Found(frozenset(known.content.recalled))
        for board in sorted(outcomes):
            outcome = outcomes[board]
            good = outcome if isinstance(outcome, BoardPage) else None
            page = good or await visits.last_good(asked_for[board])
            found.add(asked_for[board].url, page, None if good else str(outcome))
        return Crawl(
            catalog=Catalog(
                known.content.upstream, tuple(found.boards), tuple(dict.fromkeys(found.problems))
            ),
            unread=tuple(found.unread),
            asked=self._asked + source.asked,
            parsed=visits.parsed,
            through=known.content.lineages,
        )

    async def _read(self, answer: PageAnswer, before: KnownPeer | None) -> KnownPeer:
        root = await self._reader.read_peer_root(answer.body, answer.url)
        await self._refuse_going_back(root, answer)
        if before is not None and before.root.content == root.content:
            content = before.content
        else:
            content = await self._content(root)
        self._refuse_ourselves(root, content)
        await self._peers.reach(root.lineage, Reached(root.sequence, answer.digest))
        reader = self._terms.reader_version
        return KnownPeer(root, answer.digest, content, reader, answer.validators)

    async def _content(self, root: PeerRoot) -> PeerContent:
        url = blob_url(self._upstream, root.content)
        answer = await self._ask(url, Validators())
        _refuse_other_bytes(url, root.content, answer)
        return await self._reader.read_peer_content(answer.body if answer else b"", url)

    async def _ask(self, url: str, since: Validators) -> PageAnswer | None:
        self._asked += 1
        return await self._fetcher.changed_page(url, since)

    async def _refuse_going_back(self, root: PeerRoot, answer: PageAnswer) -> None:
        seen = await self._peers.reached(root.lineage)
        if seen is None:
            return
        if root.sequence < seen.sequence:
            raise WentBackError(
                f"{answer.url}: publication {root.sequence}, after {seen.sequence} of the same "
                f"lineage {root.lineage}: publications never go back"
            )
        if root.sequence == seen.sequence and answer.digest != seen.root:
            raise WentBackError(
                f"{answer.url}: publication {root.sequence} is {answer.digest}, and was "
                f"{seen.root}: one publication can not be two"
            )

    def _refuse_ourselves(self, root: PeerRoot, content: PeerContent) -> None:
        own = self._peers.lineage
        if own == root.lineage:
            raise SelfUpstreamError(f"{self._upstream}: upstream is this mirror; check DNS")
        if own in content.lineages:
            raise SelfUpstreamError(
                f"{self._upstream}: upstream has its content from this mirror: mirrors in a "
                "circle have no upstream; set upstream.url of one of them to the site"
            )


class _Found:
    """The boards of a catalog, put together one by one."""

    def __init__(self, recalled: frozenset[Digest]) -> None:
        self.boards: list[CatalogBoard] = []
        self.problems: list[Problem] = []
        self.unread: list[Unread] = []
        self._recalled = recalled

    def add(self, url: str, page: BoardPage | None, stale: str | None) -> None:
        """Add what *page* says; without one the board is left out, and named as unread."""
        if stale is not None:
            self.unread.append(Unread(page.facts.page if page else url, stale))
        if page is None:
            return
        self.problems += [replace(problem, page=page.facts.page) for problem in page.problems]
        taken = tuple(one for one in page.listings if one.digest not in self._recalled)
        self.problems += [
            Problem("recalled", str(one.name), page.facts.page)
            for one in page.listings
            if one.digest in self._recalled
        ]
        self.boards.append(CatalogBoard(page.facts, taken, stale))


class _Documents:
    """Board documents as pages: unchanged is one whose digest was read before.

    ``asked`` counts requests.
    """

    def __init__(self, fetcher: PageSource, peers: PeerMemory, digests: dict[str, Digest]) -> None:
        self.upstream = fetcher.upstream
        self.asked = 0
        self._fetcher = fetcher
        self._peers = peers
        self._digests = digests

    async def changed_page(self, url: str, since: Validators) -> PageAnswer | None:
        digest = self._digests[url]
        if since.etag == str(digest):
            return None
        body = await self._peers.held(digest)
        if body is None:
            body = await self._fetched(digest)
        return PageAnswer(url, url, body, digest, Validators(etag=str(digest)))

    async def _fetched(self, digest: Digest) -> bytes:
        url = blob_url(self.upstream, digest)
        self.asked += 1
        answer = await self._fetcher.changed_page(url, Validators())
        _refuse_other_bytes(url, digest, answer)
        return answer.body if answer else b""


def _refuse_other_bytes(url: str, digest: Digest, answer: PageAnswer | None) -> None:
    if answer is None:
        raise UpstreamError(f"{url}: answered 304 to a request without conditions")
    if answer.digest != digest:
        raise DigestMismatchError(f"{url}: sent bytes of {answer.digest}")


def _reading(
    reader: PeerReader, url: str, board: str
) -> Callable[[bytes, BoardPage | None], Awaitable[BoardPage]]:
    async def read(document: bytes, _known: BoardPage | None) -> BoardPage:
        return await reader.read_peer_board(document, url, board)

    return read
