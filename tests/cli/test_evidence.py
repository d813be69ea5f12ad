"""`mpmirror verify --evidence` says what the ledger knows of the bytes of a file."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from mirror.catalog.values import Digest
from mirror.cli import main
from mirror.storage.entries import Evidence
from mirror.storage.store import Store
from tests.storage.samples import NO_LIMIT, decision, noon, sighting, zeros

if TYPE_CHECKING:
    from pathlib import Path

Capture = pytest.CaptureFixture[str]
DATA = b"these bytes were seen"
NAME = "RPI_PICO-20260406-v1.28.0.uf2"
EVIDENCE = Evidence(
    peer="192.0.2.7:443",
    certificate=Digest.of(b"certificate"),
    page=Digest.of(b"page"),
    headers=(("Server", "nginx/1.22"),),
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder whose ledger has seen one file."""
    folder = tmp_path / "data"
    asyncio.run(fill(folder))
    return folder


async def fill(folder: Path) -> None:
    """Make a data folder; its ledger has two lines."""
    seen = sighting(NAME, DATA, evidence=EVIDENCE)
    async with Store.open(folder, clock=noon, random=zeros, terms=NO_LIMIT) as store:
        await store.ledger.append([seen, decision(NAME)])


def put(folder: Path, name: str, data: bytes) -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(data)
    return path


def ask(capsys: Capture, data: Path, *files: Path) -> tuple[int, list[dict[str, Any]], str]:
    """Run the command for a script; give status, documents and standard error."""
    status = main(["--data", str(data), "verify", "--evidence", "--json", *map(str, files)])
    written = capsys.readouterr()
    return status, json.loads(written.out), written.err


def test_a_known_file_is_told_with_everything_that_is_known(
    data: Path, tmp_path: Path, capsys: Capture
) -> None:
    """By its bytes: the name under which it is handed in says nothing."""
    path = put(tmp_path, "whatever.bin", DATA)

    assert main(["--data", str(data), "verify", "--evidence", str(path)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == f"{path}: known and accepted"
    assert "  ledger: the chain holds from its first line to line 2" in told
    assert f"  first seen: 2026-08-24T12:00:00Z as {NAME}, listed for RPI_PICO" in told
    assert f"  from: https://micropython.test/resources/firmware/{NAME}" in told
    assert "  peer: 192.0.2.7:443" in told
    assert f"  certificate: {Digest.of(b'certificate')}" in told
    assert f"  page: {Digest.of(b'page')}" in told
    assert '  header: ETag: "529d22da-b4"' in told
    assert "  header: Server: nginx/1.22" in told
    assert f"  line 2: accept 2026-08-24T12:00:00Z of {NAME} by operator: looked at it" in told


def test_for_a_script_every_line_about_it_is_there_with_its_place(
    data: Path, tmp_path: Path, capsys: Capture
) -> None:
    status, (document,), _ = ask(capsys, data, put(tmp_path, NAME, DATA))

    assert (status, document["standing"], document["known"]) == (0, "accepted", 2)
    first, second = document["records"]
    assert (first["type"], first["position"]["number"]) == ("sighting", 1)
    assert first["entry"]["evidence"]["peer"] == "192.0.2.7:443"
    assert second["previous"] == first["position"]["digest"]
    assert document["ledger"] == {"lines": 2, "head": second["position"]["digest"]}


def test_unknown_bytes_are_said_to_be_unknown(data: Path, tmp_path: Path, capsys: Capture) -> None:
    """One bit is enough, and one such file makes the status 4."""
    known = put(tmp_path, "known", DATA)
    unknown = put(tmp_path, NAME, DATA + b"!")

    status, documents, told = ask(capsys, data, known, unknown)

    assert (status, told) == (4, "mpmirror: 1 of 2 files are not known and accepted\n")
    assert [document["standing"] for document in documents] == ["accepted", "unknown"]


def test_a_file_that_can_not_be_read_is_said(data: Path, tmp_path: Path, capsys: Capture) -> None:
    status, documents, told = ask(capsys, data, tmp_path / "no")

    assert (status, documents) == (1, [])
    assert told.splitlines()[1] == "mpmirror: 1 of 1 files could not be read"


def test_a_ledger_that_was_changed_is_damage(data: Path, tmp_path: Path, capsys: Capture) -> None:
    [file] = (data / "ledger").iterdir()
    file.write_bytes(file.read_bytes().replace(b"192.0.2.7", b"192.0.2.8"))

    path = put(tmp_path, NAME, DATA)
    assert main(["--data", str(data), "verify", "--evidence", str(path)]) == 5
    assert "does not follow" in capsys.readouterr().err
