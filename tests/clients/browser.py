"""Chromium with a page open, told what to do as its own developer tools do."""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

#: How it is started: without a screen, and asking nobody for anything by itself.
CHROMIUM: Final = (
    *("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    "--disable-sync",
)
_SECONDS: Final = 60.0
_MOMENT: Final = 0.1


@dataclass(slots=True)
class Page:
    """The open page, at the other end of *socket*."""

    socket: aiohttp.ClientWebSocketResponse
    _asked: int = 0

    async def says(self, code: str, *, pressed: bool = False) -> Any:  # noqa: ANN401 - as it says
        """Return what *code* gives in the page; *pressed* as if somebody had pressed a button."""
        self._asked += 1
        said = {"expression": code, "returnByValue": True, "userGesture": pressed}
        question = {"id": self._asked, "method": "Runtime.evaluate", "params": said}
        await self.socket.send_json(question)
        while True:
            answer = await self.socket.receive_json(timeout=_SECONDS)
            if answer.get("id") == self._asked:
                return answer["result"]["result"].get("value")

    async def until(self, code: str) -> None:
        """Wait until *code* gives something true."""
        async with asyncio.timeout(_SECONDS):
            while not await self.says(code):  # noqa: ASYNC110 - a page sets no event here
                await asyncio.sleep(_MOMENT)


@asynccontextmanager
async def browser(address: str, place: Path, env: Mapping[str, str]) -> AsyncIterator[Page]:
    """Have *address* open, in a browser that keeps what it writes in *place*."""
    words = [*CHROMIUM, "--remote-debugging-port=0", f"--user-data-dir={place}/data", address]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = await asyncio.create_subprocess_exec(*words, env=dict(env), **quiet)  # type: ignore[arg-type]
    try:
        async with aiohttp.ClientSession() as client, asyncio.timeout(2 * _SECONDS):
            tools = f"http://127.0.0.1:{await _listen(place / 'data' / 'DevToolsActivePort')}"
            async with client.ws_connect(await _page(client, tools, address)) as socket:
                yield Page(socket)
    finally:
        process.terminate()
        await process.wait()


async def _listen(file: Path) -> str:
    while len(lines := _lines(file)) < 2:  # noqa: ASYNC110 - another program writes it
        await asyncio.sleep(_MOMENT)
    return lines[0]


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="ascii").splitlines() if file.exists() else []


async def _page(client: aiohttp.ClientSession, tools: str, address: str) -> str:
    while True:
        async with client.get(f"{tools}/json") as answer:
            for target in await answer.json():
                if target["type"] == "page" and target["url"].startswith(address):
                    found: str = target["webSocketDebuggerUrl"]
                    return found
        await asyncio.sleep(_MOMENT)
