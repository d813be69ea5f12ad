"""A receipt that comes back is checked by who sent the bundle, and tells what to send next."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import BundleRefusedError, SignatureRefusedError
from mirror.publication.statements import Statement, Type
from mirror.transfer.receipts import Receipt, encode_receipt, make_receipt
from mirror.transfer.returned import check_returned
from tests.sync.node import MORNING, TestNode
from tests.transfer.bundles.gap import exported, imported, receiver_at, sender_at, site
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

THEIRS = key(8)


@dataclass(frozen=True)
class Back:
    """The sender, and the receipt of its bundle."""

    here: TestNode
    receipt: Receipt

    async def check(self, receipt: Receipt, *, sequence: int | None = None) -> bool:
        """Sign *receipt* over there, check it here, and say whether it was proved."""
        data = encode_receipt(receipt)
        number = receipt.ledger_number if sequence is None else sequence
        said = Statement(Type.RECEIPT, receipt.receiver, number, receipt.channel)
        signature = THEIRS.sign(data, said).text.encode()
        keys = [THEIRS.public]
        return (await check_returned(self.here.store, data, signature, keys)).proved


@asynccontextmanager
async def carried(folder: Path) -> AsyncIterator[Back]:
    """Carry one bundle, and bring its receipt back."""
    async with (
        site().running() as url,
        sender_at(folder / "a", url) as here,
        receiver_at(folder / "b") as there,
    ):
        await here.sync()
        done = await imported(there, folder / "b", await exported(here))
        yield Back(here, make_receipt(done, there.store.node.lineage, MORNING))


async def test_a_receipt_that_came_back_is_checked(tmp_path: Path) -> None:
    """By its signature, the lineage, and what was published here under its number."""
    async with carried(tmp_path) as back:
        receipt = back.receipt
        data = encode_receipt(receipt)
        said = Statement(Type.RECEIPT, receipt.receiver, receipt.ledger_number)
        signature = THEIRS.sign(data, said).text.encode()
        store = back.here.store
        stranger = await check_returned(store, data, signature, [])

        assert await back.check(receipt)
        assert not stranger.proved
        assert stranger.have.content == (await back.here.root()).content
        with pytest.raises(SignatureRefusedError):
            await check_returned(store, data[:-1] + b" }", signature, [THEIRS.public])
        with pytest.raises(SignatureRefusedError, match="as another one"):
            await back.check(receipt, sequence=receipt.ledger_number + 1)
        with pytest.raises(BundleRefusedError, match="one of the two was changed"):
            await back.check(replace(receipt, content=Digest("0" * 64)))
        with pytest.raises(BundleRefusedError, match="not this one"):
            await back.check(replace(receipt, lineage="0" * 32))
        with pytest.raises(BundleRefusedError, match="newer mpmirror"):
            await back.check(replace(receipt, critical=("x",)))
        with pytest.raises(BundleRefusedError, match="not the receipt"):
            await check_returned(store, b"{}", signature, [])
        with pytest.raises(BundleRefusedError, match="of its own"):
            _ = replace(stranger, receipt=replace(receipt, derived=True)).have
