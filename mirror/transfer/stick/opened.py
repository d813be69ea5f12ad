"""A bundle on a stick, read by whoever has nothing but Python: in one file, or in volumes.

The signature is checked before anything of the bundle is looked at, and each piece is hashed before
it is given out.  A file that is written to while it is served is not believed any more.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from pathlib import Path
from typing import Any

from mirror.transfer.stick.ed25519 import is_signed

BLOCK = 512
PORTION = 1 << 18
MOST_HEAD = 64 << 20
ID = slice(2, 10)
SIGNATURE_LINES = 5
COMMENT_START = "trusted comment: "
COMMENT = re.compile(
    r"type:mpmirror\.bundle\torigin:([0-9a-f]{32})\tchannel:([a-z0-9][a-z0-9-]{0,62})"
    r"\tsequence:([1-9][0-9]{0,17})"
)
DAMAGED = "the signature of the bundle is damaged"


class RefusedError(Exception):
    """A bundle that is not served, and why."""


def signed_by(line: str, manifest: bytes, signature: bytes) -> tuple[str, str, int]:
    """Return what the key *line* says of the manifest: origin, channel, sequence."""
    key = decoded(line.strip(), 42, "the key is one line that begins with RW, from your paper")
    lines = signature.decode("utf-8", "replace").split("\n")
    if len(lines) != SIGNATURE_LINES or not lines[2].startswith(COMMENT_START):
        raise RefusedError(DAMAGED)
    body, whole = decoded(lines[1], 74, DAMAGED), decoded(lines[3], 64, DAMAGED)
    comment = lines[2][len(COMMENT_START) :]
    if key[:2] != b"Ed" or body[ID] != key[ID]:
        raise RefusedError("the bundle was signed by another key than yours")
    if body[:2] not in (b"Ed", b"ED"):
        raise RefusedError("the signature of the bundle is of another kind")
    message = hashlib.blake2b(manifest).digest() if body[:2] == b"ED" else manifest
    proof = body[ID.stop :]
    if not is_signed(key[ID.stop :], message, proof) or not is_signed(
        key[ID.stop :], proof + comment.encode(), whole
    ):
        raise RefusedError("the signature of the bundle is wrong: it was changed, or damaged")
    said = COMMENT.fullmatch(comment)
    if said is None:
        raise RefusedError("what is signed is no bundle")
    return said.group(1), said.group(2), int(said.group(3))


def decoded(text: str, size: int, complaint: str) -> bytes:
    """Decode base64 of so many bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if len(data) != size:
        raise RefusedError(complaint)
    return data


def stamp(path: Path) -> tuple[int, int]:
    """Return what changes when a file is written to."""
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns


class Part:
    """Bytes of a bundle in one file: *size* of them, from *skip* on, which begin at *offset*."""

    def __init__(self, path: Path, skip: int, offset: int, size: int) -> None:
        self.path, self.skip, self.offset, self.size = path, skip, offset, size

    def read(self, start: int, size: int) -> bytes:
        """Return what this part has of these bytes, if it has the first of them."""
        at = start - self.offset
        if not (0 <= at < self.size and size):
            return b""
        with self.path.open("rb") as file:
            file.seek(self.skip + at)
            return file.read(min(size, self.size - at))


class Medium:
    """The bytes of a bundle, in one file or in volumes."""

    def __init__(self, paths: list[Path]) -> None:
        with paths[0].open("rb") as file:
            split = file.read(11) == b'{"bundle":"'
        if len(paths) > 1 and not split:
            raise RefusedError("several files, and they are no volumes of one bundle")
        whole = [Part(paths[0], 0, 0, paths[0].stat().st_size)]
        self.parts = in_order(paths) if split else whole
        self.stamps = {path: stamp(path) for path in paths}

    def read(self, start: int, size: int) -> bytes:
        """Return the bytes there; fewer at the end."""
        found = b""
        for part in self.parts:
            found += part.read(start + len(found), size - len(found))
        return found

    def is_as_before(self) -> bool:
        """Whether no file was touched since this began."""
        return all(stamp(path) == known for path, known in self.stamps.items())


