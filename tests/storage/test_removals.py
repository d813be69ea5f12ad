"""What is let go is gone durably; what somebody has just put is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import StorageError
from mirror.storage.entries import Removal
from mirror.storage.files import Files
from tests.storage.disks import EIO, FailingDisk, every_operation
from tests.storage.power import RecordingDisk, Remove, SyncFolder
from tests.storage.samples import NOON, names, sighting

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.blob_store import BlobStore
    from mirror.storage.publications import Publications
    from mirror.storage.store import Store


async def test_what_was_put_lately_stays_until_it_is_named(blobs: BlobStore) -> None:
    digest = await blobs.put(b"bytes")
    before = await blobs.removals.remove([digest])
    blobs.removals.named(digest)
    after = await blobs.removals.remove([digest])

    assert (before, after, blobs.holds(digest)) == ([], [digest], False)


async def test_what_is_put_again_while_it_is_held_stays_too(blobs: BlobStore) -> None:
    digest = await blobs.put(b"bytes")
    blobs.removals.named(digest)
    await blobs.put(b"bytes")

    assert await blobs.removals.remove([digest]) == []


async def test_what_the_ledger_names_may_go(store: Store) -> None:
    digest = await store.blobs.put(b"bytes")
    before = store.blobs.removals.spared(digest)
    await store.ledger.append([sighting("a", b"bytes")])

    assert (before, store.blobs.removals.spared(digest)) == (True, False)


async def test_size_and_age_are_told_of_what_is_held(blobs: BlobStore) -> None:
    digest = await blobs.put(b"bytes")
    weights = await blobs.removals.weigh([digest, Digest.of(b"others")])

    assert list(weights) == [digest]
    assert weights[digest].size == 5
    assert 0 <= weights[digest].age < 3600


async def test_each_folder_is_synced_once_after_its_names_are_gone(tmp_path: Path) -> None:
    disk = RecordingDisk()
    files = Files(disk)
    paths = [tmp_path / name for name in ("a", "b", "c")]
    files.write_all(dict.fromkeys(paths, b"x"))
    disk.log.clear()
    files.remove_all([*paths, tmp_path / "absent"])

    assert disk.log == [*map(Remove, paths), SyncFolder(tmp_path)]


async def test_a_removal_that_fails_leaves_whole_files(blobs: BlobStore) -> None:
    disk = FailingDisk()
    files = Files(disk)
    for n in every_operation(disk):
        digests = await blobs.put_many([bytes([number]) for number in range(3)])
        for digest in digests:
            blobs.removals.named(digest)
        paths = [blobs._path(digest) for digest in digests]  # noqa: SLF001 - where they lie
        with disk.broken(n, EIO):
            files.remove_all(paths)

        assert all(blobs.holds(d) is p.exists() for d, p in zip(digests, paths, strict=True))


async def test_a_removal_makes_all_its_names_not_held(store: Store) -> None:
    digest = Digest.of(b"bytes")
    twins = [sighting("a", b"bytes"), sighting("b", b"bytes"), sighting("c", b"others")]
    await store.ledger.append(twins)
    await store.ledger.append([Removal(NOON, digest, ("a", "b"), 5, "why")])

    assert [one.name async for one in store.index.held()] == ["c"]
    assert await store.index.held_among([digest, Digest.of(b"others")]) == {Digest.of(b"others")}


async def test_a_removal_of_other_bytes_changes_nothing(store: Store) -> None:
    await store.ledger.append([sighting("a", b"bytes")])
    await store.ledger.append([Removal(NOON, Digest.of(b"later"), ("a", "unknown"), 5, "why")])

    assert [one.name async for one in store.index.held()] == ["a"]


async def test_what_is_seen_again_after_a_removal_is_held(store: Store) -> None:
    """Also when all of it is followed at once."""
    seen = sighting("a", b"bytes")
    removal = Removal(NOON, seen.digest, ("a",), 5, "why")
    await store.ledger.append([seen, removal, seen])

    assert [one.name async for one in store.index.held()] == ["a"]


async def test_bytes_of_two_names_are_counted_once(store: Store) -> None:
    await store.ledger.append([sighting("a", b"bytes"), sighting("b", b"bytes")])
    await store.ledger.append([sighting("c", b"others")])

    assert await store.index.held_bytes() == 11


@pytest.fixture
async def published(store: Store) -> Publications:
    """Three publications, of which a channel points to the second."""
    for sequence in (1, 2, 3):
        root = await store.blobs.put(f"root {sequence}".encode())
        await store.publications.publish(sequence, root)
    await store.publications.point("lab", await store.publications.root(2), after=None)
    return store.publications


async def test_a_publication_that_is_forgotten_is_no_more(
    published: Publications, tmp_path: Path
) -> None:
    await published.forget([1])

    assert await published.sequences() == (2, 3)
    assert names(tmp_path / "data" / "publications") == ["2", "3"]
    assert await published.channels() == ("current", "lab")


@pytest.mark.parametrize("sequence", [2, 3])
async def test_what_a_channel_points_to_is_not_forgotten(
    published: Publications, sequence: int
) -> None:
    with pytest.raises(StorageError, match=f"points to publication {sequence}"):
        await published.forget([1, sequence])

    assert await published.sequences() == (1, 2, 3)
