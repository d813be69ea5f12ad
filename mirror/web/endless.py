"""Work that goes on beside the answers, for as long as the process serves.

What should never end has an owner here: when it breaks off all the same, that is told, and it
begins anew after a pause.  Nothing that serves goes on without it in silence.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

#: Seconds.
_PAUSE: Final = 5.0

_log = logging.getLogger(__name__)


async def endless(
    work: Callable[[], Awaitable[object]], what: str, *, pause: float = _PAUSE
) -> NoReturn:
    """Do *work*, which is *what* (words), until cancelled: whenever it ends, begin it anew."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - whatever it is: who serves must not do without this
            _log.exception("%s broke off, and begins anew in %.0f s", what, pause)
        else:
            _log.error("%s ended, and begins anew in %.0f s", what, pause)
        await asyncio.sleep(pause)
