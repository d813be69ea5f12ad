"""Have Schemathesis ask: the command, and what it says of how much it asked."""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIGURATION: Final = Path(__file__).with_name("schemathesis.toml")
SEED: Final = "20260406"
_SECONDS: Final = 3000.0


@dataclass(frozen=True, slots=True)
class Asked:
    """How Schemathesis ended, what it wrote, and how many questions it made up."""

    status: int
    words: str
    count: int


async def have_asked(
    described: str,
    folder: Path,
    examples: int,
    more: Sequence[str] = (),
    configuration: Path = CONFIGURATION,
) -> Asked:
    """Have each operation of what is *described* (a URL or a file) asked so many times.

    *more* are options.  Each run is seeded, so that what failed once fails again.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration),
        "run", described,
        "--checks", "all", "--phases", "examples,coverage,fuzzing",
        "--max-examples", str(examples), "--seed", SEED, "--continue-on-failure",
        "--generation-database", "none", "--no-color", *more,
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(_SECONDS):
        words, _ = await process.communicate()
    text = words.decode()
    found = re.search(r"([0-9,]+) generated", text)
    assert process.returncode is not None
    return Asked(process.returncode, text, int(found[1].replace(",", "")) if found else 0)
