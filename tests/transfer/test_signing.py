"""What a node publishes is signed, and served beside what it signs; old data stop at a line."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.config import Given, load_settings
from mirror.daemon.health import old_data
from mirror.daemon.once import sync_once
from mirror.daemon.parts import now, terms_of
from mirror.daemon.signing import signer_of
from mirror.errors import KeyRefusedError
from mirror.publication.documents import decode_content
from mirror.publication.freshness import decode_freshness
from mirror.publication.statements import Statement, Type
from mirror.storage.crawled import LastCrawl, write_last_crawl
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.freshness import find_freshness
from mirror.storage.store import Store
from mirror.transfer.keys import PublicKey, Signature, verify_statement
from mirror.transfer.keys.node_keys import NodeSigner, find_or_make_signer
from mirror.web.app import Serving
from tests.replica import Replica
from tests.sync.node import MORNING, node_at
from tests.transfer.keys.samples import key, minisign, needs_minisign
from tests.web.building import Builder, opened
from tests.web.conftest import served, status
from tests.web.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.sync.node import TestNode


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[TestNode]:
    """A node that signs, with one publication of one board."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        node.store.signatures.signer = NodeSigner((key(),))
        await node.sync()
        yield node


async def said_of(node: TestNode, digest: Digest, wanted: Type) -> Statement:
    """Return what the sample key says of a document of *node*."""
    signatures = await node.store.signatures.of(digest)
    signature = Signature.parse(signatures[key().key_id])
    return verify_statement(await node.read(digest), signature, [key().public], wanted)


async def test_a_publication_is_signed_with_its_content_and_sums(node: TestNode) -> None:
    """Each as what it is, with lineage and sequence."""
    root = await node.root()
    digest = await node.store.publications.current()
    assert digest is not None
    content = decode_content(await node.read(root.content))
    sums = root.documents["/resources/firmware/SHA256SUMS"].digest

    lineage = node.store.node.lineage
    assert await said_of(node, digest, Type.PUBLICATION) == Statement(
        Type.PUBLICATION, lineage, root.sequence
    )
    assert await said_of(node, root.content, Type.CONTENT) == Statement(Type.CONTENT, lineage, 1)
    assert await said_of(node, sums, Type.SUMS) == Statement(Type.SUMS, lineage, root.sequence)
    assert content.origin.key == key().key_id


async def test_the_public_key_is_shown_for_who_meets_the_mirror_first(node: TestNode) -> None:
    """As a document of the publication, in the form that minisign takes."""
    shown = (await node.root()).documents["/v1/key.pub"]

    assert PublicKey.parse(await node.read(shown.digest)) == key().public


async def test_during_an_overlap_both_keys_sign(node: TestNode) -> None:
    """The present one comes first."""
    signer = NodeSigner((key(2), key(1)))
    digest = Digest.of(b"x")
    node.store.signatures.signer = signer
    await node.store.signatures.sign({digest: (b"x", Statement(Type.SUMS, "0" * 32, 1))})

    assert list(await node.store.signatures.of(digest)) == [key(2).key_id, key(1).key_id]


async def test_signatures_of_others_are_kept_beside_ours(node: TestNode) -> None:
    """Adding takes none away, and what is forgotten is that document's alone."""
    root = await node.root()
    await node.store.signatures.add({root.content: {key(9).key_id: "theirs"}})
    both = await node.store.signatures.of(root.content)
    await node.store.signatures.forget([root.previous or Digest.of(b"x"), Digest.of(b"y")])
    kept = await node.store.signatures.of(root.content)
    await node.store.signatures.forget([root.content])

    assert set(both) == {key(1).key_id, key(9).key_id}
    assert kept == both
    assert await node.store.signatures.of(root.content) == {}


@needs_minisign
async def test_minisign_verifies_what_is_served(node: TestNode, tmp_path: Path) -> None:
    """Root, content and sums, fetched as a client does."""
    told = Serving(node="n" * 32, status=status, signatures=node.store.signatures.of)
    async with served(node.store, told=told) as site:
        for path in ("/v1/root.json", "/v1/content.json", "/resources/firmware/SHA256SUMS"):
            (tmp_path / "document").write_bytes((await site.client.get(path)).body)
            signature = await site.client.get(f"{path}.minisig")
            (tmp_path / "document.minisig").write_bytes(signature.body)
            done = minisign(tmp_path, "-Vm", "document", "-P", key().public.line)

            assert done.returncode == 0, (path, done.stderr)
            assert f"origin:{node.store.node.lineage}" in done.stdout


