"""A fresh enclave installs mpmirror from a stick, upgrades from the next one, and has no network.

The wheels are the real ones: this needs an index of packages, once, for the release.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from deploy.release.__main__ import main as release
from tests.proofs.test_sealed import alone, can_be_alone
from tests.sync.node import node_at
from tests.transfer.bundles.gap import site
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.transfer.keys.secret import SecretKey

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not can_be_alone(), reason="no network namespaces here"),
]

ROOT: Final = Path(__file__).parents[2]
PYTHON: Final = f"3.{sys.version_info.minor}"
_SECONDS: Final = 1200.0
#: What a person types there, with the stick in front of him: docs/how-to/across-the-gap.md.
INSTALL: Final = """
set -e
tar xf "$1" software
cd software/mpmirror-*-x86_64
minisign -Vqm SHA256SUMS -P "$2"
sha256sum -c --strict --quiet SHA256SUMS
[ -e "$3" ] || python3 -m venv "$3"
"$3/bin/pip" install --no-index --require-hashes --find-links . -r requirements.txt
"""


async def typed(folder: Path, text: str, *words: str, **environ: str) -> str:
    """Type *text* in a network without a route, and return what was printed."""
    process = await asyncio.create_subprocess_exec(
        *(*alone(), "sh", "-c", text, "sh", *words),
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(_SECONDS):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


def secret_in(path: Path, secret: SecretKey) -> Path:
    """Write a key that has no passphrase."""
    path.write_bytes(secret.write(None, bytes))
    path.chmod(0o600)
    return path


def sources_of(folder: Path, version: str) -> Path:
    """Return a copy of the project that calls itself *version*."""
    folder.mkdir()
    for name in ("mirror", "requirements"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    module = folder / "mirror" / "daemon" / "version.py"
    module.write_text(module.read_text().replace('"0.1.0"', f'"{version}"'))
    return folder


def released(folder: Path, source: Path, platforms: tuple[str, ...], pythons: str) -> list[Path]:
    """Make a release; return its wheelhouses."""
    words = ["--sign", str(folder / "release.key"), "--into", str(folder / "dist")]
    words += ["--source", str(source), "--platforms", *platforms, "--pythons", pythons]
    assert release(words) == 0
    return sorted((folder / "dist").iterdir())


async def test_a_fresh_node_is_installed_and_upgraded_from_the_stick(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """Both times pip has no index, and what was installed imports the very bundle that had it."""
    secret_in(tmp_path / "release.key", key(5))
    (tmp_path / "keys").mkdir(mode=0o700)
    secret_in(tmp_path / "keys" / "export.key", key())
    (tmp_path / "export.pub").write_text(key().public.text)
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
    venv, there = tmp_path / "venv", tmp_path / "there"
    settings = {
        "MPMIRROR_DATA_DIR": str(there / "data"),
        "MPMIRROR_KEYS_DIR": str(there / "keys"),
        "MPMIRROR_OFFLINE": "true",
    }
    said = []
    for version in ("0.1.0", "0.1.1"):
        source = await asyncio.to_thread(sources_of, tmp_path / f"source-{version}", version)
        houses = await asyncio.to_thread(released, tmp_path, source, ("x86_64",), PYTHON)
        stick = tmp_path / f"stick-{version}"
        stick.mkdir()
        await export(tmp_path, stick / "lab.mpb", houses[-1])
        line = key(5).public.line
        await typed(stick, INSTALL, str(stick / "lab.mpb"), line, str(venv))
        commands = (
            f"{venv}/bin/mpmirror --version && {venv}/bin/mpmirror key trust {tmp_path}/export.pub"
            f" --fingerprint {key().public.fingerprint}"
            f" && {venv}/bin/mpmirror import {stick}/lab.mpb"
        )
        said.append(await typed(tmp_path, commands, **settings))
    size = (tmp_path / "stick-0.1.1" / "lab.mpb").stat().st_size
    tell(f"installed and upgraded from a bundle of {size / 1e6:.0f} MB, without a route")

    assert "0.1.0" in said[0].splitlines()[0]
    assert "0.1.1" in said[1].splitlines()[0]
    assert "published: publication 1" in said[0]
    assert "software/mpmirror-0.1.1-x86_64 in the bundle" in said[1]


async def export(folder: Path, bundle: Path, house: Path) -> None:
    """Export what *folder* has, with a wheelhouse, as a person does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mirror", "export", str(bundle), "--with-software", str(house)),
        cwd=ROOT,
        env={"MPMIRROR_DATA_DIR": str(folder / "data"), "MPMIRROR_KEYS_DIR": str(folder / "keys")},
    )
    async with asyncio.timeout(_SECONDS):
        assert await process.wait() == 0


async def test_the_wheels_of_the_other_platform_are_its_own_and_complete(tmp_path: Path) -> None:
    """Pip itself, told that it runs there, finds everything in them, and no index is asked."""
    secret_in(tmp_path / "release.key", key(5))
    [house] = await asyncio.to_thread(released, tmp_path, ROOT, ("aarch64",), "3.13")
    resolved = (
        f"{sys.executable} -m pip install --dry-run --no-index --find-links {house} --target x"
        " --platform manylinux_2_28_aarch64 --platform manylinux_2_17_aarch64"
        " --platform manylinux2014_aarch64 --python-version 3.13 --implementation cp"
        " --abi cp313 --abi abi3 --abi none --only-binary :all: mpmirror"
    )
    said = await typed(tmp_path, resolved)
    names = [path.name for path in house.glob("*.whl")]

    assert "Would install" in said
    assert not [name for name in names if "x86_64" in name or "win" in name]
    assert any(name.endswith("aarch64.whl") for name in names)
