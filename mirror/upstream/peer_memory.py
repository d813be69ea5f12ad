"""What is remembered of another mirror between runs, and the interfaces its crawl works with."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from pydantic import ConfigDict, ValidationError

from mirror.catalog.values import Digest
from mirror.errors import DamagedError
from mirror.frozen import dataclass
from mirror.publication.foreign import PeerContent, PeerRoot
from mirror.shapes import Shape
from mirror.upstream.answers import Validators

if TYPE_CHECKING:
    from mirror.catalog.model import BoardPage


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the publications of one lineage were seen: the sequence, and its root's digest."""

    sequence: int
    root: Digest


@dataclass(frozen=True, slots=True)
class KnownPeer:
    """A mirror as it was read last; ``reader`` is the version of this mirror that read it."""

    __pydantic_config__ = ConfigDict(defer_build=True)  # most upstreams are no mirrors

    root: PeerRoot
    root_digest: Digest
    content: PeerContent
    reader: str
    validators: Validators = field(default_factory=Validators)

    def to_json(self) -> bytes:
        """Return all of it as JSON, which `from_json` reads back."""
        return _KNOWN.dump_json(self)

    @classmethod
    def from_json(cls, document: bytes | str) -> KnownPeer:
        """Read what `to_json` wrote; raise `DamagedError` for anything else."""
        try:
            return _KNOWN.validate_json(document)
        except ValidationError as error:
            raise DamagedError(f"what is known of a mirror can not be read: {error}") from error


_KNOWN = Shape(KnownPeer)


class PeerMemory(Protocol):
    """What is remembered of other mirrors, by base URL; losing it costs requests only.

    What `reach` was told outlives everything: nobody may lead this node back.
    """

    @property
    def lineage(self) -> str:
        """This node's own lineage."""

    async def find(self, upstream: str) -> KnownPeer | None:
        """Return what is known of the mirror at *upstream*."""

    async def remember(self, upstream: str, known: KnownPeer) -> None:
        """Keep *known* in place of what was known."""

    async def forget(self, upstream: str) -> None:
        """Forget that there is a mirror at *upstream*."""

    async def held(self, digest: Digest) -> bytes | None:
        """Return a document that this node has itself."""

    async def reached(self, lineage: str) -> Reached | None:
        """Return how far *lineage* was seen."""

    async def reach(self, lineage: str, place: Reached) -> None:
        """Remember, durably, how far *lineage* was seen."""


class PeerReader(Protocol):
    """Turns foreign documents into values, somewhere where it can do no harm."""

    async def read_peer_root(self, document: bytes, url: str) -> PeerRoot:
        """Read the root of a publication."""

    async def read_peer_content(self, document: bytes, url: str) -> PeerContent:
        """Read the root of a content tree."""

    async def read_peer_board(self, document: bytes, url: str, board: str) -> BoardPage:
        """Read the document of a board."""
