"""A client that began on one publication can finish on it for the grace period."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import BusyError, MalformedValueError
from mirror.publication.documents import encode
from mirror.web.bench import Bench
from mirror.web.loading import Loaded, load
from mirror.web.superseded import Superseded
from tests.web.building import ESP, NOON, PICO, PICO_OLD, Builder, boards_of, image, images

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

OTHER = "TEENSY41-20231005-v1.21.0.hex"
GRACE = timedelta(days=3)


class Clock:
    """A time of day that stands where it is put."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        """Return it."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def superseded(builder: Builder, clock: Clock) -> Superseded:
    return Superseded(builder.store, grace=GRACE, clock=clock)


async def publish(builder: Builder, *publications: Sequence[str]) -> Loaded:
    """Publish one after the other, and load the last."""
    roots = [await builder.publish(images(*names)) for names in publications]
    return await load(builder.store.blobs, roots[-1], Bench())


def place_of(builder: Builder, name: str) -> Path:
    """Return where the document lies of a board that has only the file *name*."""
    return builder.store.blobs.place(Digest.of(encode(boards_of(images(name))[0])))


async def test_a_name_that_is_gone_is_found_in_grace(
    builder: Builder, superseded: Superseded
) -> None:
    await superseded.look(await publish(builder, [PICO, ESP], [PICO_OLD, ESP], [ESP]))
    found = [await superseded.find(name) for name in (PICO, PICO_OLD)]
    digests = [artifact and artifact.digest for artifact in found]

    assert [Digest.of(image(PICO)), Digest.of(image(PICO_OLD))] == digests


async def test_a_name_is_found_until_grace_is_over_and_no_longer(
    builder: Builder, superseded: Superseded, clock: Clock
) -> None:
    await superseded.look(await publish(builder, [PICO, ESP], [ESP]))
    clock.now = builder.now + GRACE - timedelta(seconds=1)
    before = await superseded.find(PICO)
    clock.now = builder.now + GRACE
    after = await superseded.find(PICO)

    assert (before is not None, after) == (True, None)


async def test_a_node_that_was_down_gives_the_grace_it_could_not_give(
    builder: Builder, clock: Clock
) -> None:
    """What was superseded a month before the start is in grace from the start on."""
    current = await publish(builder, [PICO, ESP], [ESP])
    clock.now = NOON + timedelta(days=30)
    superseded = Superseded(builder.store, grace=GRACE, clock=clock)
    await superseded.look(current)

    assert await superseded.find(PICO) is not None


async def test_a_name_that_nobody_published_is_not_found(
    builder: Builder, superseded: Superseded
) -> None:
    await superseded.look(await publish(builder, [ESP]))

    assert await superseded.find("ESP32_GENERIC-20200902-v1.13.bin") is None


async def test_of_two_superseded_files_with_one_name_the_newer_is_found(
    builder: Builder, superseded: Superseded
) -> None:
    await builder.publish({PICO: b"older"})
    await builder.publish({PICO: b"newer"})
    await superseded.look(await publish(builder, [ESP]))
    found = await superseded.find(PICO)

    assert found is not None
    assert Digest.of(b"newer") == found.digest


async def test_who_asks_before_all_was_looked_through_is_told_to_ask_again(
    superseded: Superseded,
) -> None:
    with pytest.raises(BusyError):
        await superseded.find(PICO, seconds=0.01)


async def test_what_was_looked_through_is_not_read_again(
    builder: Builder, superseded: Superseded
) -> None:
    """What was served is found, and later too what was found beside it, without a document."""
    await superseded.look(await publish(builder, [OTHER], [OTHER, ESP]))
    place_of(builder, OTHER).unlink()
    found = []
    for _ in range(2):
        await superseded.look(await publish(builder, [ESP]))
        found.append(await superseded.find(OTHER))

    assert [artifact and artifact.name for artifact in found] == [OTHER, OTHER]


async def test_what_could_not_be_read_is_read_at_the_next_look(
    builder: Builder, superseded: Superseded
) -> None:
    current = await publish(builder, [OTHER], [ESP])
    document = place_of(builder, OTHER).read_bytes()
    place_of(builder, OTHER).unlink()
    await superseded.look(current)
    lost = await superseded.find(OTHER)
    await builder.store.blobs.put(document)
    await superseded.look(await publish(builder, [PICO]))

    assert (lost, await superseded.find(OTHER) is not None) == (None, True)


@pytest.mark.parametrize("seed", range(4))
async def test_who_looked_before_finds_what_who_looks_first_finds(
    builder: Builder, superseded: Superseded, clock: Clock, seed: int
) -> None:
    """Whatever was published in between, and however much of it at once."""
    random, names = Random(seed), [PICO, PICO_OLD, ESP, OTHER]  # noqa: S311 - a seeded history
    for _ in range(12):
        for _ in range(random.randint(1, 3)):
            some = random.sample(names, random.randint(1, 3))
            await builder.publish({name: random.randbytes(4) for name in some})
        root = await builder.store.publications.root(builder.sequence)
        current = await load(builder.store.blobs, root, Bench())
        first = Superseded(builder.store, grace=GRACE, clock=clock)
        await first.look(current)
        await superseded.look(current)
        found = [await superseded.find(name) for name in names]

        assert [await first.find(name) for name in names] == found


async def test_a_board_document_that_is_gone_hides_no_other_board(
    builder: Builder, superseded: Superseded
) -> None:
    current = await publish(builder, [PICO, OTHER], [ESP])
    place_of(builder, OTHER).unlink()
    await superseded.look(current)
    found = [await superseded.find(name) for name in (PICO, OTHER)]

    assert [artifact is not None for artifact in found] == [True, False]


@pytest.mark.parametrize("published", ["yesterday", "", "2026-13-45T00:00:00Z"])
async def test_a_publication_without_a_time_is_refused_by_name(
    builder: Builder, superseded: Superseded, published: str
) -> None:
    loaded = await publish(builder, [ESP])
    timeless = replace(loaded, publication=replace(loaded.publication, published=published))

    with pytest.raises(MalformedValueError, match="not a time"):
        await superseded.look(timeless)


async def test_a_time_without_zone_is_in_utc(builder: Builder, superseded: Superseded) -> None:
    loaded = await publish(builder, [PICO], [ESP])
    naive = replace(loaded.publication, published="2026-08-24T12:00:00")
    await superseded.look(replace(loaded, publication=naive))

    assert await superseded.find(PICO) is not None


async def test_one_damaged_document_hides_no_other(
    builder: Builder, superseded: Superseded, data: Path
) -> None:
    """A publication that can not be read is passed over, and those before it are not."""
    await builder.publish(images(PICO_OLD))
    damaged = await builder.publish(images(PICO))
    current = await publish(builder, [ESP])
    (data / "blobs" / "sha256" / damaged.hex[:2] / damaged.hex).unlink()
    await superseded.look(current)

    assert await superseded.find(PICO_OLD) is not None
