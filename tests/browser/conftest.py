"""Chromium in front of a mirror; whatever a page asks of anybody else fails its test."""

from __future__ import annotations

import asyncio
import os
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

import pytest

from mirror.storage.files import Files
from mirror.transfer.site.exporting import export_site
from mirror.web.worker import open_held
from tests.browser.site import TOLD, stand
from tests.clients.browser import CHROMIUM
from tests.clients.prepare import ROOT
from tests.web.building import HastyDisk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

    from mirror.transfer.site.exporting import Exported

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
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that the mirror of all boards stands on."""
    return tmp_path_factory.mktemp("mirror") / "data"


@pytest.fixture(scope="session")
def mirror(data: Path) -> Iterator[str]:
    """Give the address of a mirror of all boards."""
    folder = data
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
def files(mirror: str, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a plain web server of the same mirror's tree of files."""
    assert mirror  # it has published
    site = tmp_path_factory.mktemp("site") / "site"
    with ThreadPoolExecutor(1) as pool:  # Playwright has the loop of this thread
        pool.submit(lambda: asyncio.run(exported(data, site))).result(timeout=120)
    handler = partial(Quiet, directory=str(site / "current"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def exported(data: Path, site: Path) -> Exported:
    """Write the tree."""
    return await export_site(open_held(data), TOLD, Files(HastyDisk()), site)


class Quiet(SimpleHTTPRequestHandler):
    """A web server that says nothing."""

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def tree(chromium: Browser, files: str) -> Iterator[Visitor]:
    """Give somebody at the tree of files."""
    visitor = Visitor(chromium, files)
    yield visitor
    visitor.leave()

    assert visitor.faults == []


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
