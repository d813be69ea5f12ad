"""Volumes: any order, none missing, and each as it was written."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import BundleRefusedError, ConfigurationError
from mirror.publication.bundle import Manifest, Piece
from mirror.transfer.bundles.exporting import Export
from mirror.transfer.bundles.tar import header, size_in
from mirror.transfer.bundles.volumes import HEADER_BYTES, open_medium
from mirror.transfer.bundles.writing import VolumeFiles, size_of

if TYPE_CHECKING:
    from pathlib import Path

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
