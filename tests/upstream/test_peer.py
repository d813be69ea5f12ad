"""The crawl of another mirror: little is asked, and nothing is believed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import (
    DigestMismatchError,
    DocumentRefusedError,
    MirrorError,
    SelfUpstreamError,
    TooLargeError,
    UpstreamMissingError,
    UpstreamUnavailableError,
    WentBackError,
)
from mirror.upstream.peer_memory import KnownPeer
from mirror.upstream.peer_urls import ROOT_PATH, peer_address
from tests.upstream.doubles import PageFolder
from tests.upstream.peers import (
    LINEAGE,
    NODE,
    OURS,
    SITE,
    FakePeer,
    PeerCrawler,
    PlainMemory,
    document,
    file_of,
)
from tests.upstream.scripted import Reply, Scripted, Then, reply

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.catalog.model import CatalogBoard
    from mirror.upstream.site import Crawl

AAA, BBB = document("AAA"), document("BBB")
DIGEST = Digest.of(b"file")


@pytest.fixture
def peer(upstream: Scripted) -> FakePeer:
    """A mirror that has published two boards."""
    peer = FakePeer(upstream)
    upstream.answer("/download/", reply(404, b"", NODE))
    peer.publish(AAA, BBB)
    return peer


@pytest.fixture
def crawler(base: str, tmp_path: Path) -> PeerCrawler:
    """What crawls it."""
    return PeerCrawler(base, PageFolder(tmp_path))


def board(found: Crawl, name: str) -> CatalogBoard:
    """Return one board of a crawl."""
    return next(board for board in found.catalog.boards if board.facts.board == name)


# --- what it finds, and what it asks for -----------------------------------------------


@pytest.mark.usefixtures("peer")
async def test_a_mirror_is_recognised_and_lists_what_it_publishes(crawler: PeerCrawler) -> None:
    found = await crawler.crawl()
    [file, offer] = board(found, "AAA").listings

    assert (found.catalog.upstream, found.through) == (SITE, (LINEAGE,))
    assert (str(file.name), file.url) == (file_of("AAA"), f"{SITE}/resources/firmware/{file.name}")
    assert (file.digest, file.size) == (Digest.of(str(file.name).encode()), len(str(file.name)))
    assert (str(offer.name), offer.digest) == (file_of("AAA", "v1.1.0"), None)
    assert (found.unread, found.parsed) == ((), 2)


@pytest.mark.usefixtures("peer")
async def test_pages_that_a_mirror_serves_like_the_site_are_not_crawled(
    upstream: Scripted, crawler: PeerCrawler
) -> None:
    """The first answer says what it is, whatever its status."""
    upstream.answer("/download/", reply(200, b"<html></html>", NODE))
    await crawler.crawl()

    assert upstream.targets()[:2] == ["/download/", ROOT_PATH]


@pytest.mark.usefixtures("peer")
async def test_what_did_not_change_is_asked_for_once(
    upstream: Scripted, crawler: PeerCrawler
) -> None:
    first = await crawler.crawl()
    upstream.requests.clear()
    second = await crawler.crawl()

    assert second.catalog == first.catalog
    assert (upstream.targets(), second.asked, second.parsed) == ([ROOT_PATH], 1, 0)


async def test_the_root_is_asked_for_on_condition(
    upstream: Scripted, peer: FakePeer, crawler: PeerCrawler
) -> None:
    root = upstream.answers[ROOT_PATH][0].data.partition(b"\r\n\r\n")[2]
    upstream.answer(
        ROOT_PATH, reply(200, root, NODE, 'ETag: "one"'), reply(304, b"", NODE, 'ETag: "one"')
    )
    first = await crawler.crawl()
    second = await crawler.crawl()

    assert upstream.requests[-1].headers["if-none-match"] == '"one"'
    assert second.catalog == first.catalog
    assert peer.sequence == 1


async def test_a_document_that_is_held_is_not_asked_for(
    upstream: Scripted, peer: FakePeer, crawler: PeerCrawler
) -> None:
    crawler.peers.blobs[Digest.of(AAA)] = AAA
    found = await crawler.crawl()

    assert f"/v1/blobs/{Digest.of(AAA)}" not in upstream.targets()
    assert len(found.catalog.boards) == len((AAA, BBB))
    assert peer.sequence == 1


@pytest.mark.usefixtures("peer")
async def test_another_version_reads_everything_anew(crawler: PeerCrawler) -> None:
    await crawler.crawl()
    found = await crawler.crawl(version="2")

    assert found.parsed == len((AAA, BBB))


@pytest.mark.parametrize("root", [reply(404), reply(200, b"<html>Welcome!</html>")])
async def test_where_a_mirror_was_a_site_is_crawled_as_one(
    upstream: Scripted, peer: FakePeer, crawler: PeerCrawler, root: Reply
) -> None:
    await crawler.crawl()
    upstream.answers.clear()
    upstream.answer(ROOT_PATH, root)
    with pytest.raises(UpstreamMissingError, match="/download/"):
        await crawler.crawl()

    assert crawler.peers.known == {}
    assert peer.sequence == 1


async def test_a_mirror_that_has_published_nothing_stays_known(
    upstream: Scripted, crawler: PeerCrawler
) -> None:
    upstream.answer("/download/", reply(404, b"", NODE))
    upstream.answer(ROOT_PATH, reply(404, b"", NODE))

    with pytest.raises(UpstreamMissingError, match=r"root\.json"):
        await crawler.crawl()


async def test_a_recalled_digest_is_left_out_by_name(peer: FakePeer, crawler: PeerCrawler) -> None:
    peer.recalled = (Digest.of(file_of("AAA").encode()),)
    peer.publish(AAA, BBB)
    found = await crawler.crawl()

    names = [str(listing.name) for listing in board(found, "AAA").listings]
    assert names == [file_of("AAA", "v1.1.0")]
    assert [(one.rule, one.text) for one in found.catalog.problems] == [
        ("recalled", file_of("AAA"))
    ]


# --- what is not believed --------------------------------------------------------------


@pytest.mark.parametrize("own", [(OURS,), ("0c" * 16, OURS)])
async def test_mirrors_in_a_circle_are_refused(
    peer: FakePeer, crawler: PeerCrawler, own: tuple[str, ...]
) -> None:
    """Whether the other one has its content from us directly, or through a third."""
    peer.through = own
    peer.publish(AAA, BBB)

    with pytest.raises(SelfUpstreamError, match="in a circle"):
        await crawler.crawl()


async def test_our_own_lineage_is_refused(peer: FakePeer, crawler: PeerCrawler) -> None:
    peer.lineage = OURS
    peer.publish(AAA, BBB)

    with pytest.raises(SelfUpstreamError, match="upstream is this mirror"):
        await crawler.crawl()


async def test_a_sequence_that_went_back_is_refused(peer: FakePeer, crawler: PeerCrawler) -> None:
    """Also by who has forgotten everything else."""
    peer.publish(AAA, BBB)
    await crawler.crawl()
    peer.sequence = 0
    peer.publish(AAA)
    forgetful = PlainMemory(places=crawler.peers.places)
    crawler.peers = forgetful

    with pytest.raises(WentBackError, match="publication 1, after 2 of the same lineage"):
        await crawler.crawl()


async def test_two_publications_of_one_sequence_are_refused(
    peer: FakePeer, crawler: PeerCrawler
) -> None:
    await crawler.crawl()
    peer.sequence = 0
    peer.publish(BBB, AAA, boards=("BBB", "CCC"))

    with pytest.raises(WentBackError, match="one publication can not be two"):
        await crawler.crawl()


async def test_a_content_root_of_other_bytes_is_refused(
    upstream: Scripted, peer: FakePeer, crawler: PeerCrawler
) -> None:
    wanted = json.loads(upstream.answers[ROOT_PATH][0].data.partition(b"\r\n\r\n")[2])["content"]
    peer.blob(b"{}", Digest.parse(wanted))

    with pytest.raises(DigestMismatchError, match=wanted):
        await crawler.crawl()


ROOT = b'{"type":"mpmirror.publication","format":1,"lineage":"%s","channel":"current",'
BAD_ROOTS = {
    "empty": b"",
    "cut": (ROOT % LINEAGE.encode())[:-20],
    "deep": b"[" * 90_000,
    "deep inside": b'{"weather":' + b"[" * 40_000 + b"]" * 40_000 + b"}",
    "html": b"<html>hello</html>",
    "another document": AAA,
}


@pytest.mark.parametrize("data", BAD_ROOTS.values(), ids=BAD_ROOTS)
async def test_a_root_that_is_none_is_refused(
    peer: FakePeer, crawler: PeerCrawler, data: bytes
) -> None:
    peer.root(data)

    with pytest.raises(DocumentRefusedError, match=r"root\.json: "):
        await crawler.crawl()
    assert crawler.peers.places == {}


def content_with(**changes: object) -> bytes:
    """Return a content root that differs from a good one in one thing."""
    good = {
        "type": "mpmirror.content",
        "format": 1,
        "origin": {"lineage": LINEAGE, "sequence": 1},
        "previous": None,
        "published": "2026-04-07T06:00:00Z",
        "upstream": SITE,
        "boards": {},
    }
    return json.dumps({**good, **changes}).encode()


SOME = str(DIGEST)
BAD_CONTENTS = {
    "cut": content_with()[:-3],
    "a slash": content_with(boards={"../../etc": SOME}),
    "markup": content_with(boards={"<b>": SOME}),
    "a line break": content_with(boards={"RPI_PICO\n": SOME}),
    "no digest": content_with(boards={"AAA": "sha256:" + "A" * 64}),
    "a board twice": content_with(boards={"AAA": SOME}).replace(
        b'{"AAA"', b'{"AAA":"sha256:%s","AAA"' % (b"0" * 64)
    ),
    "no site": content_with(upstream="javascript:alert(1)"),
    "a site with a path": content_with(upstream="https://micropython.org/x"),
    "no lineage": content_with(origin={"lineage": "x", "sequence": 1}),
    "a way too long": content_with(through=[f"{number:032x}" for number in range(40)]),
    "critical": content_with(critical=["delegations"]),
    "a newer format": content_with(format=2),
}


@pytest.mark.parametrize("data", BAD_CONTENTS.values(), ids=BAD_CONTENTS)
async def test_a_content_root_that_no_mirror_writes_is_refused(
    peer: FakePeer, crawler: PeerCrawler, data: bytes
) -> None:
    """Whole, and nothing of it is remembered."""
    peer.point(data)

    with pytest.raises(DocumentRefusedError, match=f"blobs/{Digest.of(data)}: "):
        await crawler.crawl()
    assert (crawler.peers.known, crawler.peers.places) == ({}, {})


async def test_more_bytes_than_a_document_may_have_are_not_read(
    peer: FakePeer, crawler: PeerCrawler
) -> None:
    peer.root(b" " * 100_001)

    with pytest.raises(TooLargeError, match=r"root\.json"):
        await crawler.crawl()


async def test_a_root_that_is_cut_short_is_asked_for_again_and_then_a_failure(
    upstream: Scripted, peer: FakePeer, crawler: PeerCrawler
) -> None:
    upstream.answer(ROOT_PATH, reply(200, AAA, NODE, length=len(AAA) + 1, then=Then.CLOSE))

    with pytest.raises(UpstreamUnavailableError, match="cut short"):
        await crawler.crawl()
    assert peer.sequence == 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (BBB, "sent bytes of"),
        (b"", "sent bytes of"),
        (AAA[:-1], "sent bytes of"),
        (b"x" * 100_001, "a page of more than"),
    ],
    ids=["another", "none", "cut", "huge"],
)
async def test_a_board_of_other_bytes_keeps_what_it_had(
    peer: FakePeer, crawler: PeerCrawler, data: bytes, says: str
) -> None:
    """The other board goes on, and the next crawl mends it."""
    await crawler.crawl()
    newer, newer_too = document("AAA", "v1.29.0"), document("BBB", "v1.29.0")
    peer.publish(newer, newer_too)
    peer.blob(data, Digest.of(newer))
    found = await crawler.crawl()
    peer.blob(newer)
    mended = await crawler.crawl()

    [unread] = found.unread
    assert says in unread.reason
    assert str(Digest.of(newer)) in unread.reason
    assert says in (board(found, "AAA").stale or "")
    assert str(board(found, "AAA").listings[0].name) == file_of("AAA")
    assert str(board(found, "BBB").listings[0].name) == file_of("BBB", "v1.29.0")
    assert (mended.unread, board(mended, "AAA").stale) == ((), None)


async def test_a_board_that_was_never_read_is_left_out_and_named(
    peer: FakePeer, crawler: PeerCrawler
) -> None:
    peer.publish(AAA, BBB.replace(b'"BBB"', b'"CCC"'))
    found = await crawler.crawl()

    assert [one.facts.board for one in found.catalog.boards] == ["AAA"]
    assert [
        (one.page.partition("/v1")[2], one.reason.partition(".json: ")[2]) for one in found.unread
    ] == [("/boards/BBB.json", "is about 'CCC', not BBB")]


# --- memory and addresses --------------------------------------------------------------


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"null", b'{"root":1}'])
def test_a_memory_that_can_not_be_read_is_named(text: bytes) -> None:
    with pytest.raises(MirrorError, match="what is known of a mirror"):
        KnownPeer.from_json(text)


def test_a_file_is_asked_for_where_upstream_has_it() -> None:
    """At its own place on the site, by digest of a mirror, by name where none is known."""
    name = file_of("AAA")
    source = f"{SITE}/resources/firmware/{name}"

    assert peer_address(SITE, source, name, DIGEST) is None
    assert peer_address("http://10.0.0.1:8080", source, name, DIGEST) == (
        f"http://10.0.0.1:8080/v1/blobs/{DIGEST}"
    )
    assert peer_address("http://10.0.0.1:8080", source, name, None) == (
        f"http://10.0.0.1:8080/v1/files/{name}"
    )
