"""A publication in memory is the publication of the store, and small."""

from __future__ import annotations

import hashlib
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import ArtifactNotFoundError, DamagedError, MalformedValueError
from mirror.publication.documents import ContentRoot, Origin, PublicationRoot, encode
from mirror.web.artifacts import read_names
from mirror.web.bench import Bench
from mirror.web.loading import load
from tests.web.building import NOON, USUAL, Builder, boards_of
from tests.web.large import BOARDS, FILES, large_documents

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def root_of_other_board(builder: Builder) -> Digest:
    """Publish a content root that calls one board by the name of another."""
    board = boards_of(USUAL)[0]
    put = builder.store.blobs.put
    content = ContentRoot(
        origin=Origin("l", 2),
        previous=None,
        published=NOON.isoformat(),
        upstream="https://micropython.org",
        boards={"OTHER": await put(encode(board))},
    )
    root = PublicationRoot("l", "current", 2, None, NOON.isoformat(), await put(encode(content)))
    return await put(encode(root))


async def test_every_board_of_the_feed_is_the_document_of_the_store(
    builder: Builder, bench: Bench
) -> None:
    root = await builder.publish(USUAL)
    loaded = await load(builder.store.blobs, root, bench)
    slices = {
        board: Digest.of(loaded.feed[entry.start : entry.stop])
        for board, entry in loaded.boards.items()
    }

    assert loaded.content.boards == slices


async def test_every_artifact_is_found_by_its_name(builder: Builder, bench: Bench) -> None:
    root = await builder.publish(USUAL)
    loaded = await load(builder.store.blobs, root, bench)
    digests = {name: artifact.digest for name, artifact in loaded.artifacts.items()}

    assert {name: Digest.of(data) for name, data in USUAL.items()} == digests


async def test_the_feed_has_the_digest_of_its_bytes(builder: Builder, bench: Bench) -> None:
    loaded = await load(builder.store.blobs, await builder.publish(USUAL), bench)

    assert hashlib.sha256(loaded.feed).hexdigest() == loaded.feed_digest


async def test_boards_that_did_not_change_are_shared(builder: Builder, bench: Bench) -> None:
    """The second publication holds the artifacts of the first, not equal ones."""
    blobs = builder.store.blobs
    first = await load(blobs, await builder.publish(USUAL), bench)
    second = await load(blobs, await builder.publish(USUAL), bench, first)

    assert all(second.artifacts[name] is first.artifacts[name] for name in USUAL)


async def test_a_publication_that_is_not_held_can_not_be_loaded(
    builder: Builder, bench: Bench
) -> None:
    with pytest.raises(ArtifactNotFoundError):
        await load(builder.store.blobs, Digest.of(b"nothing"), bench)


async def test_a_damaged_board_document_keeps_the_publication_out(
    builder: Builder, bench: Bench, data: Path
) -> None:
    root = await builder.publish(USUAL)
    digest = Digest.of(encode(boards_of(USUAL)[0]))
    path = data / "blobs" / "sha256" / digest.hex[:2] / digest.hex
    path.chmod(0o644)
    path.write_bytes(b"{}")

    with pytest.raises(DamagedError):
        await load(builder.store.blobs, root, bench)


async def test_a_board_under_the_name_of_another_is_refused(builder: Builder, bench: Bench) -> None:
    root = await root_of_other_board(builder)

    with pytest.raises(MalformedValueError, match="OTHER is that of ESP32_GENERIC"):
        await load(builder.store.blobs, root, bench)


def test_twenty_thousand_artifacts_are_read_in_well_under_a_second() -> None:
    """Measured 0.2 s on one core; the bound leaves room for a busy machine."""
    documents = large_documents()
    begun = time.process_time()
    count = sum(len(read_names(document).artifacts) for document in documents)
    seconds = time.process_time() - begun

    assert (count, seconds < 1.0) == (BOARDS * FILES, True)


def test_an_artifact_takes_less_than_four_hundred_bytes() -> None:
    documents = large_documents()
    tracemalloc.start()
    boards = [read_names(document) for document in documents]
    names = {artifact.name: artifact for board in boards for artifact in board.artifacts}
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size / len(names) < 400
