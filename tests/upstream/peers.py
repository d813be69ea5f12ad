"""A mirror made of documents that a test writes, served on a real socket, and its crawler."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mirror.catalog.model import BoardPage, Listing
from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.publication.documents import ContentRoot, Origin, PublicationRoot, encode
from mirror.publication.foreign import (
    PeerContent,
    PeerRoot,
    read_peer_board,
    read_peer_content,
    read_peer_root,
)
from mirror.publication.tree import render_board
from mirror.upstream.peer_memory import KnownPeer, Reached
from mirror.upstream.peer_urls import ROOT_PATH
from mirror.upstream.recognition import crawl_any
from mirror.upstream.visits import CrawlTerms
from tests.publication.examples import SOURCE, facts, held
from tests.upstream.conftest import making
from tests.upstream.doubles import START, Clock, PageFolder, PlainReader
from tests.upstream.scripted import Scripted, reply

if TYPE_CHECKING:
    from mirror.upstream.site import Crawl

SITE = "https://micropython.org"
LINEAGE = "0a" * 16
OURS = "0b" * 16
NODE = "X-Mpmirror-Node: another-node"


def file_of(board: str, version: str = "v1.28.0") -> str:
    """Return the name of a file of *board*."""
    return f"{board}-20260406-{version}.bin"


def document(board: str, *versions: str) -> bytes:
    """Return a board document with one file of each version, and one on demand."""
    offer = ArtifactName.parse(file_of(board, "v1.1.0"))
    artifacts = [held(file_of(board, version)) for version in versions or ("v1.28.0",)]
    offered = [Listing(offer, SOURCE, board, 0)]
    return encode(render_board(facts(board), artifacts, {}, offered))


@dataclass(slots=True)
class FakePeer:
    """A mirror; `publish` makes its current publication, and `blob` overwrites what it sends."""

    server: Scripted
    lineage: str = LINEAGE
    sequence: int = 0
    through: tuple[str, ...] = ()
    recalled: tuple[Digest, ...] = ()

    def publish(self, *documents: bytes, boards: tuple[str, ...] = ("AAA", "BBB")) -> None:
        """Publish one document for each of *boards*, in this order."""
        named = {board: self.blob(data) for board, data in zip(boards, documents, strict=False)}
        content = ContentRoot(
            origin=Origin(self.lineage, max(self.sequence, 1)),
            previous=None,
            published="2026-04-07T06:00:00Z",
            upstream=SITE,
            boards=named,
            recalled=self.recalled,
            through=self.through,
        )
        self.sequence += 1
        self.point(encode(content))

    def point(self, content: bytes) -> None:
        """Publish what says that *content* is the content, whatever it is."""
        root = PublicationRoot(
            lineage=self.lineage,
            channel="current",
            sequence=self.sequence,
            previous=None,
            published="2026-04-07T06:00:00Z",
            content=self.blob(content),
        )
        self.root(encode(root))

    def root(self, data: bytes) -> None:
        """Answer with *data* where the root is asked for."""
        self.server.answer(ROOT_PATH, reply(200, data, NODE))

    def blob(self, data: bytes, digest: Digest | None = None) -> Digest:
        """Send *data* where *digest* (its own, if none is given) is asked for."""
        digest = digest or Digest.of(data)
        self.server.answer(f"/v1/blobs/{digest}", reply(200, data, NODE))
        return digest


class PlainPeerReader(PlainReader):
    """Reads documents in this process: those of the tests are our own."""

    async def read_peer_root(self, document: bytes, url: str) -> PeerRoot:
        """Read a root."""
        return read_peer_root(document, url)

    async def read_peer_content(self, document: bytes, url: str) -> PeerContent:
        """Read a content root."""
        return read_peer_content(document, url)

    async def read_peer_board(self, document: bytes, url: str, board: str) -> BoardPage:
        """Read a board's document."""
        return read_peer_board(document, url, board)


@dataclass(slots=True)
class PlainMemory:
    """What is remembered of mirrors, in memory."""

    lineage: str = OURS
    known: dict[str, KnownPeer] = field(default_factory=dict)
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    places: dict[str, Reached] = field(default_factory=dict)

    async def find(self, upstream: str) -> KnownPeer | None:
        """Look."""
        return self.known.get(upstream)

    async def remember(self, upstream: str, known: KnownPeer) -> None:
        """Keep it, through its JSON."""
        self.known[upstream] = type(known).from_json(known.to_json())

    async def forget(self, upstream: str) -> None:
        """Drop it."""
        del self.known[upstream]

    async def held(self, digest: Digest) -> bytes | None:
        """Look."""
        return self.blobs.get(digest)

    async def reached(self, lineage: str) -> Reached | None:
        """Look."""
        return self.places.get(lineage)

    async def reach(self, lineage: str, place: Reached) -> None:
        """Keep it."""
        self.places[lineage] = place


@dataclass(slots=True)
class PeerCrawler:
    """Crawls the mirror at *base*, again and again, with one memory."""

    base: str
    pages: PageFolder
    peers: PlainMemory = field(default_factory=PlainMemory)
    crawls: int = 0

    async def crawl(self, version: str = "1") -> Crawl:
        """Crawl once, from a fresh start of the program."""
        self.crawls += 1
        terms = CrawlTerms(f"crawl {self.crawls}", START, version)
        async with making(self.base, Clock()) as fetcher:
            return await crawl_any(fetcher, PlainPeerReader(), self.pages, self.peers, terms)
