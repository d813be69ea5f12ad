"""Signatures lie beside documents: by the document's digest, and there by the key's id.

``signatures/<64 hex>.json`` holds the ``.minisig`` files of one document, by key id, newest key
first.  They are facts about bytes and no part of the tree: without them the tree is as it was.
Nothing is signed here; who opens a store for writing may give it a `Signer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Protocol

from pydantic import Field, ValidationError

from mirror.errors import DamagedError
from mirror.shapes import Shape
from mirror.storage.disk import find_bytes, reported
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.publication.statements import Statement
    from mirror.storage.files import Files

_FILE_BYTES: Final = 1 << 20
_MOST_KEYS: Final = 16

_KeyId = Annotated[str, Field(pattern=r"^[0-9A-F]{16}\z")]
_SIGNATURES = Shape(dict[_KeyId, Annotated[str, Field(max_length=9000)]])


class Signer(Protocol):
    """Who signs for a node; the keys are its own business."""

    @property
    def key_id(self) -> str:
        """The id of the present key."""

    @property
    def papers(self) -> Mapping[str, str]:
        """What clients are told of the keys, by the path that it is served at."""

    def sign(self, data: bytes, statement: Statement) -> Mapping[str, str]:
        """Return a ``.minisig`` file for each key in use, by key id, the present key first."""


class SignatureReader:
    """Reads the signatures in *folder*; safe beside a writer.  Raises `StorageError`s."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def of(self, digest: Digest) -> dict[str, str]:
        """Return the signatures of the document *digest*, by key id; none is no error."""
        return await to_end(self._read, digest)

    def _path(self, digest: Digest) -> Path:
        return self._folder / f"{digest.hex}.json"

    def _read(self, digest: Digest) -> dict[str, str]:
        path = self._path(digest)
        text = find_bytes(path, _FILE_BYTES)
        if text is None:
            return {}
        try:
            return _SIGNATURES.validate_json(text)
        except ValidationError as error:
            raise DamagedError(f"{path} does not hold signatures") from error


class Signatures(SignatureReader):
    """The one writer's signatures; with a *signer* it signs."""

    def __init__(self, folder: Path, files: Files, signer: Signer | None) -> None:
        super().__init__(folder)
        self._files = files
        self.signer = signer

    async def sign(self, documents: Mapping[Digest, tuple[bytes, Statement]]) -> None:
        """Sign each of *documents*, durably; without a signer nothing is done."""
        if self.signer is not None:
            await to_end(self._sign, documents, self.signer)

    async def add(self, found: Mapping[Digest, Mapping[str, str]]) -> None:
        """Keep signatures that others made, beside those that are there, durably."""
        await to_end(self._add, found)

    async def forget(self, digests: Collection[Digest]) -> None:
        """Let the signatures of these documents go, durably; most have none."""
        await to_end(self._forget, digests)

    def _sign(self, documents: Mapping[Digest, tuple[bytes, Statement]], signer: Signer) -> None:
        self._add({digest: signer.sign(*document) for digest, document in documents.items()})

    def _add(self, found: Mapping[Digest, Mapping[str, str]]) -> None:
        contents = {}
        for digest, signatures in found.items():
            before = self._known(digest)
            after = {**signatures, **{key: before[key] for key in before.keys() - signatures}}
            if signatures and after != before:
                newest = dict(list(after.items())[:_MOST_KEYS])
                contents[self._path(digest)] = _SIGNATURES.dump_json(newest) + b"\n"
        if contents:
            self._files.write_all(contents)

    def _known(self, digest: Digest) -> dict[str, str]:
        try:
            return self._read(digest)
        except DamagedError:
            return {}

    def _forget(self, digests: Collection[Digest]) -> None:
        paths = [self._path(digest) for digest in digests]
        with reported("looking into the folder", self._folder):
            going = [path for path in paths if path.exists()]
        if going:
            self._files.remove_all(going)
