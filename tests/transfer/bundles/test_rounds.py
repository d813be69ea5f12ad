"""Bundles across the gap: what arrives is what was sent, only what is new, and again the same."""

from __future__ import annotations

import asyncio
import gzip
import io
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from mirror.errors import BundleRefusedError, RolledBackError
from mirror.publication.documents import decode_content
from mirror.storage.entries import Decision
from mirror.storage.judgements import What
from mirror.transfer.keys import Signature, Type, verify_statement
from tests.sync.node import MORNING
from tests.transfer.bundles.gap import exported, footprint, imported, receiver_at, sender_at, site
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from pathlib import Path


def unpacked(folder: Path) -> subprocess.CompletedProcess[str]:
    """Unpack a bundle as people do who have nothing but a plain system."""
    return subprocess.run(
        ["sh", "-ec", "tar xf ../x.mpb; sha256sum -c --strict SHA256SUMS"],  # noqa: S607 - as typed
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )


async def test_what_was_published_here_is_published_there(tmp_path: Path) -> None:
    """The content is the sender's to the byte, with its signature; the root is the receiver's."""
    replica = site()
    async with (
        replica.running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        done = await imported(there, tmp_path / "b", await exported(here))

        theirs, ours = await here.root(), await there.root()
        assert done.committed is not None
        assert not done.committed.derived
        assert ours.content == theirs.content
        assert ours.lineage == there.store.node.lineage
        assert await there.files() == await here.files()
        signatures = await there.store.signatures.of(ours.content)
        signed = Signature.parse(signatures[key(7).key_id])
        content = await there.read(ours.content)
        said = verify_statement(content, signed, [key(7).public], Type.CONTENT)
        assert said.origin == here.store.node.lineage


async def test_a_bundle_is_the_same_every_time(tmp_path: Path) -> None:
    """The same publication and key give the same bytes."""
    async with site().running() as url, sender_at(tmp_path / "a", url) as here:
        await here.sync()

        assert await exported(here) == await exported(here)


async def test_tar_and_sha256sum_alone_read_it(tmp_path: Path) -> None:
    """Without mpmirror the files can be had, and checked."""
    async with site().running() as url, sender_at(tmp_path / "a", url) as here:
        await here.sync()
        (tmp_path / "x.mpb").write_bytes(await exported(here))
    (tmp_path / "out").mkdir()
    checked = await asyncio.to_thread(unpacked, tmp_path / "out")
    with tarfile.open(tmp_path / "x.mpb") as tar:
        names = tar.getnames()

    assert names[:3] == ["manifest.json", "manifest.json.minisig", "SHA256SUMS"]
    assert len(checked.stdout.splitlines()) == len(names) - 3


async def test_three_rounds_bring_only_what_is_new(tmp_path: Path) -> None:
    """Each delta is as large as the new files and the new documents compressed, and little more.

    The promise is 1.02 times that and 1 MB; so few files leave no use for most of this.
    """
    replica = site()
    async with (
        replica.running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        await imported(there, tmp_path / "b", await exported(here))
        for version, date in (("v1.29.0", "2026-05-06"), ("v1.30.0", "2026-06-06")):
            base = (await here.root()).content
            replica.release("RPI_PICO", version, date=date)
            here.sleep(days=1)
            await here.sync()
            bundle = await exported(here, base=base)
            done = await imported(there, tmp_path / "b", bundle)

            new = [one for one in done.judged if one.new]
            documents = [await there.read(piece.digest) for piece in done.manifest.documents]
            packed = sum(len(gzip.compress(document)) for document in documents)
            assert [one.name.split("-")[2] for one in new] == [f"{version}.uf2"]
            assert 2 * packed < sum(map(len, documents))
            assert len(bundle) <= 1.02 * (sum(one.size for one in new) + packed) + 16_000
            assert await there.files() == await here.files()


async def test_a_delta_without_its_base_is_refused_with_what_fills_the_gap(tmp_path: Path) -> None:
    """Nothing is published, and the sentence says what to ask for."""
    replica = site()
    async with (
        replica.running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        base = (await here.root()).content
        replica.release("RPI_PICO", "v1.29.0", date="2026-05-06")
        here.sleep(days=1)
        await here.sync()
        before = footprint(tmp_path / "b")
        with pytest.raises(BundleRefusedError, match=r"what fills the gap is .* --have"):
            await imported(there, tmp_path / "b", await exported(here, base=base))

        assert footprint(tmp_path / "b") == before


async def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    """The second time there is nothing new, and no byte differs."""
    async with (
        site().running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        bundle = await exported(here)
        await imported(there, tmp_path / "b", bundle)
        before = footprint(tmp_path / "b")
        again = await imported(there, tmp_path / "b", bundle)

        assert again.committed is not None
        assert again.committed.sequence is None
        assert footprint(tmp_path / "b") == before


async def test_a_replayed_bundle_is_refused(tmp_path: Path) -> None:
    """A publication from before one that came is never believed."""
    replica = site()
    async with (
        replica.running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        old = await exported(here)
        replica.release("RPI_PICO", "v1.29.0", date="2026-05-06")
        here.sleep(days=1)
        await here.sync()
        await imported(there, tmp_path / "b", await exported(here))
        before = footprint(tmp_path / "b")
        with pytest.raises(RolledBackError, match=r"replayed, or out of order"):
            await imported(there, tmp_path / "b", old)

        assert footprint(tmp_path / "b") == before


async def test_a_dry_run_says_what_would_come_and_changes_nothing(tmp_path: Path) -> None:
    """Every check is made, and no byte stays."""
    async with (
        site().running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        before = footprint(tmp_path / "b")
        done = await imported(there, tmp_path / "b", await exported(here), dry_run=True)

        assert {one.name for one in done.judged} == set(await here.files())
        assert all(one.new for one in done.judged)
        assert footprint(tmp_path / "b") == before


async def test_a_recall_comes_along(tmp_path: Path) -> None:
    """What the sender forbids is forbidden here, and its bytes do not travel."""
    async with (
        site().running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        await imported(there, tmp_path / "b", await exported(here))
        bad = next(iter((await here.files()).values())).digest
        why = "it bricks the board"
        decision = Decision(MORNING, What.RECALL, str(bad), why, "somebody")
        await here.store.ledger.append([decision])
        here.sleep(days=1)
        await here.sync()
        bundle = await exported(here)
        await imported(there, tmp_path / "b", bundle)

        content = decode_content(await there.read((await there.root()).content))
        assert content.recalled == (bad,)
        assert await there.store.index.find_recall(bad) is not None
        assert b"somebody" not in bundle


async def test_what_this_node_forbids_stays_forbidden(tmp_path: Path) -> None:
    """The sender still publishes it; here a content of our own leaves it out."""
    async with (
        site().running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        name, file = next(iter((await here.files()).items()))
        decision = Decision(MORNING, What.RECALL, str(file.digest), "not here", "us")
        await there.store.ledger.append([decision])
        done = await imported(there, tmp_path / "b", await exported(here))

        assert done.committed is not None
        assert done.committed.derived
        assert set(await there.files()) == set(await here.files()) - {name}
        content = decode_content(await there.read((await there.root()).content))
        assert content.origin.lineage == there.store.node.lineage
        assert content.through == (here.store.node.lineage,)


async def test_some_boards_alone_can_travel(tmp_path: Path) -> None:
    """The others stay as they are there."""
    replica = site()
    async with (
        replica.running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        await imported(there, tmp_path / "b", await exported(here, boards=("ESP32*",)))
        first = set(await there.files())
        await imported(there, tmp_path / "b", await exported(here, boards=("RPI*",)))

        assert {name.split("-")[0] for name in first} == {"ESP32_GENERIC"}
        assert set(await there.files()) == set(await here.files())


async def test_a_rewritten_history_of_the_sender_is_noticed(tmp_path: Path) -> None:
    """A line that was told before is another one now."""
    replica = site()
    async with (
        replica.running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        first = await imported(there, tmp_path / "b", await exported(here))
        told = first.manifest.ledger[-1].number
        async with sender_at(tmp_path / "c", url) as other:
            other.sleep(seconds=1)
            await other.sync()
            replica.release("RPI_PICO", "v1.29.0", date="2026-05-06")
            other.sleep(days=1)
            await other.sync()
            bundle = await exported(other, marked=(told,))
        before = footprint(tmp_path / "b")
        with pytest.raises(BundleRefusedError, match=r"its history was rewritten"):
            await imported(there, tmp_path / "b", bundle)

        assert footprint(tmp_path / "b") == before


async def test_a_scanner_can_refuse(tmp_path: Path) -> None:
    """Its word refuses the bundle; every new file is shown to it."""
    async with (
        site().running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        shown: list[Path] = []

        async def scan(path: Path) -> str | None:
            shown.append(path)
            return "it looks odd" if len(shown) == 2 else None

        before = footprint(tmp_path / "b")
        with pytest.raises(BundleRefusedError, match=r"refused by the scanner: it looks odd"):
            await imported(there, tmp_path / "b", await exported(here), scan=scan)

        assert footprint(tmp_path / "b") == before


class Thrifty(io.BytesIO):
    """A medium that gives one block at a time, so that it shows how far it was read."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Give a block."""
        del size
        return super().read(512)


async def test_a_gap_is_told_before_the_files_are_read(tmp_path: Path) -> None:
    """Not after gigabytes: the documents, which stand first, name what is missing."""
    replica = site()
    async with (
        replica.running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        base = (await here.root()).content
        replica.release("RPI_PICO", "v1.29.0", date="2026-08-01")
        here.sleep(days=1)
        await here.sync()
        bundle = await exported(here, base=base)
        medium = Thrifty(bundle)
        with pytest.raises(BundleRefusedError, match="neither in the bundle"):
            await imported(there, tmp_path / "b", medium)

    with tarfile.open(fileobj=io.BytesIO(bundle)) as archive:
        files = min(one.offset for one in archive if one.name.startswith("blobs/"))
    assert medium.tell() <= files
