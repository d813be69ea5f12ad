"""What every reader of a store can rely on: the writer itself, and a reader beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError, DamagedError, PublicationNotFoundError
from mirror.storage.store import Store
from tests.storage.samples import decision, sighting

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.store import StoreReader

DATA = b"some bytes"


@pytest.fixture(params=["writer", "reader"])
async def reading(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> StoreReader:
    """Return the store in both ways in which it can be read."""
    return store if request.param == "writer" else await Store.open_for_reading(tmp_path / "data")


async def test_a_blob_is_read_as_soon_as_it_is_put(store: Store, reading: StoreReader) -> None:
    """Whole, with its size, opened or at once."""
    digest = await store.blobs.put(DATA)
    with await reading.blobs.open(digest) as blob:
        assert (blob.file.read(), blob.size) == (DATA, len(DATA))

    assert await reading.blobs.read(digest, max_bytes=100) == DATA
    assert await reading.blobs.size(digest) == len(DATA)


async def test_what_is_held_can_be_listed(store: Store, reading: StoreReader) -> None:
    """Every blob, and which of some are missing."""
    digests = await store.blobs.put_many([b"a", b"b", b"c"])
    other = Digest.of(b"other")

    assert [digest async for digest in reading.blobs.digests()] == sorted(digests)
    assert await reading.blobs.missing([*digests, other]) == {other}


async def test_a_blob_that_is_not_held_is_not_found(reading: StoreReader) -> None:
    """By its own name for that."""
    with pytest.raises(ArtifactNotFoundError):
        await reading.blobs.open(Digest.of(b"other"))


async def test_damage_is_never_read(store: Store, reading: StoreReader, tmp_path: Path) -> None:
    """Whoever reads, whatever was hashed before."""
    digest = await store.blobs.put(DATA)
    (await reading.blobs.open(digest)).close()
    path = tmp_path / "data" / "blobs" / "sha256" / digest.hex[:2] / digest.hex
    path.chmod(0o644)
    path.write_bytes(DATA.upper())
    with pytest.raises(DamagedError):
        await reading.blobs.open(digest)
    with pytest.raises(DamagedError):
        await reading.blobs.read(digest, max_bytes=100)
    with pytest.raises(DamagedError):
        await reading.blobs.check(digest)


async def test_a_publication_is_seen_when_it_is_published(
    store: Store, reading: StoreReader
) -> None:
    """Pointer, token, sequences and root, together."""
    before = reading.publications.changed()
    digest = await store.blobs.put(b"root")
    await store.publications.publish(3, digest)

    assert (await reading.publications.current(), await reading.publications.root(3)) == (
        digest,
        digest,
    )
    assert await reading.publications.sequences() == (3,)
    assert reading.publications.changed() != before


async def test_what_was_not_published_is_not_found(reading: StoreReader) -> None:
    """No sequences, no channel, no root."""
    with pytest.raises(PublicationNotFoundError):
        await reading.publications.root(1)

    assert await reading.publications.current("lab-stable") is None


async def test_the_ledger_is_read_to_its_end(store: Store, reading: StoreReader) -> None:
    """Every entry that was appended, and the chain holds."""
    await store.ledger.append([sighting("a", b"a"), decision("b")])
    entries = [recorded.entry async for recorded in reading.ledger.entries()]

    assert entries == [sighting("a", b"a"), decision("b")]
    assert await reading.ledger.verify() == store.ledger.head


async def test_the_ids_of_the_node_are_the_same_for_all(store: Store, reading: StoreReader) -> None:
    """One lineage, one node."""
    assert reading.node == store.node
