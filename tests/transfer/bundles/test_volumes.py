"""Volumes: any order, none missing, and each as it was written."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import BundleRefusedError, ConfigurationError
from mirror.publication.bundle import Manifest, Piece
from mirror.transfer.bundles.exporting import Export, Request, plan_export
from mirror.transfer.bundles.software import find_software
from mirror.transfer.bundles.tar import header, size_in
from mirror.transfer.bundles.volumes import HEADER_BYTES, open_medium
from mirror.transfer.bundles.writing import VolumeFiles, size_of, write_bundle
from tests.transfer.bundles.gap import (
    Seal,
    footprint,
    imported,
    receiver_at,
    sender_at,
    site,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sync.node import TestNode

PIECE = Piece("a" * 64, 3)
MANIFEST = Manifest(
    lineage="0" * 32,
    channel="current",
    sequence=1,
    published="2026-04-07T06:00:00Z",
    checked=None,
    content=PIECE.sha256,
    base=None,
    boards=None,
    documents=(PIECE,),
    blobs=(),
    ledger=(),
    signed={},
)
EXPORT = Export(MANIFEST, (("manifest.json", b"{}"),))


def written(folder: Path, data: bytes, split: int) -> list[Path]:
    """Write *data* as volumes of *split* bytes."""
    volumes = VolumeFiles(folder / "x.mpb", len(data), split, EXPORT)
    for start in range(0, len(data), 100_000):
        volumes.write(data[start : start + 100_000])
    return list(volumes.finish())


def whole(paths: list[Path]) -> bytes:
    """Read all volumes."""
    with open_medium(paths) as medium:
        return b"".join(iter(lambda: medium.read(70_000), b""))


def test_a_hundred_volumes_in_any_order_with_three_missing(tmp_path: Path) -> None:
    """The error names the three; when they have come, all is read."""
    chance = random.Random(3)  # noqa: S311 - a sample
    data = chance.randbytes(100 * (1_000_000 - HEADER_BYTES))
    paths = written(tmp_path, data, 1_000_000)
    chance.shuffle(paths)
    some = [path for path in paths if path.suffix not in {".007", ".042", ".099"}]
    with pytest.raises(BundleRefusedError, match=r"of 100 volumes these are missing: 7, 42, 99$"):
        open_medium(some)

    assert len(paths) == 100
    assert {path.stat().st_size for path in paths} == {1_000_000}
    assert whole(paths) == data


@pytest.mark.parametrize("place", [0, 20, 511, 512, 70_000])
def test_a_changed_volume_is_named(tmp_path: Path, place: int) -> None:
    """In its header or behind it."""
    paths = written(tmp_path, bytes(200_000), 80_000)
    changed = bytearray(paths[1].read_bytes())
    changed[place] ^= 4
    paths[1].write_bytes(changed)
    with pytest.raises(
        BundleRefusedError, match=r"(volume 2 is not|x\.mpb\.002|different bundles)"
    ):
        whole(paths)


def test_a_volume_cut_short_is_named(tmp_path: Path) -> None:
    """Before anything is read."""
    paths = written(tmp_path, bytes(200_000), 80_000)
    paths[2].write_bytes(paths[2].read_bytes()[:-1])
    with pytest.raises(BundleRefusedError, match=r"x\.mpb\.003: cut short"):
        open_medium(paths)


def test_volumes_of_two_bundles_do_not_mix(tmp_path: Path) -> None:
    """Nor do a volume and another file."""
    (tmp_path / "b").mkdir()
    first = written(tmp_path, bytes(200_000), 80_000)
    other = written(tmp_path / "b", bytes(300_000), 80_000)
    (tmp_path / "odd").write_bytes(b"odd")
    with pytest.raises(BundleRefusedError, match=r"different bundles"):
        open_medium([first[0], other[1]])
    with pytest.raises(BundleRefusedError, match=r"odd is no volume"):
        open_medium([first[0], tmp_path / "odd"])


def test_a_volume_has_a_least_size(tmp_path: Path) -> None:
    """A slip in the unit makes no million files."""
    with pytest.raises(ConfigurationError, match=r"at least"):
        VolumeFiles(tmp_path / "x", 10, 700, EXPORT)


def test_the_size_of_a_bundle_is_known_before_it_is_written() -> None:
    """Two headers, two blocks, and the end."""
    assert size_of(EXPORT) == 4 * 512 + 1024


@given(st.integers(min_value=0, max_value=8**11 - 1))
def test_a_header_tells_its_size(size: int) -> None:
    """For every size that tar can write."""
    assert size_in(header("x", size)) == size


@pytest.mark.programs  # 300 MB are written and read
async def test_an_import_of_a_hundred_volumes_ends_when_the_last_three_have_come(
    tmp_path: Path,
) -> None:
    """Without them nothing changes, and with them the store is that of the bundle in one."""
    chance = random.Random(7)  # noqa: S311 - a sample
    async with (
        site().running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
        receiver_at(tmp_path / "c") as other,
    ):
        await here.sync()
        ballast = find_software([ballast_in(tmp_path, chance.randbytes(99_300_000))])
        export = await plan_export(here.store, Seal(), Request(software=ballast))
        volumes = await write_bundle(here.store, export, tmp_path / "x", 1_000_000, nobody)
        whole = await write_bundle(here.store, export, tmp_path / "y", None, nobody)
        paths = list(volumes.files)
        chance.shuffle(paths)
        before = footprint(tmp_path / "b")
        some = [path for path in paths if path.suffix not in {".001", ".050", ".100"}]
        with pytest.raises(BundleRefusedError, match=r"these are missing: 1, 50, 100$"):
            open_medium(some)
        await taken(there, tmp_path / "b", paths)
        await taken(other, tmp_path / "c", list(whole.files))

        assert len(paths) == 100
        assert {path.stat().st_size for path in volumes.files[:-1]} == {1_000_000}
        assert await there.files() == await other.files() == await here.files()
        assert (await there.root()).content == (await other.root()).content
        assert before != footprint(tmp_path / "b")
        assert blobs_of(tmp_path / "b") == blobs_of(tmp_path / "c")


async def taken(node: TestNode, folder: Path, paths: list[Path]) -> None:
    """Import what *paths* hold together."""
    with open_medium(paths) as medium:
        await imported(node, folder, medium)


def blobs_of(folder: Path) -> dict[str, bytes]:
    """Return what came from the sender into a data folder."""
    theirs = {path.name for path in (folder.parent / "a" / "blobs").rglob("*") if path.is_file()}
    found = (path for path in (folder / "blobs").rglob("*") if path.name in theirs)
    return {path.name: path.read_bytes() for path in found if path.is_file()}


def ballast_in(folder: Path, data: bytes) -> Path:
    """Write a wheelhouse of one file."""
    house = folder / "ballast"
    house.mkdir()
    (house / "ballast.whl").write_bytes(data)
    (house / "SHA256SUMS").write_text(f"{hashlib.sha256(data).hexdigest()}  ballast.whl\n")
    (house / "SHA256SUMS.minisig").write_text("a signature\n")
    return house


def nobody(_done: int, _total: int) -> None:
    """Tell nobody."""
