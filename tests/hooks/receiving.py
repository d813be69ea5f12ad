"""A receiver on a real socket that answers as a test says, and the example that docs give it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

DOCUMENT = Path(__file__).parents[2] / "docs" / "how-to" / "hooks.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the convention's own tests


def example() -> Callable[..., dict[str, Any] | None]:
    """Return the function that docs/how-to/hooks.md gives to receivers."""
    [code] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, str(DOCUMENT), "exec"), names)  # noqa: S102 - our own document
    read: Callable[..., dict[str, Any] | None] = names["read"]
    return read


@dataclass
class Receiver:
    """What came in, and what is answered: each of *answers* once, then 204."""

    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    number: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.number}/hooks/here"

    @property
    def ids(self) -> list[str]:
        """The ids of all that came, in order."""
        return [headers["webhook-id"] for headers, _ in self.got]

    async def take(self, request: web.Request) -> web.Response:
        """Remember what came, and answer."""
        self.got.append((request.headers, await request.read()))
        status, headers = self.answers.pop(0) if self.answers else (204, {})
        return web.Response(status=status, headers=headers)


@asynccontextmanager
async def receiving(*answers: int) -> AsyncIterator[Receiver]:
    """Have a receiver listen while the block lasts."""
    receiver = Receiver(answers=[(status, {}) for status in answers])
    app = web.Application()
    app.router.add_post("/hooks/here", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.number = runner.addresses[0][1]
        yield receiver
    finally:
        await runner.cleanup()
