"""What is served follows the pointer, all at once, and never back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from mirror.errors import (
    ArtifactNotFoundError,
    DamagedError,
    MirrorError,
    PublicationNotFoundError,
)
from mirror.publication.documents import encode
from mirror.web.documents import Stationery
from mirror.web.heads import Heads
from mirror.web.holdings import Blobs, Holdings, Publications
from mirror.web.other_channels import OtherChannels
from mirror.web.shelf import Shelf
from mirror.web.superseded import Superseded
from tests.web.building import ESP, NOON, PICO, Builder, boards_of, images
from tests.web.waiting import until

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from mirror.catalog.values import Digest
    from tests.web.building import Written


def shelf_of(store: Holdings, retry: float = 10.0, channel: str = "current") -> Shelf:
    """Return a shelf that looks at the pointer when it is told to."""
    past = partial(Superseded, store, grace=timedelta(days=3), clock=lambda: NOON)
    others = OtherChannels(store, channel, lambda name: past(channel=name))
    stationery = Stationery(Heads("n"))
    return Shelf(store, stationery, past(channel=channel), others, channel=channel, retry=retry)


@pytest.fixture
def shelf(builder: Builder) -> Shelf:
    """A shelf over a store with one publication."""
    return shelf_of(builder.store)


async def root_of(shelf: Shelf) -> Digest:
    """Return the root of what is served."""
    return (await shelf.current()).loaded.root


async def serves(shelf: Shelf, root: Digest) -> bool:
    """Whether *root* is what is served."""
    try:
        return root == await root_of(shelf)
    except MirrorError:
        return False


def remove(data: Path, digest: Digest) -> None:
    """Take a blob away."""
    (data / "blobs" / "sha256" / digest.hex[:2] / digest.hex).unlink()


async def test_the_newest_publication_is_served_after_a_look(
    builder: Builder, shelf: Shelf
) -> None:
    roots = []
    for names in ([PICO], [PICO, ESP]):
        published = await builder.publish(images(*names))
        await shelf.refresh()
        roots.append((published, await root_of(shelf)))

    assert all(published == served for published, served in roots)


async def test_a_view_that_somebody_holds_does_not_change(builder: Builder, shelf: Shelf) -> None:
    await shelf.refresh()
    before = await shelf.current()
    names = set(before.loaded.artifacts)
    await builder.publish(images(ESP))
    await shelf.refresh()

    assert names == set(before.loaded.artifacts)


async def test_following_finds_a_new_publication_by_itself(builder: Builder, shelf: Shelf) -> None:
    task = asyncio.create_task(shelf.follow(0.01))
    published = await builder.publish(images(ESP))
    await until(lambda: serves(shelf, published))
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_asks_while_the_first_publication_is_loaded_waits_for_it(
    builder: Builder, shelf: Shelf
) -> None:
    asking = asyncio.create_task(shelf.current())
    await asyncio.sleep(0)
    await shelf.refresh()

    assert builder.sequence == (await asking).loaded.publication.sequence


async def test_without_a_publication_there_is_nothing(store: Written) -> None:
    shelf = shelf_of(store)
    await shelf.refresh()

    with pytest.raises(PublicationNotFoundError):
        await shelf.current()


async def test_a_publication_that_is_not_whole_never_takes_the_place_of_one_that_is(
    builder: Builder, shelf: Shelf, data: Path
) -> None:
    await shelf.refresh()
    before = await root_of(shelf)
    broken = await builder.publish(images(ESP))
    remove(data, broken)
    await shelf.refresh()
    after = await root_of(shelf)

    assert before == after
    with pytest.raises(DamagedError, match="is not whole"):
        await shelf.ready()


async def test_a_publication_that_is_whole_again_is_served(
    builder: Builder, shelf: Shelf, data: Path
) -> None:
    """The pointer has not moved meanwhile: what could not be loaded is tried again."""
    root = await builder.publish(images(ESP))
    document = await builder.store.blobs.read(root, max_bytes=10_000)
    remove(data, root)
    await shelf.refresh()
    await builder.store.blobs.put(document)
    await shelf.refresh()

    assert root == await root_of(shelf)


async def test_the_first_publication_being_damaged_is_said(
    builder: Builder, shelf: Shelf, data: Path
) -> None:
    root = await builder.publish(images(ESP))
    remove(data, root)
    await shelf.refresh()

    with pytest.raises(DamagedError, match="is not whole"):
        await shelf.current()


async def test_nobody_sees_a_lineage_go_back(builder: Builder, shelf: Shelf, data: Path) -> None:
    """Somebody put an old pointer in place by hand: what was served stays (P7)."""
    older = await builder.publish(images(PICO))
    newer = await builder.publish(images(PICO, ESP))
    await shelf.refresh()
    (data / "channels" / "current").write_text(f"{older}\n")
    await shelf.refresh()

    assert newer == await root_of(shelf)
    with pytest.raises(DamagedError, match="went back from publication 3 to 2"):
        await shelf.ready()


async def test_a_name_is_found_in_the_current_publication_before_any_other(
    builder: Builder, shelf: Shelf
) -> None:
    await builder.publish({PICO: b"older"})
    await builder.publish({PICO: b"newer"})
    await shelf.refresh()

    assert (await shelf.find(PICO)).size == len(b"newer")


async def test_a_name_that_was_superseded_is_found_at_once(builder: Builder, shelf: Shelf) -> None:
    await shelf.refresh()
    await builder.publish(images(ESP))
    asking = asyncio.create_task(shelf.refresh())
    await asyncio.sleep(0)
    artifact = await shelf.find(PICO)
    await asking

    assert artifact.name == PICO


async def test_a_name_that_nobody_published_is_nowhere(shelf: Shelf) -> None:
    await shelf.refresh()

    with pytest.raises(ArtifactNotFoundError):
        await shelf.find("../../etc/passwd")


async def test_any_publication_can_be_asked_by_its_sequence(builder: Builder, shelf: Shelf) -> None:
    roots = [await builder.publish(images(PICO)) for _ in range(6)]
    await shelf.refresh()
    views = [await shelf.at(sequence) for sequence in range(2, 8)]

    assert roots == [view.loaded.root for view in views]


async def test_a_sequence_that_is_not_published_is_nowhere(shelf: Shelf) -> None:
    await shelf.refresh()

    with pytest.raises(PublicationNotFoundError):
        await shelf.at(99)


async def test_a_channel_shows_the_publication_it_points_to(builder: Builder, shelf: Shelf) -> None:
    promoted = await builder.publish(images(PICO))
    await builder.store.publications.point("lab-stable", promoted, after=None)
    await builder.publish(images(ESP))
    await shelf.refresh()
    views = [await shelf.on("lab-stable"), await shelf.on("current")]

    assert [promoted, await root_of(shelf)] == [view.loaded.root for view in views]


async def test_a_channel_that_does_not_exist_is_nowhere(shelf: Shelf) -> None:
    await shelf.refresh()

    with pytest.raises(PublicationNotFoundError, match="no channel 'lab-old'"):
        await shelf.on("lab-old")


@pytest.mark.parametrize("channel", ["..", "a/b", "CURRENT", ""])
async def test_what_is_no_name_of_a_channel_is_refused(shelf: Shelf, channel: str) -> None:
    await shelf.refresh()

    with pytest.raises(MirrorError):
        await shelf.on(channel)


async def test_a_store_whose_root_was_changed_on_disk_is_not_ready(
    builder: Builder, shelf: Shelf, data: Path
) -> None:
    root = await builder.publish(images(ESP))
    await shelf.refresh()
    path = data / "blobs" / "sha256" / root.hex[:2] / root.hex
    path.chmod(0o644)
    path.write_bytes(encode(boards_of(images(ESP))[0]))

    with pytest.raises(DamagedError):
        await shelf.ready()


class FaultyPublications:
    """Publications of which one look fails in a way that nobody foresaw."""

    def __init__(self, sound: Publications) -> None:
        self.current, self.sequences, self.root = sound.current, sound.sequences, sound.root
        self.channels, self.all_changed = sound.channels, sound.all_changed
        self._changed = sound.changed
        self._looks = 0

    def changed(self, channel: str = "current") -> Hashable:
        """Fail the first time."""
        self._looks += 1
        if self._looks == 1:
            raise ZeroDivisionError
        return self._changed(channel)


@dataclass(frozen=True, slots=True)
class FaultyStore:
    """A store with such publications."""

    blobs: Blobs
    publications: FaultyPublications


async def test_a_fault_does_not_end_the_following(builder: Builder) -> None:
    store = FaultyStore(builder.store.blobs, FaultyPublications(builder.store.publications))
    shelf = shelf_of(store, retry=0.01)
    task = asyncio.create_task(shelf.follow(0.01))
    root = await builder.publish(images(ESP))
    await until(lambda: serves(shelf, root))
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
