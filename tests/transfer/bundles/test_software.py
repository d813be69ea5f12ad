"""mpmirror itself travels in a bundle, as it was released, and disturbs nothing else of it."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest

from mirror.errors import BundleRefusedError, ConfigurationError, DamagedError
from mirror.transfer.bundles.software import find_software, wheelhouses
from tests.transfer.bundles.forging import members
from tests.transfer.bundles.gap import exported, footprint, imported, receiver_at, sender_at, site

if TYPE_CHECKING:
    from pathlib import Path

#: As long as the longest of today's wheels has its name.
LONG = (
    "sqlalchemy-2.1.9-cp313-cp313-manylinux2014_aarch64.manylinux_2_17_aarch64"
    ".manylinux_2_28_aarch64.whl"
)


def wheelhouse(folder: Path, name: str = "mpmirror-0.1.0-aarch64") -> Path:
    """Write a wheelhouse of three files, of which two are the same."""
    house = folder / name
    house.mkdir()
    bodies = {LONG: b"wheel" * 300_000, "a-1-py3-none-any.whl": b"a", "b-1-py3-none-any.whl": b"a"}
    for file, body in bodies.items():
        (house / file).write_bytes(body)
    sums = "".join(f"{hashlib.sha256(body).hexdigest()}  {file}\n" for file, body in bodies.items())
    (house / "SHA256SUMS").write_text(sums)
    (house / "SHA256SUMS.minisig").write_text("a signature\n")
    return house


def unpacked(folder: Path) -> None:
    """Unpack a bundle with plain tools, and check all of it."""
    folder.mkdir()
    words = "tar xf ../x.mpb && sha256sum -c --strict --quiet SHA256SUMS"
    subprocess.run(["sh", "-ec", words], cwd=folder, check=True)  # noqa: S603, S607 - as typed


async def test_software_comes_out_with_plain_tools_and_no_store_takes_it_in(
    tmp_path: Path,
) -> None:
    """Two wheelhouses with files in common; the import says that they came."""
    assert len(LONG) == 100
    houses = [wheelhouse(tmp_path, f"mpmirror-0.1.0-{name}") for name in ("aarch64", "x86_64")]
    async with (
        site().running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        bundle = await exported(here, software=find_software(houses))
        done = await imported(there, tmp_path / "b", bundle)
    (tmp_path / "x.mpb").write_bytes(bundle)
    await asyncio.to_thread(unpacked, tmp_path / "out")

    sums = hashlib.sha256((houses[0] / "SHA256SUMS").read_bytes()).hexdigest()
    assert wheelhouses(done.manifest.extras) == {house.name: sums for house in houses}
    for house in houses:
        assert footprint(tmp_path / "out" / "software" / house.name) == footprint(house)
    held = {path.name for path in (tmp_path / "b" / "blobs").rglob("*")}
    assert not held & {extra.sha256 for extra in done.manifest.extras}


async def test_changed_software_refuses_the_bundle(tmp_path: Path) -> None:
    """Nothing of the bundle comes in."""
    async with (
        site().running() as url,
        sender_at(tmp_path / "a", url) as here,
        receiver_at(tmp_path / "b") as there,
    ):
        await here.sync()
        bundle = await exported(here, software=find_software([wheelhouse(tmp_path)]))
        place = bundle.index(b"wheelwheel") + 1_000_000
        changed = bundle[:place] + b"W" + bundle[place + 1 :]
        before = footprint(tmp_path / "b")
        with pytest.raises(BundleRefusedError, match=r"software/.*other bytes"):
            await imported(there, tmp_path / "b", changed)
        swapped = members(bundle)
        swapped[4], swapped[5] = swapped[5], swapped[4]
        with pytest.raises(BundleRefusedError, match=r"expected software/.* next"):
            await imported(there, tmp_path / "b", b"".join(swapped))

        assert footprint(tmp_path / "b") == before


async def test_software_that_changes_while_it_is_exported_ends_the_export(tmp_path: Path) -> None:
    """The bundle is no good then, and does not get its name."""
    house = wheelhouse(tmp_path)
    async with site().running() as url, sender_at(tmp_path / "a", url) as here:
        await here.sync()
        software = find_software([house])
        (house / LONG).write_bytes(b"wheeL" * 300_000)
        with pytest.raises(DamagedError, match=r"damaged while it was read"):
            await exported(here, software=software)


def test_what_is_no_release_is_not_taken_for_one(tmp_path: Path) -> None:
    """A folder without sums or signature, a file that is not as its sum says, a path as a name."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match=r"empty is no wheelhouse"):
        find_software([tmp_path / "empty"])
    house = wheelhouse(tmp_path)
    with pytest.raises(ConfigurationError, match=r"two wheelhouses"):
        find_software([house, house])
    sums = (house / "SHA256SUMS").read_text()
    (house / "SHA256SUMS").write_text(sums + f"{'0' * 64}  ../x\n")
    with pytest.raises(ConfigurationError, match=r"no line of sums"):
        find_software([house])
    (house / "SHA256SUMS").write_text(sums)
    (house / "b-1-py3-none-any.whl").write_bytes(b"b")
    with pytest.raises(DamagedError, match=r"b-1-py3-none-any\.whl is not as SHA256SUMS"):
        find_software([house])
