"""Ask a mirror: its root, its content, its boards and its files, each by the digest before it.

From the root down everything is named by digest, so that a publication that changes meanwhile
changes nothing here, and a mirror that sends other bytes is refused by name.  What is believed
of the root itself is decided by `mirror.client.trust`.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.client.known import Seen, Shown
from mirror.errors import BoardNotFoundError, DigestMismatchError
from mirror.frozen import dataclass
from mirror.publication.foreign import PeerContent, PeerRoot
from mirror.upstream.peer_urls import blob_url

if TYPE_CHECKING:
    from mirror.publication.offered import OfferedBoard
    from mirror.sandbox import Sandbox
    from mirror.upstream.fetch import Fetcher


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication of a mirror: its root as it came (*document*), and what the root names."""

    address: str
    channel: str
    document: bytes
    root: PeerRoot
    digest: Digest
    content: PeerContent

    @property
    def shown(self) -> Shown:
        """What is remembered of it."""
        seen = Seen(self.root.sequence, self.digest)
        return Shown(self.address, self.root.lineage, self.channel, seen)


class Mirror:
    """One mirror, as *fetcher* reaches it; its documents are read in *sandbox*."""

    def __init__(self, fetcher: Fetcher, sandbox: Sandbox) -> None:
        self.address = fetcher.upstream
        self._fetcher = fetcher
        self._sandbox = sandbox

    async def publication(self, channel: str = "") -> Publication:
        """Return the publication that *channel* points to; that of its own choice for none."""
        url = f"{self.address}/v1/{f'channels/{channel}/' if channel else ''}root.json"
        answer = await self._fetcher.page(url)
        root = await self._sandbox.read_peer_root(answer.body, url, channel)
        content = await self._document(root.content)
        return Publication(
            address=self.address,
            channel=root.channel,
            document=answer.body,
            root=root,
            digest=answer.digest,
            content=await self._sandbox.read_peer_content(
                content, blob_url(self.address, root.content)
            ),
        )

    async def board(self, publication: Publication, board: str) -> OfferedBoard:
        """Return what *publication* offers for *board*; raise `BoardNotFoundError`.

        What the mirror recalled is not offered.
        """
        digest = publication.content.boards.get(board)
        if digest is None:
            raise BoardNotFoundError(_no_board(board, publication))
        document = await self._document(digest)
        url = blob_url(self.address, digest)
        return await self._sandbox.read_offered_board(document, url, board)

    async def _document(self, digest: Digest) -> bytes:
        url = blob_url(self.address, digest)
        answer = await self._fetcher.page(url)
        if answer.digest != digest:
            raise DigestMismatchError(f"{url}: sent bytes of {answer.digest}")
        return answer.body


def _no_board(board: str, publication: Publication) -> str:
    near = difflib.get_close_matches(board.upper(), publication.content.boards, n=3, cutoff=0.5)
    hint = f"; near to it: {', '.join(near)}" if near else ""
    return f"{publication.address} has no board {board!r}{hint}"
