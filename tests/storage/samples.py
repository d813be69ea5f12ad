"""Values to test with, and the strategies for more of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.formats.verdict import (
    Checksummed,
    Conclusion,
    Finding,
    Identity,
    ImageFacts,
    Region,
    Verdict,
)
from mirror.storage.disk import Disk
from mirror.storage.entries import (
    Change,
    Decision,
    Entry,
    Evidence,
    Refusal,
    Removal,
    Return,
    Sighting,
    Withdrawal,
)
from mirror.storage.files import Files
from mirror.storage.folder import DataFolder
from mirror.storage.layout import Layout, make_data_folder
from mirror.storage.quarantine import Bounds
from mirror.storage.space import Room
from mirror.storage.store import Terms

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 8, 24, 12, 0, tzinfo=UTC)
NO_LIMIT = Terms(keep_free=None, quarantine=Bounds())
REASONS = (Finding("checksum", "the checksum of segment 2 is wrong"),)

VERDICT = Verdict(
    Conclusion.WARNED,
    Checksummed.SHA256,
    (Finding("date-differs", "the name says 2026-04-06, the image 2026-04-05"),),
    ImageFacts("esp32-combined", "ESP32", 0x1000, 4 << 20, (Region(0x1000, 0x1A0000),)),
    Identity(versions=("v1.28.0",)),
)


def noon() -> datetime:
    """Tell the time, which stands still."""
    return NOON


def zeros(count: int) -> bytes:
    """Give bytes that are not random at all."""
    return bytes(count)


def sighting(
    name: str,
    data: bytes,
    *,
    minutes: int = 0,
    board: str = "RPI_PICO",
    evidence: Evidence | None = None,
) -> Sighting:
    """Return the sighting of *data* under *name*."""
    return Sighting(
        time=NOON + timedelta(minutes=minutes),
        name=name,
        url=f"https://micropython.test/resources/firmware/{name}",
        board=board,
        digest=Digest.of(data),
        size=len(data),
        md5="0" * 32,
        verdict=VERDICT,
        etag='"529d22da-b4"',
        evidence=evidence,
    )


def refusal(name: str, *, minutes: int = 0) -> Refusal:
    """Return a refusal of *name*, not to be asked for again within the hour."""
    time = NOON + timedelta(minutes=minutes)
    url = f"https://micropython.test/resources/firmware/{name}"
    return Refusal(time, name, url, REASONS, retry_at=time + timedelta(hours=1))


def change(name: str, later: bytes) -> Change:
    """Return the alarm that *name* has the bytes *later* now."""
    return Change(NOON, name, f"https://micropython.test/{name}", Digest.of(b"1"), Digest.of(later))


def decision(subject: str) -> Decision:
    """Return somebody's decision about *subject*."""
    return Decision(NOON, "accept", subject, "looked at it", "operator")


TIMES = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
    timezones=st.just(UTC),
)
TEXTS = st.text(max_size=30)
DIGESTS = st.binary(min_size=32, max_size=32).map(lambda data: Digest(data.hex()))
SIZES = st.integers(0, 1 << 40)
NAMES = st.sampled_from(["a", "b", "c", "d"])
FINDINGS = st.builds(Finding, TEXTS, TEXTS)
VERDICTS = st.builds(
    Verdict,
    conclusion=st.sampled_from(Conclusion),
    checksummed=st.sampled_from(Checksummed),
    reasons=st.lists(FINDINGS, max_size=2).map(tuple),
    limits=st.lists(TEXTS, max_size=2).map(tuple),
)
SIGHTINGS = st.builds(
    Sighting,
    time=TIMES,
    name=NAMES,
    url=TEXTS,
    board=NAMES,
    digest=DIGESTS,
    size=SIZES,
    md5=st.binary(min_size=16, max_size=16).map(bytes.hex),
    verdict=VERDICTS,
    etag=st.none() | TEXTS,
)
REFUSALS = st.builds(
    Refusal,
    time=TIMES,
    name=NAMES,
    url=TEXTS,
    reasons=st.lists(FINDINGS, max_size=2).map(tuple),
    digest=st.none() | DIGESTS,
    size=st.none() | SIZES,
    retry_at=st.none() | TIMES,
)
CHANGES = st.builds(Change, time=TIMES, name=NAMES, url=TEXTS, first=DIGESTS, later=DIGESTS)
DECISIONS = st.builds(Decision, time=TIMES, what=TEXTS, subject=TEXTS, why=TEXTS, by=TEXTS)
WITHDRAWALS = st.builds(Withdrawal, time=TIMES, name=NAMES, board=NAMES, since=TIMES)
RETURNS = st.builds(Return, time=TIMES, name=NAMES)
REMOVALS = st.builds(
    Removal,
    time=TIMES,
    digest=DIGESTS,
    names=st.lists(NAMES, max_size=3).map(tuple),
    size=SIZES,
    reason=TEXTS,
)
ENTRIES: st.SearchStrategy[Entry] = (
    SIGHTINGS | REFUSALS | CHANGES | DECISIONS | WITHDRAWALS | RETURNS | REMOVALS
)


def names(folder: Path) -> list[str]:
    """List a folder, in order."""
    return sorted(path.name for path in folder.iterdir())


def files_below(folder: Path) -> list[Path]:
    """List all files below a folder, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


@dataclass(frozen=True)
class Opened:
    """A data folder without its database, and the ids of its node."""

    parts: DataFolder
    remarks: tuple[str, ...]


def open_folder(folder: Path, disk: Disk | None = None) -> Opened:
    """Open *folder* as `Store.open` does, but for lock and database."""
    files = Files(disk or Disk())
    make_data_folder(folder, files)
    room = Room(files.disk, folder, None)
    parts = DataFolder(Layout(folder), files, room, Bounds(), noon)
    return Opened(parts, parts.prepare(zeros).remarks)