async def test_a_signature_can_be_asked_for_by_key(node: TestNode) -> None:
    """Another key has none there."""
    told = Serving(node="n" * 32, status=status, signatures=node.store.signatures.of)
    async with served(node.store, told=told) as site:
        known = await site.client.get(f"/v1/root.json.minisig?key={key().key_id}")
        other = await site.client.get(f"/v1/root.json.minisig?key={key(2).key_id}")
        odd = await site.client.get("/v1/root.json.minisig?board=X")

    assert (known.status, other.status, odd.status) == (200, 404, 400)


async def test_freshness_is_renewed_by_a_crawl_without_news(tmp_path: Path) -> None:
    """The root stays; the time of the look, and its signature, do not."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    async with replica.running() as url:
        chosen = {"upstream.url": url, "upstream.requests_per_second": 0, "disk.keep_free": "1kB"}
        flags = {name: Given(value, "test") for name, value in chosen.items()}
        flags["data_dir"] = Given(str(tmp_path / "data"), "test")
        settings = load_settings({}, tmp_path, file=Path(os.devnull), flags=flags)
        signer = await signer_of(settings)
        pages = []
        opening = Store.open(settings.data_dir, clock=now, terms=terms_of(settings), signer=signer)
        async with opening as store:
            for _ in range(2):
                await sync_once(settings, store, lambda _step: None)
                pages.append(find_freshness(settings.data_dir))
            root = await store.publications.current()

    first, second = pages
    assert first is not None
    assert second is not None
    fresh = decode_freshness(second.page.encode())
    assert fresh.root == root
    assert decode_freshness(first.page.encode()).root == root
    public = [one.public for one in signer.keys]
    signature = Signature.parse(second.signatures[signer.key_id])
    said = verify_statement(second.page.encode(), signature, public, Type.FRESHNESS)
    assert (said.origin, said.sequence) == (fresh.lineage, fresh.sequence)


def test_the_key_of_a_node_is_made_once_and_is_its_own(tmp_path: Path) -> None:
    """The secret is for its owner, also its folder; the next start finds the same key."""
    first = find_or_make_signer(tmp_path / "k" / "keys", Files(Disk()), os.urandom)
    again = find_or_make_signer(tmp_path / "k" / "keys", Files(Disk()), os.urandom)

    assert first == again
    assert (tmp_path / "k" / "keys" / "node.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "k" / "keys").stat().st_mode & 0o777 == 0o700


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """Who could read it could have signed: a person has to look."""
    find_or_make_signer(tmp_path / "keys", Files(Disk()), os.urandom)
    (tmp_path / "keys" / "node.key").chmod(0o640)
    with pytest.raises(KeyRefusedError, match=r"can be read by others: chmod 600"):
        find_or_make_signer(tmp_path / "keys", Files(Disk()), os.urandom)


async def test_old_data_are_not_served_beyond_the_red_line(tmp_path: Path) -> None:
    """Documents and files are 503 then; how the mirror is can still be asked."""
    builder = Builder(opened(tmp_path / "data"))
    await builder.publish({"RPI_PICO_W-20260406-v1.28.0.uf2": b"bytes"})
    seen = LastCrawl(MORNING - timedelta(days=31), fresh_seconds=60.0)

    async def answers(stop_after: timedelta | None) -> dict[str, int]:
        told = Serving(
            node="n" * 32,
            status=status,
            clock=lambda: MORNING,
            last_crawl=lambda: seen,
            stop_after=stop_after,
        )
        paths = ["/v1/feed.json", "/v1/files/RPI_PICO_W-20260406-v1.28.0.uf2", "/v1/status.json"]
        async with served(builder.store, told=told) as site:

            async def has_looked() -> bool:
                got = await site.client.get("/v1/feed.json")
                return got.status == 503 or "age" in got.fields

            await until(has_looked)
            return {path: (await site.client.get(path)).status for path in paths}

    assert list((await answers(timedelta(days=32))).values()) == [200, 200, 200]
    assert list((await answers(None)).values()) == [200, 200, 200]
    assert list((await answers(timedelta(days=30))).values()) == [503, 503, 200]


def test_old_data_are_an_alarm(tmp_path: Path) -> None:
    """From the set age on, with the time of the last look."""
    data = str(tmp_path / "data")
    given = {"data_dir": Given(data, "test"), "freshness.warn_after": Given("30d", "test")}
    settings = load_settings({}, tmp_path, file=Path(os.devnull), flags=given)
    settings.data_dir.mkdir()
    write_last_crawl(settings.data_dir, LastCrawl(MORNING, 60.0), Files(Disk()))

    [alarm] = old_data(settings, MORNING + timedelta(days=31))
    assert old_data(settings, MORNING + timedelta(days=29)) == ()
    assert "at 2026-04-07T06:00:00Z, 31 days ago" in alarm.text
