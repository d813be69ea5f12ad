"""Boards that are published and that upstream's index shows no more.

A board that was renamed leaves the index, and nobody would look at its page again.  So its
page is asked for as long as a file of it is neither listed nor withdrawn: one request for each
such board and crawl.  What is published of it goes on being rendered from its last document.
"""

from __future__ import annotations

import asyncio
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mirror.catalog.model import CatalogBoard, Listing
from mirror.catalog.names import ArtifactName
from mirror.errors import (
    ArtifactNotFoundError,
    DamagedError,
    RefusedError,
    UpstreamError,
    UpstreamMissingError,
)
from mirror.publication.documents import decode_board, decode_content, decode_publication
from mirror.upstream.answers import Validators

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from mirror.catalog.values import Digest
    from mirror.publication.documents import BoardDocument
    from mirror.storage.store import StoreReader
    from mirror.sync.means import Means

MOST_ASKED: Final = 20
"""Pages of vanished boards in one crawl; the others are asked for when these are settled."""

_MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(slots=True)
class Answers:
    """What the pages of vanished boards said.

    ``settled`` are the boards whose page was read whole or is not there; ``listed`` what
    stands on them.
    """

    settled: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)


async def ask_for(means: Means, boards: Iterable[str], read: Container[str]) -> Answers:
    """Ask for the pages of *boards*; a board whose page can not be read is not settled.

    One that leads to another page is settled when that was read whole in this crawl, which
    *read* has by URL: upstream does so with the pages of boards that it renamed.  Raises what
    concerns this node alone.
    """
    answers = Answers()
    for board in sorted(boards)[:MOST_ASKED]:
        url = f"{means.fetcher.upstream}/download/{urllib.parse.quote(board, safe='')}/"
        try:
            answers.listed |= await _names_on(means, url, board, read)
        except UpstreamMissingError:
            answers.settled.add(board)
        except (UpstreamError, RefusedError):
            continue
        else:
            answers.settled.add(board)
    return answers


async def _names_on(means: Means, url: str, board: str, read: Container[str]) -> set[str]:
    answer = await means.fetcher.changed_page(url, Validators())
    if answer is None:
        raise UpstreamError(f"{url}: answered 304 to a request without conditions")
    if answer.final_url != url and answer.final_url in read:
        return set()
    # A page without headings is refused here, whatever its past: it tells nothing.
    page = await means.sandbox.read_board_page(answer.body, url, board)
    return {str(listing.name) for listing in page.listings}


async def published_boards(store: StoreReader, without: Container[str]) -> list[BoardDocument]:
    """Return the board documents of the current publication, but for the ids in *without*.

    Documents that are damaged are left out: they are rendered by nobody then.
    """
    boards = await _board_digests(store)
    found = [
        await _find_board(store, digest) for board, digest in boards.items() if board not in without
    ]
    return [document for document in found if document is not None]


def as_catalogued(document: BoardDocument, withdrawn: Container[str]) -> CatalogBoard:
    """Return what *document* says as if a page had said it: its facts, and what is on demand.

    What is *withdrawn* is offered no more.
    """
    listings = tuple(
        Listing.at(offer.source, ArtifactName.parse(offer.name), document.board, position)
        for position, offer in enumerate(document.on_demand)
        if offer.name not in withdrawn
    )
    return CatalogBoard(document.facts, listings, stale="upstream does not show this board")


async def _board_digests(store: StoreReader) -> Mapping[str, Digest]:
    digest = await store.publications.current()
    if digest is None:
        return {}
    try:
        root = decode_publication(await _read(store, digest))
        return decode_content(await _read(store, root.content)).boards
    except (ArtifactNotFoundError, DamagedError):
        # Whoever publishes meets it too, and says so; until then files can be fetched.
        return {}


async def _find_board(store: StoreReader, digest: Digest) -> BoardDocument | None:
    try:
        return await asyncio.to_thread(decode_board, await _read(store, digest))
    except (ArtifactNotFoundError, DamagedError):
        return None


async def _read(store: StoreReader, digest: Digest) -> bytes:
    return await store.blobs.read(digest, max_bytes=_MOST_BYTES)
