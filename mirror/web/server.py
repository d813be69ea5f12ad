"""Run an application on sockets until its block ends, then let downloads finish for a while.

Ending takes less than five seconds: nothing new is accepted, idle connections are closed at
once, answers under way may finish, and what is left after that is cut.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

from aiohttp import web

from mirror.web.connections import Gate, Limits, raise_file_limit
from mirror.web.heads import Heads
from mirror.web.tls import TlsGate
from mirror.web.tunnels import TunnelGate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from mirror.web.tls import Encrypted

#: Where an application says with which heads its connections answer what is no request.
HEADS: Final = web.AppKey("heads", Heads)

# aiohttp waits so long for answers, cancels them, and waits as long once more at most.
_FINISHING: Final = 1.75
# So many wait at the door; Linux takes no more than net.core.somaxconn.
_BACKLOG: Final = 4096
# So many are let in at once, then those who are inside have a turn.
_AT_ONCE: Final = 64


@asynccontextmanager
async def serving(
    app: web.Application,
    sockets: Sequence[socket.socket],
    limits: Limits | None = None,
    encrypted: Encrypted | None = None,
) -> AsyncIterator[None]:
    """Serve *app* on bound *sockets*, which are closed at the end, within *limits*.

    So are the sockets of *encrypted*, over TLS; all of them share the limits.  This process may
    open as many files from then on as the system lets it.
    """
    raise_file_limit()
    async with AsyncExitStack() as ending:
        hidden = [*encrypted.sockets, *encrypted.tunnels] if encrypted else []
        for listener in [*sockets, *hidden]:
            ending.callback(listener.close)
        runner = web.AppRunner(app, shutdown_timeout=_FINISHING)
        ending.push_async_callback(runner.cleanup)
        await runner.setup()
        assert runner.server is not None  # noqa: S101 - for the type: setup makes it
        gate = Gate(runner.server, app[HEADS], limits or Limits())
        for listener in sockets:
            server = await _listen(gate, listener)
            ending.callback(server.close)
        if encrypted is not None:
            tls = TlsGate(gate, encrypted.certificates)
            ending.push_async_callback(tls.close)
            for listener in encrypted.sockets:
                server = await _listen(tls, listener)
                ending.callback(server.close)
            for listener in encrypted.tunnels:
                server = await _listen(TunnelGate(tls), listener)
                ending.callback(server.close)
        yield


async def _listen(gate: Gate | TlsGate | TunnelGate, listener: socket.socket) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if listener.family == socket.AF_UNIX:
        return await loop.create_unix_server(gate, sock=listener, backlog=_BACKLOG)
    server = await loop.create_server(gate, sock=listener, backlog=_AT_ONCE)
    listener.listen(_BACKLOG)
    return server
