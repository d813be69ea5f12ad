"""What was refused is listed and shown; foreign words are shown, never obeyed."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.cli import main
from mirror.formats.verdict import Finding
from mirror.storage.entries import Refusal
from mirror.storage.store import Store
from tests.storage.samples import NO_LIMIT, NOON, noon

if TYPE_CHECKING:
    from pathlib import Path

BYTES = b"no image at all"
DIGEST = Digest.of(BYTES)
SHOWN = "a\\u202eb.uf2: refused: \\x1b[31mred\\nanother line"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one file in quarantine, whose name and reason are hostile."""
    folder = tmp_path / "data"
    asyncio.run(_fill(folder))
    return folder


async def _fill(folder: Path) -> None:
    async with Store.open(folder, clock=noon, terms=NO_LIMIT) as store:
        digest = await store.blobs.put(BYTES)
        reasons = (Finding("structure", "\x1b[31mred\nanother line"),)
        note = Refusal(NOON, "a\u202eb.uf2", "http://a.test/b", reasons, size=len(BYTES))
        await store.quarantine.take(store.blobs, digest, note)


def test_what_lies_there_is_listed_with_time_size_and_reason(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--data", str(data), "quarantine", "list"])
    lines = capsys.readouterr().out.splitlines()

    assert status == 0
    assert lines == [
        f"2026-08-24T12:00:00Z  {DIGEST}  15 bytes  {SHOWN}",
        "1 files in quarantine, 0.0 MB, never served",
    ]


def test_one_is_shown_with_the_place_of_its_bytes(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--data", str(data), "quarantine", "show", str(DIGEST), "--json"])
    [shown] = json.loads(capsys.readouterr().out)

    assert status == 0
    assert shown["path"] == str(data / "quarantine" / DIGEST.hex)
    assert shown["reasons"] == [{"rule": "structure", "text": "\x1b[31mred\nanother line"}]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["show"], 2),
        (["show", "abc"], 2),
        (["show", f"sha256:{'0' * 64}"], 1),
        (["list", str(DIGEST)], 2),
        (["lost"], 2),
    ],
)
def test_what_can_not_be_shown_is_said(
    data: Path, words: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(data), "quarantine", *words]) == status
    assert len(capsys.readouterr().err.splitlines()) in {1, 2}


@pytest.mark.parametrize(
    "words",
    [
        ["recall", "abc", "--why", "x"],
        ["recall", str(DIGEST), "--why", " "],
        ["recall", str(DIGEST)],
        ["accept", "a.uf2", "abc", "--why", "x"],
        ["acknowledge", "0123456789", "--why", "x", "--until", "soon"],
        ["acknowledge", "0123456789", "--why", "x", "--until", "2026-01-01T25:00"],
        ["hide", "--why", "x"],
    ],
)
def test_what_can_not_be_decided_is_wrong_usage(
    data: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing of it reaches the ledger, and nobody is asked."""
    status = main(["--data", str(data), *words])

    assert status == 2
    assert capsys.readouterr().out == ""
    assert (data / "ledger" / "000000001.jsonl").read_bytes() == b""
