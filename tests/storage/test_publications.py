"""Publications by sequence, and the channels that point to them."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import (
    ArtifactNotFoundError,
    DamagedError,
    MalformedValueError,
    PublicationNotFoundError,
    StorageError,
)
from mirror.storage.publications import PublicationReader, Publications
from tests.storage.disks import EIO, ENOSPC, FailingDisk, every_operation
from tests.storage.samples import names

if TYPE_CHECKING:
    from mirror.storage.blob_store import BlobStore
    from mirror.storage.files import Files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the two that publications need."""
    (tmp_path / "publications").mkdir()
    (tmp_path / "channels").mkdir()
    return tmp_path


@pytest.fixture
def publications(folder: Path, files: Files, blobs: BlobStore) -> Publications:
    """Return no publications yet."""
    return Publications(folder / "publications", folder / "channels", files, blobs)


@pytest.fixture
def reader(folder: Path) -> PublicationReader:
    """Return what a worker has."""
    return PublicationReader(folder / "publications", folder / "channels")


async def root(blobs: BlobStore, number: int) -> Digest:
    """Hold a root document."""
    return await blobs.put(f"root {number}".encode())


async def test_before_the_first_publication_there_is_none(reader: PublicationReader) -> None:
    """No pointer, no sequences, and the first sequence is 1."""
    assert (await reader.current(), await reader.sequences(), await reader.next_sequence()) == (
        None,
        (),
        1,
    )
    assert reader.changed() is None


async def test_what_was_published_is_current(
    publications: Publications, reader: PublicationReader, blobs: BlobStore
) -> None:
    """A reader beside the writer sees pointer, sequence and root."""
    first, second = await root(blobs, 1), await root(blobs, 2)
    await publications.publish(1, first)
    await publications.publish(5, second)

    assert (await reader.current(), await reader.sequences()) == (second, (1, 5))
    assert [await reader.root(1), await reader.root(5)] == [first, second]
    assert await reader.next_sequence() == 6


async def test_the_files_hold_one_line(
    publications: Publications, folder: Path, blobs: BlobStore
) -> None:
    """A person, or another program, can read them."""
    digest = await root(blobs, 1)
    await publications.publish(1, digest)

    assert (folder / "publications" / "1").read_text() == f"{digest}\n"
    assert (folder / "channels" / "current").read_text() == f"{digest}\n"


@pytest.mark.parametrize("sequence", [0, 1, 4])
async def test_a_sequence_never_goes_back(
    publications: Publications, reader: PublicationReader, blobs: BlobStore, sequence: int
) -> None:
    """After 4, neither 4 with another root nor anything below."""
    await publications.publish(4, await root(blobs, 1))
    with pytest.raises(StorageError, match=f"publication {sequence} is not above .* 4"):
        await publications.publish(sequence, await root(blobs, 2))

    assert await reader.sequences() == (4,)


async def test_publishing_the_same_again_is_no_error(
    publications: Publications, reader: PublicationReader, blobs: BlobStore
) -> None:
    """Whoever saw an error may try again without knowing how far it came."""
    digest = await root(blobs, 1)
    await publications.publish(1, digest)
    await publications.publish(1, digest)

    assert (await reader.current(), await reader.sequences()) == (digest, (1,))


async def test_a_root_that_is_not_held_is_not_published(
    publications: Publications, reader: PublicationReader
) -> None:
    """The pointer never names what is not there."""
    with pytest.raises(ArtifactNotFoundError, match=r"root .* of publication 1 is not held"):
        await publications.publish(1, Digest.of(b"nowhere"))

    assert await reader.current() is None


async def test_a_moved_pointer_is_noticed(
    publications: Publications, reader: PublicationReader, blobs: BlobStore
) -> None:
    """Polling sees every move, and nothing when nothing moved."""
    tokens = [reader.changed()]
    for number in (1, 2, 3):
        await publications.publish(number, await root(blobs, number))
        tokens += [reader.changed(), reader.changed()]

    assert tokens[1::2] == tokens[2::2]
    assert len(set(tokens[::2])) == 4


async def test_what_is_not_published_is_not_found(
    publications: Publications, blobs: BlobStore
) -> None:
    """Sequences that never were."""
    await publications.publish(2, await root(blobs, 2))
    for sequence in (-1, 0, 1, 3):
        with pytest.raises(PublicationNotFoundError, match=f"no publication {sequence}"):
            await publications.root(sequence)


