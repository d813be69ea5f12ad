"""Files on disk go to the child without passing through this process."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from mirror.errors import StorageError
from mirror.formats.verdict import Claim
from mirror.formats.verify import verify
from mirror.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.programs

SIZE = 3_000_001
BYTES = random.Random(4).randbytes(SIZE)  # noqa: S311 - not for secrets


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return a file that is larger than any pipe."""
    path = tmp_path / "image"
    path.write_bytes(BYTES)
    return path


async def test_the_child_reads_exactly_the_first_bytes_of_the_file(image: Path) -> None:
    """From its beginning, wherever the file stands, and it is left where it stood."""
    async with Sandbox(processes=1) as sandbox:
        with image.open("rb") as file:
            file.seek(17)
            found = await sandbox.verify_image(file, SIZE - 1, Claim(kind="elf"))
            position = file.tell()

    assert found == verify(BYTES[:-1], Claim(kind="elf"))
    assert position == 17


async def test_a_file_that_was_cut_meanwhile_is_our_own_trouble(image: Path) -> None:
    """No image is blamed for it, and the next question is answered."""
    async with Sandbox(processes=1) as sandbox:
        with image.open("rb") as file:
            os.truncate(image, 1000)
            with pytest.raises(StorageError, match=f"ended {SIZE - 1000} bytes too early"):
                await sandbox.verify_image(file, SIZE, Claim())
            again = await sandbox.verify_image(file, 1000, Claim(kind="uf2"))

    assert again == verify(BYTES[:1000], Claim(kind="uf2"))


async def test_a_file_that_may_not_be_read_is_our_own_trouble(image: Path) -> None:
    """What the system says stands in the error."""
    refused = pytest.raises(StorageError, match=r"could not be read: .*Bad file descriptor")
    async with Sandbox(processes=1) as sandbox:
        with image.open("ab") as file, refused:
            await sandbox.verify_image(file, 10, Claim())
