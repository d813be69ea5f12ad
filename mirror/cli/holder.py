"""Who does the work of a writing command: this process, or the daemon that holds the data.

A command opens the store; where another process has it, it sends itself to that process and
shows what it answers.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mirror.daemon.parts import now, terms_of
from mirror.daemon.signing import signer_of
from mirror.errors import LockedError
from mirror.storage.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirror.config import Settings


@asynccontextmanager
async def store_or_holder(settings: Settings) -> AsyncIterator[Store | None]:
    """Open the store; give None when another process has it, which then is to be asked."""
    signer = await signer_of(settings)
    opening = Store.open(settings.data_dir, clock=now, terms=terms_of(settings), signer=signer)
    try:
        store = await opening.__aenter__()
    except LockedError:
        yield None
        return
    try:
        yield store
    finally:
        await opening.__aexit__(None, None, None)
