"""Two nodes with a gap between them: bundles are exported here and imported there."""

from __future__ import annotations

import io
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.senders import Senders
from mirror.transfer.bundles.exporting import Request, plan_export, stream_export
from mirror.transfer.bundles.importing import Means, import_bundle, seen_of
from mirror.transfer.keys.node_keys import NodeSigner
from mirror.transfer.keys.rules import Rules
from mirror.transfer.keys.secret import SecretKey
from tests.replica import Replica
from tests.sync.node import node_at
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.publication.statements import Statement
    from mirror.transfer.bundles.importing import Imported
    from mirror.transfer.bundles.reading import Medium
    from tests.sync.node import TestNode


@dataclass(frozen=True)
class Seal:
    """Signs bundles with one key."""

    secret: SecretKey = field(default_factory=key)

    def sign(self, data: bytes, statement: Statement) -> str:
        """Return a ``.minisig`` file."""
        return self.secret.sign(data, statement).text


def site() -> Replica:
    """Return a site of two boards with a release each."""
    replica = Replica.of("RPI_PICO", "ESP32_GENERIC")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    replica.release("ESP32_GENERIC", "v1.28.0", date="2026-04-06")
    return replica


@asynccontextmanager
async def sender_at(folder: Path, url: str) -> AsyncIterator[TestNode]:
    """Open the node on this side, which signs what it publishes."""
    async with node_at(folder, url, lineage=1) as node:
        node.store.signatures.signer = NodeSigner((key(7),))
        yield node


@asynccontextmanager
async def receiver_at(folder: Path) -> AsyncIterator[TestNode]:
    """Open a node on the far side, which asks nobody."""
    async with node_at(folder, "http://127.0.0.1:1", lineage=2) as node:
        node.store.signatures.signer = NodeSigner((key(8),))
        yield node


async def exported(node: TestNode, seal: Seal | None = None, **wanted: Any) -> bytes:  # noqa: ANN401 - fields of a request
    """Return a bundle of what *node* publishes."""
    export = await plan_export(node.store, seal or Seal(), Request(**wanted))
    return b"".join([portion async for portion in stream_export(node.store, export)])


async def imported(
    node: TestNode,
    folder: Path,
    bundle: bytes | Medium,
    *,
    dry_run: bool = False,
    **more: Any,  # noqa: ANN401 - fields of the means
) -> Imported:
    """Import *bundle* into *node*, whose data are in *folder* and who trusts the first key."""
    senders = Senders(folder, Files(Disk()))
    means = Means(
        store=node.store,
        sandbox=node.sandbox,
        senders=senders,
        rules=Rules((key().public,), seen=seen_of(await senders.all())),
        clock=lambda: node.now,
        upstream=node.url,
        **more,
    )
    medium = io.BytesIO(bundle) if isinstance(bundle, bytes) else bundle
    return await import_bundle(means, medium, dry_run=dry_run)


def footprint(folder: Path) -> dict[str, bytes]:
    """Return every file of a data folder but the database, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("mpmirror.db") and path.name != "lock"
    }
