"""What travels beside the firmware: the subtrees of packages and photographs, each whole or not.

A subtree that is not whole here (damaged, or of a newer mpmirror) stays behind and is named: it
never holds back firmware.  Without all of its subtrees a content is not whole on the far side,
which then publishes one of its own made from it, under its own signature.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mirror.errors import MirrorError
from mirror.publication.bundle import Piece, Subtree
from mirror.storage.subtrees import Reached, SubtreeWalk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.catalog.values import Digest
    from mirror.publication.documents import ContentRoot
    from mirror.storage.store import StoreReader

_MOST_BYTES: Final = 64 * 1024 * 1024
_OWN: Final = (
    "there the content is one of the receiver's own, made from this one, with its own signature; "
    "every byte in the bundle stands under the signature of the bundle"
)


@dataclass(slots=True)
class Beside:
    """The subtrees called *names*: their documents and files; *left* says what stays behind."""

    names: list[Subtree] = field(default_factory=list)
    documents: list[Piece] = field(default_factory=list)
    files: list[Piece] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


async def find_beside(store: StoreReader, content: ContentRoot, *, narrowed: bool) -> Beside:
    """Return what the subtrees of *content* name; none of it when the bundle is *narrowed*."""
    tops = tops_by_name(content)
    if narrowed:
        return Beside(left=[f"{', '.join(['the other boards', *tops])} stay behind: {_OWN}"])
    beside = Beside()
    for name, top in tops.items():
        try:
            reached = await find_reached(store, top)
            documents = await _pieces(store, reached.documents.difference(content.recalled))
            files = await _pieces(store, reached.files.difference(content.recalled))
        except MirrorError as error:
            beside.left.append(f"the {name} stay behind ({error}): {_OWN}")
        else:
            beside.names.append(name)
            beside.documents += documents
            beside.files += files
    return beside


async def named_beside(store: StoreReader, content: ContentRoot) -> set[Digest]:
    """Return all that the subtrees of *content* name, as far as they can be read here."""
    found: set[Digest] = set()
    for top in tops_by_name(content).values():
        # What can not be read counts as not sent: then it is sent once more.
        with suppress(MirrorError):
            reached = await find_reached(store, top)
            found |= reached.documents | reached.files
    return found


def tops_by_name(content: ContentRoot) -> dict[Subtree, Digest]:
    """Return the subtrees that *content* has."""
    tops: dict[Subtree, Digest | None] = {
        "packages": content.packages,
        "photographs": content.photographs,
    }
    return {name: top for name, top in tops.items() if top is not None}


async def find_reached(store: StoreReader, top: Digest) -> Reached:
    """Return all that the subtree under *top* names; raise what reading its documents raises."""
    walk = SubtreeWalk(lambda digest: store.blobs.read(digest, max_bytes=_MOST_BYTES))
    return await walk.reached([top])


async def _pieces(store: StoreReader, digests: Iterable[Digest]) -> list[Piece]:
    ordered = sorted(digests, key=lambda digest: digest.hex)
    return [Piece(digest.hex, await store.blobs.size(digest)) for digest in ordered]