@pytest.mark.parametrize("channel", ["", ".", "..", "a/b", "Lab", "-", "a" * 64, "a\n", "ä"])
async def test_a_channel_has_a_plain_name(reader: PublicationReader, channel: str) -> None:
    """Nothing that could be another path."""
    with pytest.raises(MalformedValueError, match="not the name of a channel"):
        await reader.current(channel)


async def test_a_channel_points_to_a_root_of_its_own(
    publications: Publications, reader: PublicationReader, blobs: BlobStore
) -> None:
    """It is no publication of ``current``, and has no place among their sequences."""
    await publications.publish(1, await root(blobs, 1))
    own = await root(blobs, 100)
    await publications.point("lab-stable", own, after=None)

    assert await reader.current("lab-stable") == own
    assert (await reader.channels(), await reader.sequences()) == (("current", "lab-stable"), (1,))


async def test_of_two_who_move_a_channel_at_once_one_does(
    publications: Publications, reader: PublicationReader, blobs: BlobStore
) -> None:
    """Whoever looked before the other moved it is told, and moves nothing."""
    first, second, third = [await root(blobs, number) for number in (1, 2, 3)]
    await publications.point("lab-stable", first, after=None)
    await publications.point("lab-stable", second, after=first)
    with pytest.raises(StorageError, match="lab-stable was moved by somebody else"):
        await publications.point("lab-stable", third, after=first)
    await publications.point("lab-stable", second, after=first)

    assert await reader.current("lab-stable") == second


async def test_the_current_channel_is_not_pointed(
    publications: Publications, blobs: BlobStore
) -> None:
    """It moves by publishing only; and no channel points to what is not held."""
    first = await root(blobs, 1)
    await publications.publish(1, first)
    with pytest.raises(StorageError, match="moves by publishing only"):
        await publications.point("current", first, after=first)
    with pytest.raises(ArtifactNotFoundError, match="is not held"):
        await publications.point("lab-stable", Digest.of(b"nowhere"), after=None)


async def test_every_move_of_any_channel_is_noticed(
    publications: Publications, reader: PublicationReader, blobs: BlobStore
) -> None:
    """Whoever marked what channels reach knows that it is out of date."""
    first, second = await root(blobs, 1), await root(blobs, 2)
    tokens = [reader.all_changed()]
    await publications.publish(1, first)
    tokens.append(reader.all_changed())
    await publications.point("lab-stable", first, after=None)
    tokens.append(reader.all_changed())
    await publications.point("lab-stable", second, after=first)
    tokens.append(reader.all_changed())

    assert reader.all_changed() == tokens[-1]
    assert len(set(tokens)) == 4


@pytest.mark.parametrize("error", [EIO, ENOSPC])
async def test_whatever_operation_of_pointing_fails_a_retry_succeeds(
    publications: Publications,
    reader: PublicationReader,
    blobs: BlobStore,
    failing: FailingDisk,
    error: int,
) -> None:
    """For the n-th operation, for every n: old or new."""
    before = await root(blobs, 1)
    await publications.point("lab-stable", before, after=None)
    for n in every_operation(failing):
        digest = await root(blobs, 100 + n)
        with failing.broken(n, error):
            await publications.point("lab-stable", digest, after=before)

        assert await reader.current("lab-stable") in (before, digest)
        await publications.point("lab-stable", digest, after=before)
        before = digest


@pytest.mark.parametrize("error", [EIO, ENOSPC])
async def test_whatever_operation_of_publishing_fails_a_retry_succeeds(
    publications: Publications,
    reader: PublicationReader,
    blobs: BlobStore,
    failing: FailingDisk,
    error: int,
) -> None:
    """For the n-th operation, for every n: old or new, and never back."""
    await publications.publish(1, await root(blobs, 1))
    for n in every_operation(failing):
        before, digest = await reader.current(), await root(blobs, 100 + n)
        with failing.broken(n, error):
            await publications.publish(1 + n, digest)

        assert await reader.current() in (before, digest)
        await publications.publish(1 + n, digest)
        assert (await reader.current(), (await reader.sequences())[-1]) == (digest, 1 + n)


async def test_after_a_failure_another_root_may_take_the_sequence(
    publications: Publications, reader: PublicationReader, blobs: BlobStore, failing: FailingDisk
) -> None:
    """While the pointer has not moved, nobody was told of the first attempt."""
    first, second = await root(blobs, 1), await root(blobs, 2)
    with failing.broken(7, ENOSPC):
        await publications.publish(1, first)
    told = await reader.sequences()
    await publications.publish(1, second)

    assert (told, await reader.root(1), await reader.current()) == ((), second, second)


