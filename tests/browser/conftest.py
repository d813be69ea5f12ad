"""Chromium in front of a mirror; whatever a page asks of anybody else fails its test."""

from __future__ import annotations

import asyncio
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.browser.site import stand
from tests.clients.browser import CHROMIUM
from tests.clients.prepare import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

#: Where the pictures of all pages go.
SCREENSHOTS: Final = Path(os.environ.get("SCREENSHOTS", ROOT / ".screenshots")).resolve()
_ARGUMENTS: Final = [
    *(word for word in CHROMIUM[1:] if not word.startswith("--headless")),
    # Whoever is asked by name is not there: nothing can leave this machine.
    "--host-resolver-rules=MAP mirror.lab 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
_OWN: Final = re.compile(r"data:|blob:")
_MILLISECONDS: Final = 20_000


class Visitor:
    """Somebody with a browser at the mirror *base*; what went wrong meanwhile is in *faults*."""

    def __init__(self, browser: Browser, base: str) -> None:
        self.base = base
        self.faults: list[str] = []
        self.requests: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def page(self, **how: Any) -> Page:  # noqa: ANN401 - Playwright's own words
        """Open a window of its own, without anything remembered."""
        context = self._browser.new_context(base_url=self.base, **how)
        context.set_default_timeout(_MILLISECONDS)
        self._contexts.append(context)
        page = context.new_page()
        page.on("request", self._note)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        return page

    @staticmethod
    def until(page: Page, code: str) -> None:
        """Wait until *code* gives something true: without what the policy of pages forbids."""
        for _ in range(_MILLISECONDS // 50):
            if page.evaluate(code):
                return
            page.wait_for_timeout(50)
        pytest.fail(f"it never came to: {code}")

    def leave(self) -> None:
        """Close all windows."""
        for context in self._contexts:
            context.close()

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.faults.append(said.text)

    def _note(self, request: Request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith(f"{self.base}/") and not _OWN.match(request.url):
            self.faults.append(f"asked of somebody else: {request.url}")


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a mirror of all boards."""
    folder = tmp_path_factory.mktemp("mirror") / "data"
    found: Queue[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Queue()

    async def standing() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        await stand(folder, lambda number: found.put((number, loop, stop)), stop)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: asyncio.run(standing()))
        number, loop, stop = found.get(timeout=120)
        yield f"http://127.0.0.1:{number}"
        loop.call_soon_threadsafe(stop.set)
        running.result(timeout=20)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Give Debian's browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="make test-browser installs it")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium: Browser, mirror: str) -> Iterator[Visitor]:
    """Give somebody at the mirror, of whom no page may ask anything of others, or complain."""
    visitor = Visitor(chromium, mirror)
    yield visitor
    visitor.leave()

    assert visitor.faults == []
    assert visitor.requests != []
