"""Sign what readers believe by its signature, before the pointer moves to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest
from mirror.publication.documents import Origin, encode
from mirror.publication.local.sums import SUMS_PATH
from mirror.publication.statements import Statement, Type
from mirror.storage.publications import CURRENT

if TYPE_CHECKING:
    from mirror.publication.documents import ContentRoot, PublicationRoot
    from mirror.storage.store import Store

_MOST_BYTES: Final = 64 * 1024 * 1024


async def sign(store: Store, root: PublicationRoot, content: ContentRoot) -> None:
    """Sign *root*, its list of sums and its *content*, durably, if the store has a signer.

    What another node made has its own signature, and none of ours.  What a channel shows as it
    was published before keeps the signature that it has.  Raises `StorageError`.
    """
    signer = store.signatures.signer
    if signer is None:
        return
    data, lineage, channel = encode(root), root.lineage, root.channel
    said = Statement(Type.PUBLICATION, lineage, root.sequence, channel)
    documents = {Digest.of(data): (data, said)}
    if content.origin.lineage == lineage:
        told = Statement(Type.CONTENT, lineage, content.origin.sequence, channel)
        documents[root.content] = (encode(content), told)
    if SUMS_PATH in root.documents:
        sums = root.documents[SUMS_PATH].digest
        listed = await store.blobs.read(sums, max_bytes=_MOST_BYTES)
        documents[sums] = (listed, Statement(Type.SUMS, lineage, root.sequence, channel))
    if channel != CURRENT:
        signed = [one for one in documents if signer.key_id in await store.signatures.of(one)]
        documents = {one: said for one, said in documents.items() if one not in signed}
    await store.signatures.sign(documents)


def next_origin(store: Store, before: ContentRoot | None, publication: int) -> Origin:
    """Return whose the content behind *before* is, in the *publication* of this sequence."""
    lineage, signer = store.node.lineage, store.signatures.signer
    ours = before is not None and before.origin.lineage == lineage
    # Behind the content of another node ours goes on where none of ours ever was.
    sequence = before.origin.sequence + 1 if before and ours else publication
    return Origin(lineage, sequence, signer.key_id if signer else None)
