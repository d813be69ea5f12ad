"""Fetch the locked wheels of a platform with pip, and build the own one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Final

from deploy.release.locked import of, read_locked
from mirror.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

PLATFORMS: Final = ("x86_64", "aarch64")
#: Those of Debian 12 and 13, of Ubuntu 24.04, and the newest.
PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
_TAGS: Final = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
#: A wheel is a zip, whose files have a time: always this one, so that the same files give it again.
_EPOCH: Final = "1577836800"
#: The first and the last of a version: markers may tell them apart.
_ENDS: Final = ("0", "99")
_OWN: Final = ("mirror", "pyproject.toml", "README.md", "LICENSE")


def download(requirements: str, platform: str, pythons: Iterable[str], house: Path) -> None:
    """Fill *house* with the wheels that *requirements* names for *platform* and *pythons*.

    Each is checked by pip against the locked hashes.  Raises `ConfigurationError` when it fails.
    """
    shutil.rmtree(house, ignore_errors=True)
    house.mkdir(parents=True)
    locked = read_locked(requirements)
    for python in pythons:
        wanted = {of(locked, platform, f"{python}.{end}"): f"{python}.{end}" for end in _ENDS}
        for text, version in wanted.items():
            _download(text, platform, version, house)


def build_own(source: Path, folder: Path) -> Path:
    """Build the wheel of the project in *source*, of a copy; return where it is in *folder*."""
    copy = folder / "source"
    copy.mkdir()
    for name in _OWN:
        path = source / name
        if path.is_dir():
            shutil.copytree(path, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, copy / name)
    words = ("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder))
    _pip(*words, str(copy), SOURCE_DATE_EPOCH=_EPOCH)
    [wheel] = folder.glob("mpmirror-*.whl")
    return wheel


def _download(requirements: str, platform: str, python: str, house: Path) -> None:
    digits = "".join(python.split(".")[:2])
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(requirements)
        file.flush()
        _pip(
            *("download", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
            *("--implementation", "cp", "--python-version", python),
            *(word for abi in (f"cp{digits}", "abi3", "none") for word in ("--abi", abi)),
            *(word for tag in _TAGS for word in ("--platform", f"{tag}_{platform}")),
            *("-d", str(house), "-r", file.name),
        )


def _pip(*words: str, **environ: str) -> None:
    command: Sequence[str] = (sys.executable, "-m", "pip", "--quiet", *words)
    done = subprocess.run(  # noqa: S603 - our own words
        command, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise ConfigurationError(f"pip {words[0]} failed: {' '.join(errors)[:2000]}")
