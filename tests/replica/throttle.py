"""One bandwidth for all connections together, as a line to upstream has it."""

from __future__ import annotations

import asyncio


class Throttle:
    """Lets at most *rate* bytes pass in a second (None: any number), whoever sends them."""

    def __init__(self, rate: float | None) -> None:
        self.rate = rate
        self._free_at = 0.0

    async def wait_for(self, size: int) -> None:
        """Return when *size* bytes may be sent; bytes asked for first go first."""
        if self.rate is None:
            return
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + size / self.rate
        await asyncio.sleep(self._free_at - now)
