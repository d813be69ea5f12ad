"""The real images beside the project, when they are there: what they are, what is inside.

They are other people's files, and no part of the project.  ``manifest.tsv`` says what each
is; ``facts.tsv`` says what other tools found inside.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from mirror.formats.verdict import Claim, Region

SHARED: Final = Path(__file__).resolve().parents[2].parent / "shared" / "real"
FIRMWARE: Final = SHARED / "firmware"

needs_real_images = pytest.mark.skipif(
    not FIRMWARE.is_dir(), reason="the real images of ../shared/real/firmware are not here"
)

_CHIPS = {
    "RP2350_ARM_S": "RP2350",
    "ESP32S3": "ESP32-S3",
    "NRF52840": "nRF52840",
}
_RANGE = re.compile(r"(0x[0-9a-f]+)(-0x[0-9a-f]+|\+[0-9]+)")
_COMBINED = re.compile(r"flash (0x[0-9a-f]+) app (0x[0-9a-f]+)\.\.(0x[0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class RealFile:
    """One line of the manifest, and the facts that other tools found."""

    name: str
    group: str
    claim: Claim
    structure: str
    chip: str | None
    regions: tuple[Region, ...]
    partitions: tuple[str, ...]
    versions: frozenset[str]
    dates: frozenset[str]
    machines: frozenset[str]

    @property
    def micropython(self) -> bool:
        """Whether it is an image of MicroPython, and no control."""
        return self.group != "not-micropython"

    def read(self) -> bytes:
        """Return its bytes."""
        return (FIRMWARE / self.name).read_bytes()


@cache
def real_files() -> tuple[RealFile, ...]:
    """Return all real files, or none where they are not."""
    if not FIRMWARE.is_dir():
        return ()
    facts = {row["file"]: row for row in _table("facts.tsv")}
    return tuple(_real_file(row, facts[row["file"]]) for row in _table("manifest.tsv"))


def real_file(name: str) -> RealFile:
    """Return the real file of this name."""
    return next(file for file in real_files() if file.name == name)


def _table(name: str) -> list[dict[str, str]]:
    with (FIRMWARE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _real_file(row: dict[str, str], facts: dict[str, str]) -> RealFile:
    chip = facts["chip"].rpartition("/")[2]
    return RealFile(
        name=row["file"],
        group=row["class"],
        claim=_claim(row),
        structure=facts["structure"],
        chip=_CHIPS.get(chip, chip) or None,
        regions=tuple(_regions(facts["load_ranges"])),
        partitions=tuple(facts["partitions"].split()),
        versions=frozenset(facts["banner_versions"].split()),
        dates=frozenset(facts["banner_dates"].split()),
        machines=frozenset(filter(None, facts["machines"].split(" | "))),
    )


def _claim(row: dict[str, str]) -> Claim:
    board = _boards().get(row["board"], {})
    # One file holds two products, so its version is none of a name.
    version = row["version"] if "+" not in row["version"] else ""
    return Claim(
        kind=row["format"],
        port=row["port"],
        mcu=board.get("mcu"),
        board=row["board"],
        variant=row["variant"] or None,
        version=version or None,
        base=version.removeprefix("v").partition("-")[0] or None,
        date=row["date"] or None,
        product=board.get("product"),
    )


@cache
def _boards() -> dict[str, dict[str, str]]:
    boards = json.loads((SHARED / "boards.json").read_text(encoding="utf-8"))
    return {board["id"]: board for board in boards}


def _regions(text: str) -> list[Region]:
    """Read ``0x8000+12``, ``0x2000-0x3b00`` or, of a combined file, where the program is."""
    combined = _COMBINED.match(text)
    if combined is not None:
        base, start, end = (int(number, 16) for number in combined.groups())
        return [Region(base + start, base + end)]
    return [_region(int(start, 16), rest) for start, rest in _RANGE.findall(text)]


def _region(start: int, rest: str) -> Region:
    return Region(start, start + int(rest) if rest[0] == "+" else int(rest[1:], 16))