def in_order(paths: list[Path]) -> list[Part]:
    """Return the volumes in order; refuse missing ones by number."""
    heads = {}
    for path in paths:
        try:
            with path.open("rb") as file:
                head = json.loads(file.read(BLOCK).decode("ascii"))
            part = Part(path, BLOCK, int(head["offset"]), int(head["size"]))
            heads[int(head["number"])] = (str(head["bundle"]), int(head["count"]), part)
        except (ValueError, KeyError, TypeError) as error:
            raise RefusedError(f"{path.name} is no volume of the bundle") from error
    if len({head[:2] for head in heads.values()}) != 1:
        raise RefusedError("the files are volumes of different bundles")
    count = next(iter(heads.values()))[1]
    missing = [str(number) for number in range(1, count + 1) if number not in heads]
    if missing:
        raise RefusedError("these volumes are missing: " + ", ".join(missing[:20]))
    return [heads[number][2] for number in sorted(heads)]


class Bundle:
    """A bundle that *key* signed: the bytes of each piece by its SHA-256."""

    def __init__(self, medium: Medium, key: str) -> None:
        self.medium = medium
        self.checked: set[str] = set()
        self.lock = threading.Lock()
        at, data = self.member(0, "manifest.json")
        at, signature = self.member(at, "manifest.json.minisig")
        said = signed_by(key, data, signature)
        manifest: dict[str, Any] = json.loads(data.decode())
        self.manifest = manifest
        if said != (manifest["lineage"], manifest["channel"], manifest["sequence"]):
            raise RefusedError("signed as another publication than the manifest names")
        if manifest["format"] not in (1, 2) or manifest["critical"]:
            raise RefusedError("the bundle is of a newer mpmirror: use the serve.py beside it")
        if manifest.get("packed"):
            raise RefusedError("this bundle brings only what is new: a whole one can be served")
        if manifest.get("certificates"):
            at, _ = self.member(at, "certificates.txt")
        at, _ = self.member(at, "SHA256SUMS")
        extras = manifest.get("extras", [])
        self.extras: dict[str, str] = {one["path"]: one["sha256"] for one in extras}
        self.places: dict[str, tuple[int, int]] = {}
        for one in (*extras, *manifest["documents"], *manifest["blobs"]):
            self.places[one["sha256"]] = (at + BLOCK, one["size"])
            at += BLOCK + one["size"] + -one["size"] % BLOCK

    def member(self, at: int, name: str) -> tuple[int, bytes]:
        """Return where the next member begins, and the bytes of this one."""
        head = self.medium.read(at, BLOCK)
        digits = head[124:135]
        if head[:100] != name.encode().ljust(100, b"\0") or digits.strip(b"01234567"):
            raise RefusedError(f"not a bundle, or damaged where {name} should be")
        size = int(digits, 8)
        if size > MOST_HEAD:
            raise RefusedError(f"{name} is larger than any")
        return at + BLOCK + size + -size % BLOCK, self.medium.read(at + BLOCK, size)

    def check(self, sha256: str) -> tuple[int, int]:
        """Return where a piece stands, and its size, once its bytes are known to be right."""
        if sha256 not in self.places:
            raise RefusedError(f"{sha256} is not in the bundle, which brings only what is new")
        start, size = self.places[sha256]
        with self.lock:
            if not self.medium.is_as_before():
                raise RefusedError("the bundle was written to while it was served")
            if sha256 not in self.checked:
                self.refuse_damage(sha256, start, size)
                self.checked.add(sha256)
        return start, size

    def refuse_damage(self, sha256: str, start: int, size: int) -> None:
        """Raise when the bytes there are not those of their name."""
        hashed, end = hashlib.sha256(), start + size
        while start < end:
            data = self.medium.read(start, min(end - start, PORTION))
            if not data:
                break
            hashed.update(data)
            start += len(data)
        if hashed.hexdigest() != sha256:
            raise RefusedError(f"{sha256} is damaged on the stick")

    def read(self, sha256: str) -> bytes:
        """Return all bytes of a piece."""
        return self.medium.read(*self.check(sha256))
