"""What a killed process left on the disk, looked at with nothing but hashes and JSON."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from tests.proofs.walking import files_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_HEX = re.compile(r"[0-9a-f]{64}")


def damaged(data: Path) -> list[str]:
    """Return the names of blobs whose bytes are others than their name says."""
    blobs = (path for path in _blobs(data).glob("*/*") if _HEX.fullmatch(path.name))
    return [
        path.name for path in blobs if hashlib.sha256(path.read_bytes()).hexdigest() != path.name
    ]


def missing(data: Path, pointers: Iterable[Path] | None = None) -> list[str]:
    """Return the blobs that are not there and that *pointers* name, files with a root in them.

    None: those that any publication or channel names.
    """
    if pointers is None:
        pointers = [*data.glob("publications/*"), *data.glob("channels/*")]
    roots = {path.read_text().strip() for path in pointers if not path.name.startswith(".")}
    named = {digest for root in roots for digest in _named(data, root)}
    return sorted(digest for digest in named if not _path(data, digest).is_file())


def holdings(data: Path) -> dict[str, str]:
    """Return the files of the current publication: SHA-256 by name."""
    root = _document(data, (data / "channels" / "current").read_text().strip())
    boards = _document(data, root["content"])["boards"].values()
    return {
        file["name"]: file["hashes"]["sha256"]
        for board in boards
        for file in files_of(_document(data, board))
    }


def taken_in(data: Path) -> set[str]:
    """Return the names of everything that was taken in, as the ledger has them."""
    texts = [path.read_text() for path in data.glob("ledger/*.jsonl")]
    # What stands behind the last line end is a line that is being written.
    lines = [json.loads(line) for text in texts for line in text.split("\n")[:-1]]
    return {line["seen"]["name"] for line in lines if "seen" in line}


def _named(data: Path, root: str) -> Iterator[str]:
    yield root
    document = _document(data, root)
    yield document["content"]
    yield from (local["digest"] for local in document["documents"].values())
    yield from document.get("layers", {}).values()
    for board in _document(data, document["content"])["boards"].values():
        yield board
        yield from (f"sha256:{f['hashes']['sha256']}" for f in files_of(_document(data, board)))


def _document(data: Path, digest: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_path(data, digest).read_bytes())
    return document


def _path(data: Path, digest: str) -> Path:
    name = digest.removeprefix("sha256:")
    assert _HEX.fullmatch(name), digest
    return _blobs(data) / name[:2] / name


def _blobs(data: Path) -> Path:
    return data / "blobs" / "sha256"
