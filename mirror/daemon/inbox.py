"""The daemon takes in the bundles that somebody puts into a folder: as `mpmirror import` does.

One that is refused is moved aside with the reason, and changes nothing else.  What could not be
kept (a full disk) or judged (no time) stays where it is, and is tried again after a while.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, NoReturn

from mirror.errors import ConfigurationError, MirrorError, RefusedError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.threads import to_end
from mirror.transfer.inbox import Inbox
from mirror.web.endless import endless

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from mirror.daemon.log import Logger
    from mirror.transfer.inbox import Arrival

#: Seconds between two looks: a file that is copied changes within this time.
EVERY: Final = 10.0
_AGAIN: Final = 600.0


class InboxWatch:
    """Looks into *inbox*, and has *take* import what came; one bundle at a time."""

    def __init__(
        self,
        inbox: Inbox,
        take: Callable[[Sequence[Path]], Awaitable[object]],
        log: Logger,
        *,
        every: float = EVERY,
    ) -> None:
        self._inbox = inbox
        self._take = take
        self._log = log
        self._every = every
        self._trouble: str | None = None

    async def watch(self) -> NoReturn:
        """Look until cancelled."""
        while True:
            well = await self.look()
            await asyncio.sleep(self._every if well else max(self._every, _AGAIN))

    async def look(self) -> bool:
        """Look once, and take in what has come; False when something stays for a later try."""
        try:
            for arrival in await to_end(self._inbox.look):
                await self._take_in(arrival)
        except MirrorError as error:
            # The same words again and again would fill the log.
            if str(error) != self._trouble:
                self._log.warning("the inbox has to wait for a later try", text=str(error))
            self._trouble = str(error)
            return False
        self._trouble = None
        return True

    async def _take_in(self, arrival: Arrival) -> None:
        names = [path.name for path in arrival.files]
        refusal = arrival.refusal
        if refusal is None:
            try:
                await self._take(arrival.files)
            except (RefusedError, ConfigurationError) as error:
                refusal = str(error)
        if refusal is None:
            self._log.info("a bundle was taken out of the inbox", files=names)
        else:
            self._log.warning("a bundle in the inbox is refused", files=names, why=refusal)
        await to_end(self._inbox.put_away, arrival, refusal, Files(Disk()))


@asynccontextmanager
async def watching(
    folder: Path | None,
    take: Callable[[Sequence[Path]], Awaitable[object]],
    log: Logger,
) -> AsyncIterator[None]:
    """Watch *folder* while the block lasts; None: nothing is watched."""
    if folder is None:
        yield
        return
    watch = InboxWatch(Inbox(folder), take, log).watch
    task = asyncio.create_task(endless(watch, "watching the inbox"), name="inbox")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
