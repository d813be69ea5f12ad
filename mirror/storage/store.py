"""The data folder of one mirror, whole: who opens it finds everything in order.

`Store.open` is for the one writer: it takes the lock, refuses a folder of another format,
mends what a crash left, and brings the index up to the ledger.  `open_for_reading` takes no
lock, writes nothing and needs no database: workers and reading commands use it beside the
daemon.  The truth is in files, written in the order blobs, ledger, publication, pointer;
each step is durable before the next begins.
"""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from mirror.errors import ForeignDataError
from mirror.frozen import dataclass
from mirror.storage.blob_store import BlobStore
from mirror.storage.blobs import BlobReader
from mirror.storage.database import Database
from mirror.storage.disk import Disk
from mirror.storage.entries import Sighting
from mirror.storage.files import Files
from mirror.storage.folder import DataFolder
from mirror.storage.incoming_folder import IncomingFolder
from mirror.storage.index import Index
from mirror.storage.layout import Layout, make_data_folder
from mirror.storage.ledger import Ledger
from mirror.storage.ledger_reader import LedgerReader
from mirror.storage.lock import locked, locked_soon
from mirror.storage.node import Node, find_node
from mirror.storage.peers import Peers
from mirror.storage.pending import PendingFolder
from mirror.storage.pins import PinReader, Pins
from mirror.storage.proposals import ProposalReader, Proposals
from mirror.storage.publications import PublicationReader, Publications
from mirror.storage.quarantine import Bounds, Quarantine
from mirror.storage.signatures import SignatureReader, Signatures
from mirror.storage.space import KeepFree, Room
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime
    from pathlib import Path

    from mirror.storage.entries import Recorded
    from mirror.storage.signatures import Signer


@dataclass(frozen=True, slots=True)
class StoreReader:
    """What serving needs of a store; nothing here writes."""

    node: Node
    blobs: BlobReader
    ledger: LedgerReader
    publications: PublicationReader
    pins: PinReader
    signatures: SignatureReader
    proposals: ProposalReader

    @staticmethod
    async def open_for_reading(folder: Path) -> StoreReader:
        """Return the store in *folder* for reading; there is nothing to close.

        Raises `ForeignDataError` when *folder* is not a data folder of this format, or was
        never opened for writing.
        """
        return await to_end(_open_for_reading, folder, Disk())


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a store is kept: what stays free on its disk, and the quarantine's size.

    ``keep_free`` None keeps nothing free.  ``public_url`` is the address of this mirror that
    its publications give their clients, without a final slash; None: they give none.
    ``patience`` is for how many seconds to wait for another process that has the store.
    """

    keep_free: KeepFree | None
    quarantine: Bounds
    public_url: str | None = None
    patience: float = 0.0


USUAL_TERMS = Terms(KeepFree(), Bounds())


@dataclass(frozen=True, slots=True)
class Store(StoreReader):
    """The store of its one writer; ``remarks`` are sentences on what opening it mended.

    Appending to the ledger brings the index along.  ``public_url`` is as in `Terms`: whoever
    publishes, for whatever reason, gives the same address.
    """

    blobs: BlobStore
    ledger: Ledger
    publications: Publications
    pins: Pins
    signatures: Signatures
    proposals: Proposals
    incoming: IncomingFolder
    quarantine: Quarantine
    pending: PendingFolder
    index: Index
    room: Room
    peers: Peers
    remarks: tuple[str, ...]
    public_url: str | None = None

    @staticmethod
    @asynccontextmanager
    async def open(
        folder: Path,
        *,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes] = os.urandom,
        disk: Disk | None = None,
        terms: Terms = USUAL_TERMS,
        signer: Signer | None = None,
    ) -> AsyncIterator[Store]:
        """Open the data folder *folder* for writing, and make it if it does not exist.

        *signer* signs what is published; None: nobody does.

        Raises `LockedError` when another process keeps it, `ForeignDataError` for a folder or
        database of another format, `DamagedError` for what no crash explains,
        `StorageError` when the disk refuses.
        """
        files = Files(disk or Disk())
        room = Room(files.disk, folder, terms.keep_free)
        layout = Layout(folder)
        await to_end(make_data_folder, folder, files)
        async with locked_soon(folder, terms.patience):
            parts = DataFolder(layout, files, room, terms.quarantine, clock)
            prepared = await to_end(parts.prepare, random)
            async with Database(layout.database) as database:
                index = Index(database)
                await index.catch_up(parts.ledger, parts.blobs)
                parts.ledger.followed_by(partial(_follow, index, parts))
                yield Store(
                    node=prepared.node,
                    blobs=parts.blobs,
                    ledger=parts.ledger,
                    publications=parts.publications,
                    pins=parts.pins,
                    signatures=Signatures(layout.signatures, files, signer),
                    proposals=parts.proposals,
                    incoming=parts.incoming,
                    quarantine=parts.quarantine,
                    pending=parts.pending,
                    index=index,
                    room=room,
                    peers=parts.peers,
                    remarks=prepared.remarks,
                    public_url=terms.public_url,
                )

    async def demand(self, size: int) -> None:
        """Raise `DiskFullError` when *size* more bytes would leave too little free."""
        await to_end(self.room.demand, size)


async def forget_index(folder: Path) -> None:
    """Remove the database of *folder*: the next `Store.open` makes it again from the files.

    Raises `LockedError` when a process has the folder open.
    """
    with locked(folder):
        await to_end(_forget_index, Layout(folder), Files(Disk()))


def _forget_index(layout: Layout, files: Files) -> None:
    # The log first: beside another database it would be taken for that one's.
    for ending in ("-wal", "-shm", ""):
        files.remove(layout.database.with_name(layout.database.name + ending))
    files.sync_folders([layout.folder])


def _open_for_reading(folder: Path, disk: Disk) -> StoreReader:
    layout = Layout(folder)
    layout.refuse_other_format()
    node = find_node(folder)
    if node is None:
        raise ForeignDataError(f"{folder} was never opened for writing: it has no node.json")
    return StoreReader(
        node=node,
        blobs=BlobReader(layout.blobs, disk),
        ledger=LedgerReader(layout.ledger, disk),
        publications=PublicationReader(layout.publications, layout.channels),
        pins=PinReader(layout.pins),
        signatures=SignatureReader(layout.signatures),
        proposals=ProposalReader(layout.proposals),
    )


async def _follow(index: Index, parts: DataFolder, records: list[Recorded]) -> None:
    if not await index.follow(records):
        await index.catch_up(parts.ledger, parts.blobs)
    for recorded in records:
        if isinstance(recorded.entry, Sighting):
            parts.blobs.removals.named(recorded.entry.digest)
