"""Who does the work of a writing command: this process, or the daemon that holds the data.

A command opens the store; where another process has it, it sends itself to that process and
shows what it answers.  A daemon that only just starts holds the data before it answers, and a
command that looks holds them for a moment: both are waited for.
"""

from __future__ import annotations

import asyncio
import os
import pwd
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.control import answers
from mirror.daemon.parts import now, terms_of
from mirror.daemon.signing import signer_of
from mirror.errors import LockedError, StorageError
from mirror.storage.layout import Layout
from mirror.storage.store import Store
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.config import Settings

# Seconds in which a daemon answers that has begun, on a small and busy machine too.
_PATIENCE: Final = 5.0
# Seconds between two looks.
_MOMENT: Final = 0.1


@asynccontextmanager
async def store_or_holder(
    settings: Settings, patience: float = _PATIENCE
) -> AsyncIterator[Store | None]:
    """Open the store; give None when another process has it, which then is to be asked.

    Nobody waits for a process that answers; one that does not is given *patience* seconds to
    begin with that, or to let go of the data.
    """
    async with AsyncExitStack() as stack:
        loop = asyncio.get_running_loop()
        ends = loop.time() + patience
        while (store := await _find_store(stack, settings)) is None:
            if await answers(settings.admin_listen.path) or loop.time() >= ends:
                break
            await asyncio.sleep(_MOMENT)
        yield store


async def refuse_unmade(folder: Path) -> None:
    """Raise `ForeignDataError` where no data folder was made, and make none.

    For who only looks: a folder that was mistyped holds nothing, and nothing of it is sound.
    """
    await to_end(Layout(folder).refuse_other_format)
    await to_end(_refuse_to_take_over, folder)


async def refuse_unbegun(folder: Path) -> None:
    """Raise `IncompleteError` where no run has begun anything, and begin nothing.

    For who asks what is held: before the first run nothing is, and no folder has to say so.
    """
    await to_end(Layout(folder).refuse_unbegun)


async def _find_store(stack: AsyncExitStack, settings: Settings) -> Store | None:
    """Return the store, open until *stack* ends; None while another process has it."""
    await to_end(_refuse_to_take_over, settings.data_dir)
    signer = await signer_of(settings)
    # Who waits here looks at the socket too.
    terms = replace(terms_of(settings), patience=0.0)
    opening = Store.open(settings.data_dir, clock=now, terms=terms, signer=signer)
    try:
        return await stack.enter_async_context(opening)
    except LockedError:
        return None


def _refuse_to_take_over(folder: Path) -> None:
    """Refuse to leave behind in *folder* what its own user could not change any more."""
    try:
        owner = folder.stat().st_uid
    except OSError:  # not made yet, or opening it says what is wrong
        return
    if os.geteuid() == 0 and owner != 0:
        name = _name_of(owner)
        raise StorageError(
            f"{folder} belongs to {name}, whose daemon could not change what root leaves there: "
            f"sudo -u {name} mpmirror …"
        )


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:  # of another machine, or of a container
        return f"'#{user}'"
