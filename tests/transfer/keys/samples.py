"""Keys that are always the same, and Debian's minisign where there is one."""

from __future__ import annotations

import random
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from mirror.publication.statements import Statement, Type
from mirror.transfer.keys.secret import SecretKey

if TYPE_CHECKING:
    from pathlib import Path

MINISIGN: Final = shutil.which("minisign")
needs_minisign = pytest.mark.skipif(MINISIGN is None, reason="minisign is not installed")

LINEAGE: Final = "0123456789abcdef" * 2


def key(number: int = 1) -> SecretKey:
    """Return the key that this *number* always gives."""
    return SecretKey.make(random.Random(number).randbytes)  # noqa: S311 - samples, the same ones always


def statement(sequence: int = 1, wanted: Type = Type.PUBLICATION) -> Statement:
    """Return what is said of a document of the sample lineage."""
    return Statement(wanted, LINEAGE, sequence)


def minisign(folder: Path, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """Run minisign in *folder*, with *said* on its standard input."""
    assert MINISIGN is not None
    return subprocess.run(  # noqa: S603 - our own words
        [MINISIGN, *words],
        cwd=folder,
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
