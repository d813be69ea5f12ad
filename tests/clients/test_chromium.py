"""Chromium: the installer element of esp-web-tools takes our manifest; feeds can be read.

A browser offers serial ports in a secure context only, so the page comes over TLS by a name
that the lab's authority vouches for.
"""

from __future__ import annotations

import asyncio
import http.server
import json
import tempfile
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.clients.browser import CHROMIUM, browser
from tests.clients.lab import URL, environment, run
from tests.clients.prepare import modules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clients.lab import Lab

pytestmark = pytest.mark.clients
_WORDS: Final = (*CHROMIUM, "--virtual-time-budget=8000", "--dump-dom")
_MANIFEST: Final = "/esp-web-tools/ESP32_GENERIC.json"
_PAGE: Final = """<!doctype html><meta charset=utf-8><title>flash</title>
<script type=module src=/web/install-button.js></script>
<esp-web-install-button manifest="{manifest}"></esp-web-install-button>
<pre id=read>nothing yet</pre>
<script type=module>
const answer = await fetch("{manifest}");
const manifest = await answer.json();
const file = new URL(manifest.builds[0].parts[0].path, answer.url);
const body = await (await fetch(file)).arrayBuffer();
const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
const feed = await (await fetch("{feed}")).json();
document.getElementById("read").textContent = JSON.stringify({{
  secure: isSecureContext, serial: "serial" in navigator, name: file.pathname,
  sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  boards: feed.boards.length,
}});
</script>
"""


# Notes what becomes of the question for a port, and changes nothing of it.
_BUTTON: Final = """<!doctype html><meta charset=utf-8><title>flash</title>
<script type=module src=/web/install-button.js></script>
<esp-web-install-button manifest="{manifest}"></esp-web-install-button>
<script>
const ask = navigator.serial.requestPort.bind(navigator.serial);
window.chooser = "nobody asked";
navigator.serial.requestPort = (...words) => {{
  window.chooser = "open";
  const port = ask(...words);
  port.then(() => window.chooser = "chosen", (error) => window.chooser = error.name);
  return port;
}};
</script>
"""
_ELEMENT: Final = "document.querySelector('esp-web-install-button')"


@contextmanager
def foreign_page(folder: Path) -> Iterator[str]:
    """Serve *folder* as another origin (one that counts as secure); give its address."""
    handler = partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called
        """Say nothing."""


def test_esp_web_tools_takes_the_manifest_and_any_page_reads_the_feed(lab: Lab, home: Path) -> None:
    """The element offers to install; manifest, file and feed come across origins, unchanged."""
    page = _PAGE.format(manifest=URL + _MANIFEST, feed=f"{URL}/v1/feed.json")
    folder = page_in(home, page)
    # Chromium's socket lies in TMPDIR, and its path must be short.
    short_folder = tempfile.TemporaryDirectory(prefix="c", dir="/tmp")
    with foreign_page(folder) as address, short_folder as short:
        env = environment(home, TMPDIR=short)
        shown = run(*_WORDS, f"--user-data-dir={short}/data", address, env=env)
    text = shown.stdout.partition('id="read">')[2].partition("</pre>")[0]
    assert text.startswith("{"), shown.stdout + shown.stderr

    read = json.loads(text.replace("&quot;", '"'))
    name = read["name"].rpartition("/")[2]
    assert (read["secure"], read["serial"]) == (True, True)
    assert read["sha256"] == lab.digests()[name]
    assert read["boards"] == len(lab.feed()["boards"])
    assert "install-supported" in shown.stdout


async def test_the_element_reaches_the_chooser_of_ports(lab: Lab, home: Path) -> None:
    """Somebody presses its button, and the browser lets a port be chosen.

    Who did not press is refused, which shows that an open chooser is more than a call.  One
    that loses its focus where no screen is closes, which is as if no port had been chosen.
    """
    del lab
    folder = page_in(home, _BUTTON.format(manifest=URL + _MANIFEST))
    short_folder = tempfile.TemporaryDirectory(prefix="c", dir="/tmp", ignore_cleanup_errors=True)
    with foreign_page(folder) as address, short_folder as short:
        env = environment(home, TMPDIR=short)
        async with browser(address, Path(short), env) as page:
            await page.until(f"{_ELEMENT}.hasAttribute('install-supported')")
            await page.says("navigator.serial.requestPort(), 0")
            await page.until("window.chooser == 'SecurityError'")
            press = f"{_ELEMENT}.shadowRoot.querySelector('slot[name=activate]').click()"
            await page.says("window.chooser = 'nobody asked'")
            await page.says(press, pressed=True)
            await page.until("window.chooser != 'nobody asked'")
            await asyncio.sleep(2)
            found = await page.says("window.chooser")

    assert found in {"open", "NotFoundError"}


def page_in(home: Path, html: str) -> Path:
    """Write a page that uses esp-web-tools, and return its folder."""
    folder = home / "page"
    folder.mkdir(parents=True)
    (folder / "web").symlink_to(modules() / "esp-web-tools" / "dist" / "web")
    (folder / "index.html").write_text(html, encoding="utf-8")
    return folder
