"""A manifest of a version to come is refused with a sentence that says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mirror.errors import BundleRefusedError
from mirror.publication.bundle import FORMAT, Manifest, Piece, encode_manifest, read_manifest
from mirror.publication.canonical import canonical

PIECE = Piece.of(b"{}")
MANIFEST = Manifest(
    lineage="0" * 32,
    channel="current",
    sequence=7,
    published="2026-04-07T06:00:00Z",
    checked=None,
    content=PIECE.sha256,
    base=None,
    boards=None,
    documents=(PIECE,),
    blobs=(),
    ledger=(),
    signed={},
    format=FORMAT,
)


def changed(**fields: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return the manifest with other *fields*, in canonical form."""
    return canonical(json.loads(encode_manifest(MANIFEST)) | fields)


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert read_manifest(encode_manifest(MANIFEST)) == MANIFEST


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (changed(format=3), "format 3"),
        (changed(format=3, sequence="seven"), "format 3"),
        (changed(format=3, delegations={}), "format 3"),
        (changed(delegations={"to": []}), r"unknown fields \['delegations'\]"),
        (changed(delegations=1, sequence="seven"), r"unknown fields \['delegations'\]"),
        (changed(**{"\x1b[2J" * 20: 1}), r"unknown fields \['\\\\x1b\[2J"),
        (changed(critical=["delegations"]), "'delegations'"),
    ],
)
def test_what_only_a_newer_version_writes_is_said_to_be_so(data: bytes, why: str) -> None:
    """Whatever else is unknown in it."""
    with pytest.raises(BundleRefusedError, match=f"{why}.*: a newer mpmirror is needed"):
        read_manifest(data)


@pytest.mark.parametrize(
    "name", ["documents", "blobs", "packed", "certificates", "extras", "ledger"]
)
def test_a_part_that_only_a_newer_version_writes_is_named(name: str) -> None:
    """So that nobody looks for damage where a newer mpmirror is needed."""
    one = {"sha256": "0" * 64, "size": 1, "path": "serve.py", "number": 1, "\x1bmade": 2}
    data = changed(**{name: one if name == "certificates" else [one]})

    with pytest.raises(BundleRefusedError, match=rf"\['{name}\..*newer mpmirror is needed") as said:
        read_manifest(data)
    assert "\x1b" not in str(said.value)
    assert "made" in str(said.value)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"[" * 100_000, "is not that of a bundle"),
        (b"[]", "is not that of a bundle"),
        (b'{"format":3}', "is not that of a bundle"),
        (changed(type="mpmirror.content", format=3), "is not that of a bundle"),
        (changed(sequence=-1), "is not that of a bundle"),
        (changed(format=0), "is not that of a bundle"),
        (encode_manifest(MANIFEST).replace(b":", b": ", 1), "is not in canonical form"),
    ],
)
def test_anything_else_is_not_said_to_be_new(data: bytes, why: str) -> None:
    with pytest.raises(BundleRefusedError, match=why):
        read_manifest(data)
