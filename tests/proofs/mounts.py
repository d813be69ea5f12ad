"""File systems for a while: small ones, and read-only ones.  They need root, else skip."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def mounted(place: Path, *how: str) -> Iterator[None]:
    """Mount something at *place* while the block lasts; skip where that is forbidden."""
    try:
        mount(*how, str(place))
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"mounting a file system needs root: {error}")
    try:
        yield
    finally:
        # Lazily: whoever still has a file open there keeps it, and the name is free.
        command = [shutil.which("umount") or "umount", "--lazy", str(place)]
        subprocess.run(command, check=True)  # noqa: S603 - fixed words and our own path


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make *folder* read-only, by a mount of itself, while the block lasts."""
    with mounted(folder, "--bind", str(folder)):
        mount("-o", "remount,bind,ro", str(folder))
        yield


def mount(*how: str) -> None:
    """Run ``mount``."""
    command = [shutil.which("mount") or "mount", *how]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - as above
