"""Publish made-up artifacts into a real store, for the tests of serving."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.publication.documents import (
    BoardDocument,
    ContentRoot,
    LocalDocument,
    Origin,
    PublicationRoot,
    encode,
)
from mirror.publication.local.dialect import Dialect, Site
from mirror.publication.local.layer import ALL_BOARDS, Layer, encode_layer
from mirror.publication.local.registry import DIALECTS
from mirror.publication.local.rendering import is_own, render_layer, render_lists
from mirror.publication.tree import HeldArtifact, render_board
from mirror.storage.blob_store import BlobStore
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.folder import DataFolder
from mirror.storage.layout import Layout, make_data_folder
from mirror.storage.node import Node
from mirror.storage.publications import Publications
from mirror.storage.quarantine import Bounds
from mirror.storage.space import Room
from tests.publication.examples import SOURCE, VERDICT, facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


_Local: TypeAlias = "tuple[dict[str, LocalDocument], dict[str, Digest]]"

SITE = Site("http://mirror.lab:8080", "https://micropython.org")
NOON = datetime(2026, 8, 24, 12, tzinfo=UTC)

PICO = "RPI_PICO_W-20260406-v1.28.0.uf2"
PICO_OLD = "RPI_PICO_W-20251209-v1.27.0.uf2"
PICO_PREVIEW = "RPI_PICO_W-20260807-v1.29.0-preview.678.g5f2181f938.uf2"
ESP = "ESP32_GENERIC-20260406-v1.28.0.bin"
ESP_APP = "ESP32_GENERIC-20260406-v1.28.0.app-bin"
ESP_OTA = "ESP32_GENERIC-OTA-20260406-v1.28.0.bin"
ESP_MAP = "ESP32_GENERIC-20260406-v1.28.0.map"


def image(name: str, size: int = 100_000) -> bytes:
    """Return *size* bytes that no other name has."""
    block = hashlib.sha512(name.encode()).digest()
    return (block * (size // len(block) + 1))[:size]


def images(*names: str) -> dict[str, bytes]:
    """Return an image for each of *names*."""
    return {name: image(name) for name in names}


USUAL = images(PICO, PICO_OLD, PICO_PREVIEW, ESP, ESP_APP, ESP_OTA, ESP_MAP)


class HastyDisk(Disk):
    """A disk that is not waited for: no test here cuts the power."""

    def sync(self, descriptor: int) -> None:
        """Do not wait."""

    def sync_folder(self, path: Path) -> None:
        """Do not wait."""


@dataclass(frozen=True, slots=True)
class Written:
    """The part of a store that serving reads, open for writing."""

    blobs: BlobStore
    publications: Publications
    node: Node


def opened(folder: Path) -> Written:
    """Make the data folder *folder*, or open it; this blocks."""
    disk = HastyDisk()
    files = Files(disk)
    make_data_folder(folder, files)
    room = Room(disk, folder, None)
    parts = DataFolder(Layout(folder), files, room, Bounds(), lambda: NOON)
    return Written(parts.blobs, parts.publications, parts.prepare(os.urandom).node)


@dataclass(slots=True)
class Builder:
    """Publishes into *store*, in *dialects*; each publication is an hour after the one before."""

    store: Written
    dialects: Sequence[Dialect] = DIALECTS
    sequence: int = 0
    now: datetime = NOON
    photographs: Digest | None = None

    async def publish(
        self, files: Mapping[str, bytes], *, recalled: Sequence[bytes] = ()
    ) -> Digest:
        """Hold *files* by name and publish exactly them; return the root."""
        await self.store.blobs.put_many(files.values())
        return await self.publish_documents(boards_of(files), recalled)

    async def publish_documents(
        self, boards: Sequence[BoardDocument], recalled: Sequence[bytes] = ()
    ) -> Digest:
        """Publish *boards*, whose files somebody else holds; return the root."""
        self.sequence += 1
        self.now += timedelta(hours=1)
        content = await self._content(boards, recalled)
        documents, layers = await self._local(boards)
        root = PublicationRoot(
            lineage=self.store.node.lineage,
            channel="current",
            sequence=self.sequence,
            previous=None,
            published=self.now.isoformat(),
            content=await self.store.blobs.put(encode(content)),
            documents=documents,
            layers=layers,
        )
        digest = await self.store.blobs.put(encode(root))
        await self.store.publications.publish(self.sequence, digest)
        return digest

    async def _content(
        self, boards: Iterable[BoardDocument], recalled: Sequence[bytes]
    ) -> ContentRoot:
        documents = {board.board: encode(board) for board in boards}
        await self.store.blobs.put_many(documents.values())
        return ContentRoot(
            origin=Origin(self.store.node.lineage, self.sequence),
            previous=None,
            published=self.now.isoformat(),
            upstream="https://micropython.org",
            boards={board: Digest.of(document) for board, document in documents.items()},
            recalled=tuple(Digest.of(data) for data in recalled),
            photographs=self.photographs,
        )

    async def _local(self, boards: Sequence[BoardDocument]) -> _Local:
        layers = {board.board: render_layer(board, SITE, self.dialects) for board in boards}
        summaries: dict[str, list[bytes]] = {}
        for data in layers.values():
            layer = Layer.decode(data)
            for name in layer.head.summaries:
                summaries.setdefault(name, []).append(layer.summary(name))
        lists = dict(render_lists(lambda name: summaries.get(name, ()), SITE, self.dialects))
        own = {path: one for path, one in lists.items() if is_own(path, one)}
        others = {path: one for path, one in lists.items() if path not in own}
        layers[ALL_BOARDS] = encode_layer(ALL_BOARDS, others, {})
        await self.store.blobs.put_many([*layers.values(), *(one.body for one in own.values())])
        documents = {
            path: LocalDocument(Digest.of(one.body), one.media_type, len(one.body))
            for path, one in own.items()
        }
        return documents, {board: Digest.of(data) for board, data in layers.items()}


def boards_of(files: Mapping[str, bytes], size: int | None = None) -> list[BoardDocument]:
    """Return the documents of the boards of *files*, by board id; *size* is a lie to tell."""
    held = sorted((_held(name, data, size) for name, data in files.items()), key=_board)
    return [
        render_board(facts(board), artifacts, {}) for board, artifacts in groupby(held, key=_board)
    ]


def _board(artifact: HeldArtifact) -> str:
    return str(artifact.name).partition("-")[0]


def _held(name: str, data: bytes, size: int | None) -> HeldArtifact:
    return HeldArtifact(
        ArtifactName.parse(name),
        SOURCE + name,
        Digest.of(data),
        len(data) if size is None else size,
        hashlib.md5(data, usedforsecurity=False).hexdigest(),
        VERDICT,
    )
