"""A client that believes nothing: it follows a publication from its root to every byte."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.replica.images import Recipe, make_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.replica import Replica
    from tests.web.client import Client


@dataclass(frozen=True, slots=True)
class Walked:
    """A publication that is whole: its sequence, and the SHA-256 of every file by name."""

    sequence: int
    files: dict[str, str]


async def walk(client: Client) -> Walked:
    """Fetch the current publication, all of it; fail unless each byte is what its name says."""
    root = json.loads(await _get(client, "/v1/root.json"))
    place = f"/v1/publications/{root['sequence']}"
    content = json.loads(await _promised(client, f"{place}/content.json", root["content"]))
    files: dict[str, str] = {}
    for board, digest in content["boards"].items():
        document = await _promised(client, f"{place}/boards/{board}.json", digest)
        for file in files_of(json.loads(document)):
            promised = f"sha256:{file['hashes']['sha256']}"
            data = await _promised(client, f"{place}/files/{file['name']}", promised)
            assert len(data) == file["size"], file["name"]
            files[file["name"]] = file["hashes"]["sha256"]
    return Walked(root["sequence"], files)


def digest_at(replica: Replica, name: str) -> str:
    """Return the SHA-256 of the file *name* as upstream really has it, in hex."""
    file = replica.find_file(name)
    assert file is not None, name
    assert isinstance(file.source, Recipe), name
    return hashlib.sha256(make_image(file.source)).hexdigest()


def files_of(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the files of a board document, in its order."""
    for release in board["releases"]:
        yield from release["files"]


async def _promised(client: Client, path: str, digest: str) -> bytes:
    data = await _get(client, path)
    assert f"sha256:{hashlib.sha256(data).hexdigest()}" == digest, path
    return data


async def _get(client: Client, path: str) -> bytes:
    got = await client.get(path)
    assert got.status == 200, f"{path}: {got.status} {got.body[:200]!r}"
    return got.body
