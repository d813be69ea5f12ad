"""Flashing from the browser: only bytes that were checked are handed on, else it says why not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import pytest

from mirror.publication.pages import more_texts

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser

NAME: Final = "ESP32_GENERIC-20260406-v1.28.0.bin"
PATH: Final = f"/flash/{NAME}"
SHA256: Final = hashlib.sha256(NAME.encode()).hexdigest()  # its bytes are its name
#: A port at which nobody answers.
PORT: Final = """navigator.serial.requestPort = async () => ({
    open: async () => {}, close: async () => {}, getInfo: () => ({}), setSignals: async () => {},
    addEventListener() {}, removeEventListener() {},
    readable: new ReadableStream({}), writable: new WritableStream({}),
});"""
#: What the installer element would flash, as it would fetch it.
TAKEN: Final = """async () => {
    const element = document.querySelector("esp-web-install-button");
    const manifest = await (await fetch(element.manifest)).json();
    const part = manifest.builds[0].parts[0];
    const bytes = await (await fetch(new URL(part.path, element.manifest))).arrayBuffer();
    return [manifest.builds[0].chipFamily, part.offset, new TextDecoder().decode(bytes)];
}"""


def start(page: Page) -> None:
    """Press the first button."""
    page.get_by_role("button", name=more_texts.FLASH_START).click()


def test_what_was_checked_is_what_the_installer_takes_and_it_opens(visitor: Visitor) -> None:
    """Its modules come from this mirror, and the policy of the page lets it work."""
    page = visitor.page()
    page.goto("/boards/ESP32_GENERIC")
    page.get_by_role("link", name="Flash from the browser").first.click()
    page.wait_for_url(f"**{PATH}")
    page.evaluate(PORT)
    start(page)
    page.get_by_text(f"All bytes are right. SHA-256: {SHA256}").wait_for()
    taken = page.evaluate(TAKEN)
    page.get_by_role("button", name=more_texts.FLASH_CONNECT).click()
    page.locator("ewt-install-dialog").get_by_text("MicroPython ESP32 / WROOM").first.wait_for()

    assert taken == ["ESP32", 0x1000, NAME]
    assert any("/static/esp-web-tools/" in url for url in visitor.requests)


def test_other_bytes_are_never_handed_on(visitor: Visitor) -> None:
    page = visitor.page()
    page.route("**/v1/files/*.bin", lambda route: route.fulfill(body=b"something else"))
    page.goto(PATH)
    start(page)
    page.get_by_text("nothing is flashed").wait_for()

    assert page.locator("esp-web-install-button").count() == 0
    assert page.get_by_text(hashlib.sha256(b"something else").hexdigest()).is_visible()


def test_a_browser_without_serial_ports_says_what_to_do(visitor: Visitor) -> None:
    page = visitor.page()
    page.add_init_script("delete Navigator.prototype.serial")
    page.goto(PATH)

    assert page.get_by_text("can not open serial ports").is_visible()
    assert not page.locator("#flash").is_visible()


def test_a_page_that_did_not_come_over_https_leads_to_how_it_would(visitor: Visitor) -> None:
    visitor.base = visitor.base.replace("127.0.0.1", "mirror.lab")
    page = visitor.page()
    page.goto(PATH)

    assert page.get_by_text("only for pages that came over https").is_visible()
    assert not page.locator("#flash").is_visible()
    page.get_by_role("link", name=more_texts.FLASH_SET_UP).click()
    page.wait_for_url("**/setup/esp-web-tools")
    # The browser says that it heeds a header over https only.
    visitor.faults[:] = [one for one in visitor.faults if "origin was untrustworthy" not in one]


def test_a_uf2_board_has_three_steps_in_pictures(visitor: Visitor) -> None:
    page = visitor.page()
    page.goto("/boards/RPI_PICO_W")
    steps = page.locator(".pictured >> nth=0").locator("li")

    assert steps.count() == 3
    assert steps.locator("svg").count() == 3
    assert "BOOTSEL" in steps.nth(0).inner_text()
    assert "RPI-RP2" in steps.nth(1).inner_text()
    assert "RPI_PICO_W-20260406-v1.28.0.uf2" in steps.nth(2).inner_text()