async def test_an_attempt_that_failed_is_forgotten_by_a_higher_one(
    publications: Publications, reader: PublicationReader, blobs: BlobStore, failing: FailingDisk
) -> None:
    """What was never published does not appear below what is."""
    with failing.broken(7, ENOSPC):
        await publications.publish(1, await root(blobs, 1))
    await publications.publish(2, await root(blobs, 2))

    assert await reader.sequences() == (2,)


# --- after a crash ----------------------------------------------------------------------


async def test_a_publication_that_a_crash_interrupted_is_finished(
    publications: Publications, reader: PublicationReader, blobs: BlobStore, folder: Path
) -> None:
    """Everything it names was held before it was written; somebody may have seen it."""
    await publications.publish(1, await root(blobs, 1))
    (folder / "publications" / "2").write_text(f"{await root(blobs, 2)}\n")
    hidden = await reader.sequences()
    remark = publications.recover()

    assert (hidden, await reader.current(), await reader.sequences()) == (
        (1,),
        await root(blobs, 2),
        (1, 2),
    )
    assert remark == "publication 2 was interrupted by a crash and is finished now"


async def test_the_first_publication_is_finished_too(
    publications: Publications, reader: PublicationReader, blobs: BlobStore, folder: Path
) -> None:
    """Without any pointer, one publication is an interrupted first one."""
    (folder / "publications" / "1").write_text(f"{await root(blobs, 1)}\n")
    publications.recover()

    assert await reader.current() == await root(blobs, 1)


async def test_nothing_is_mended_where_nothing_is_broken(
    publications: Publications, blobs: BlobStore
) -> None:
    """A start after a clean end says nothing."""
    await publications.publish(1, await root(blobs, 1))

    assert publications.recover() is None


@pytest.mark.parametrize("pointer", [True, False])
async def test_more_than_one_publication_above_the_pointer_is_damage(
    publications: Publications, blobs: BlobStore, folder: Path, *, pointer: bool
) -> None:
    """A pointer that was lost or set back by hand is not guessed at."""
    for number in (1, 2, 3):
        await publications.publish(number, await root(blobs, number))
    (folder / "channels" / "current").unlink()
    if pointer:
        (folder / "channels" / "current").write_text(f"{await root(blobs, 1)}\n")
    with pytest.raises(DamagedError, match="newer ones exist"):
        publications.recover()

    assert names(folder / "publications") == ["1", "2", "3"]


async def test_an_interrupted_publication_without_its_root_is_damage(
    publications: Publications, folder: Path
) -> None:
    """No crash leaves that: the root was held first."""
    (folder / "publications" / "1").write_text(f"{Digest.of(b'nowhere')}\n")
    with pytest.raises(DamagedError, match="the root of publication 1 is not held"):
        publications.recover()


async def test_a_pointer_to_no_publication_is_damage(
    publications: Publications, blobs: BlobStore, folder: Path
) -> None:
    """Writer and reader both say so."""
    await publications.publish(1, await root(blobs, 1))
    (folder / "channels" / "current").write_text(f"{Digest.of(b'nowhere')}\n")
    for call in (publications.sequences(), publications.next_sequence()):
        with pytest.raises(DamagedError, match="no publication has it"):
            await call


@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_any_file_is_a_pointer_or_damaged(text: bytes) -> None:
    """Cut, padded, doubled, foreign: a pointer is one line with one digest or it is damage."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "current").write_bytes(text)
        reader = PublicationReader(Path(name), Path(name))
        with pytest.raises(DamagedError, match="does not hold a digest"):
            reader._pointer("current")  # noqa: SLF001 - the blocking way, outside a loop


@pytest.mark.parametrize("ending", ["", "\n\n", " \n", "\r\n", "\n\0"])
async def test_a_pointer_ends_with_one_line_end(
    reader: PublicationReader, folder: Path, ending: str
) -> None:
    """Cut short by one byte, or longer by one, it is damaged."""
    (folder / "channels" / "current").write_bytes(f"{Digest.of(b'root')}{ending}".encode())
    with pytest.raises(DamagedError, match="does not hold a digest"):
        await reader.current()


@given(st.binary(max_size=3), st.binary(max_size=3))
def test_a_pointer_with_anything_around_it_is_damaged(before: bytes, behind: bytes) -> None:
    """Only the exact line counts."""
    line = f"{Digest.of(b'root')}\n".encode()
    with tempfile.TemporaryDirectory() as name, contextlib.suppress(DamagedError):
        (Path(name) / "current").write_bytes(before + line + behind)
        reader = PublicationReader(Path(name), Path(name))
        reader._pointer("current")  # noqa: SLF001 - the blocking way, outside a loop

        assert before + behind == b""
