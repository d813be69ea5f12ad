"""Have Apprise tell an event, in a process of its own that has a time limit.

Apprise knows a hundred services, each with a program of its own that opens connections as it
likes.  So it is loaded where it can do no harm and holds nothing up: a process gets the address and
the sentence by pipe (no argument shows a secret), and is killed when it takes too long.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Final

from mirror.errors import HookError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirror.hooks.queue import Waiting
    from mirror.hooks.targets import Target

_SECONDS: Final = 60.0
_MOST_SAID: Final = 10_000
# What a program needs to find itself and a proxy; no secret of the daemon's is among it.
_PASSED: Final = (
    *("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)


class Apprising:
    """Gives events to the Apprise address of *target*."""

    def __init__(
        self, target: Target, environ: Mapping[str, str], *, seconds: float = _SECONDS
    ) -> None:
        self._url = target.url.text
        self.environ = {name: environ[name] for name in _PASSED if name in environ}
        self._seconds = seconds

    async def __call__(self, one: Waiting) -> None:
        """Tell *one*; raise `HookError` unless the service says that it took it."""
        body = json.loads(one.body)
        order = {"url": self._url, "title": f"mpmirror: {one.kind.value}", "text": body["text"]}
        try:
            async with asyncio.timeout(self._seconds):
                status, said = await self._run(json.dumps(order).encode())
        except TimeoutError as error:
            raise HookError("Apprise took too long") from error
        except OSError as error:
            raise HookError(f"Apprise can not be started: {error.strerror or error}") from error
        if status:
            raise HookError(said or f"Apprise ended with {status}")

    async def _run(self, order: bytes) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "mirror.hooks.apprise_child"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=self.environ,
        )
        try:
            said, _ = await process.communicate(order)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, said[:_MOST_SAID].decode("ascii", "replace").strip()
