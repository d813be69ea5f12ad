"""A receipt that came back: did the receiver sign it, and was that published here?

It says what the far side took in, and so is a have-list too.  A receipt that names another content
than this node published under that number is refused: one of the two sides was changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.errors import (
    ArtifactNotFoundError,
    BundleRefusedError,
    PublicationNotFoundError,
    SignatureRefusedError,
)
from mirror.frozen import dataclass
from mirror.publication.documents import decode_publication
from mirror.publication.statements import Type
from mirror.transfer.have import Have
from mirror.transfer.keys.minisign import Signature
from mirror.transfer.keys.verifying import verify_statement
from mirror.transfer.receipts import FORMAT, RECEIPT, TYPE, Receipt

if TYPE_CHECKING:
    from collections.abc import Collection

    from mirror.storage.store import StoreReader
    from mirror.transfer.keys.minisign import PublicKey

_MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Returned:
    """A receipt that was checked; *proved* says that a key which is trusted here signed it."""

    receipt: Receipt
    key: str
    proved: bool

    @property
    def have(self) -> Have:
        """What the far side holds by its own word; `BundleRefusedError` where it took in a part."""
        if self.receipt.derived:
            raise BundleRefusedError(
                "the receipt says that the far side published a content of its own: whether it "
                "holds all of it is said by `mpmirror have` there"
            )
        return Have(
            lineage=self.receipt.lineage,
            channel=self.receipt.channel,
            sequence=self.receipt.sequence,
            content=self.receipt.content,
            ledger=0,
        )


async def check_returned(
    store: StoreReader, data: bytes, signature: bytes, keys: Collection[PublicKey]
) -> Returned:
    """Return the receipt *data* if all that can be checked of it is right.

    Raises `BundleRefusedError` for what is no receipt of a bundle of this node's, and
    `SignatureRefusedError` for what its signer did not sign.
    """
    receipt = _read(data)
    signed = Signature.parse(signature)
    proved = signed.key_id in {key.key_id for key in keys}
    if proved:
        said = verify_statement(data, signed, list(keys), Type.RECEIPT)
        if (said.origin, said.sequence) != (receipt.receiver, receipt.ledger_number):
            raise SignatureRefusedError("the receipt was signed as another one")
    if receipt.lineage != store.node.lineage:
        raise BundleRefusedError(f"the receipt is for the lineage {receipt.lineage}, not this one")
    await _refuse_other_content(store, receipt)
    return Returned(receipt, signed.key_id, proved)


def _read(data: bytes) -> Receipt:
    try:
        receipt = RECEIPT.validate_json(data)
    except (ValidationError, RecursionError) as error:
        raise BundleRefusedError("not the receipt of an import") from error
    if receipt.type != TYPE or receipt.format != FORMAT or receipt.critical:
        raise BundleRefusedError("not the receipt of an import, or one of a newer mpmirror")
    return receipt


async def _refuse_other_content(store: StoreReader, receipt: Receipt) -> None:
    try:
        if receipt.channel != "current":
            return  # other channels count for themselves
        root = await store.publications.root(receipt.sequence)
        page = decode_publication(await store.blobs.read(root, max_bytes=_MOST_BYTES))
    except (PublicationNotFoundError, ArtifactNotFoundError):
        return  # let go of long ago: nobody can say any more
    if page.content != receipt.content:
        raise BundleRefusedError(
            f"the receipt says that publication {receipt.sequence} had the content "
            f"{receipt.content}, and here it has {page.content}: one of the two was changed"
        )
