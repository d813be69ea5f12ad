"""Everything of a data folder but the database: its parts, and how they are put in order.

The database follows from what is here, so this is all that a crash can put at risk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import DamagedError
from mirror.frozen import dataclass
from mirror.storage.blob_store import BlobStore
from mirror.storage.incoming_folder import IncomingFolder
from mirror.storage.ledger import Ledger
from mirror.storage.node import Node, find_node, make_node, write_node
from mirror.storage.peers import Peers
from mirror.storage.pending import PendingFolder
from mirror.storage.pins import Pins
from mirror.storage.proposals import Proposals
from mirror.storage.publications import Publications
from mirror.storage.quarantine import Bounds, Quarantine

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mirror.storage.files import Files
    from mirror.storage.layout import Layout
    from mirror.storage.space import Room


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `DataFolder.prepare` found: the ids of the node, and sentences on what it mended."""

    node: Node
    remarks: tuple[str, ...]


class DataFolder:
    """The files of one data folder, for the process that holds its lock."""

    def __init__(
        self,
        layout: Layout,
        files: Files,
        room: Room,
        bounds: Bounds,
        clock: Callable[[], datetime],
    ) -> None:
        self._layout = layout
        self._files = files
        self.blobs = BlobStore(layout.blobs, files, room)
        self.incoming = IncomingFolder(layout.incoming, files, room)
        self.quarantine = Quarantine(layout.quarantine, files, bounds, clock)
        self.pending = PendingFolder(layout.pending, files)
        self.ledger = Ledger(layout.ledger, files)
        self.pins = Pins(layout.pins, files)
        self.peers = Peers(layout.folder, files)
        self.proposals = Proposals(layout.proposals, files)
        self.publications = Publications(layout.publications, layout.channels, files, self.blobs)

    def prepare(self, random: Callable[[int], bytes]) -> Prepared:
        """Make what is missing and mend what a crash left; this blocks.

        Raises `ForeignDataError` for a folder that is not ours, `DamagedError` for what no
        crash explains.
        """
        self._layout.claim(self._files)
        folders = self._layout.folders()
        self._files.make_folders(folders)
        for folder in (self._layout.folder, *folders):
            self._files.sweep(folder)
        node = self._find_or_make_node(random)
        self.incoming.recover()
        self.quarantine.recover()
        remarks = [self.ledger.recover(), self.publications.recover()]
        return Prepared(node, tuple(remark for remark in remarks if remark is not None))

    def _find_or_make_node(self, random: Callable[[int], bytes]) -> Node:
        node = find_node(self._layout.folder)
        if node is not None:
            return node
        if self.publications.any():
            raise DamagedError(f"{self._layout.folder} has publications but no node.json")
        node = make_node(random)
        write_node(self._layout.folder, node, self._files)
        return node
