"""What a student does with the pages in a real browser, and what anybody must be able to do.

Every test also shows that no request leaves the mirror and that the browser complains of nothing:
the fixture looks.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from mirror.publication.pages import more_texts, texts
from tests.browser.conftest import SCREENSHOTS
from tests.browser.prepare import AXE
from tests.browser.site import PICTURED

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser

PAGES: Final = (
    "/",
    "/?q=nothing+is+called+so",
    "/boards/RPI_PICO_W",
    "/boards/ESP32_GENERIC",
    "/boards/ESP32_GENRIC",
    "/flash/ESP32_GENERIC-20260406-v1.28.0.bin",
    "/releases",
    "/releases/v1.28.0",
    "/changes?from=1&to=3",
    "/status",
    "/licenses",
    "/api",
    "/setup",
    "/setup/curl",
)
DESKTOP: Final = {"width": 1280, "height": 900}
PHONE: Final = {"width": 360, "height": 740}
FIRST: Final = "section.build >> nth=0"
MOST_BYTES: Final = 300_000


def cards(page: Page) -> int:
    """Return how many boards can be seen."""
    shown: int = page.locator(".boards li:visible").count()
    return shown


def test_a_student_finds_a_board_and_gets_the_right_bytes(visitor: Visitor) -> None:
    """By typing; what is copied is the digest of what was downloaded."""
    page = visitor.page(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/")
    assert cards(page) == 225
    page.get_by_label(texts.SEARCH).press_sequentially("pico w")
    assert 1 <= cards(page) <= 8
    page.locator(".boards").get_by_role("link", name="RPI_PICO_W newest").click()
    page.wait_for_url("**/boards/RPI_PICO_W")
    with page.expect_download() as started:
        page.locator(FIRST).get_by_role("link", name="Download .uf2").click()
    file = Path(started.value.path()).read_bytes()
    page.locator(FIRST).get_by_label("Copy: SHA-256").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")

    assert started.value.suggested_filename == "RPI_PICO_W-20260406-v1.28.0.uf2"
    assert hashlib.sha256(file).hexdigest() == copied
    assert page.locator(FIRST).get_by_text(copied, exact=True).is_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with", "without"])
def test_boards_are_filtered_and_found_with_and_without_scripts(
    visitor: Visitor, *, scripts: bool
) -> None:
    page = visitor.page(java_script_enabled=scripts)
    page.goto("/")
    page.get_by_label(texts.FACETS["port"]).select_option("rp2")
    if not scripts:
        page.get_by_role("button", name=texts.SHOW).click()
    page.wait_for_url("**port=rp2**")
    of_port = cards(page)
    page.get_by_label(texts.SEARCH).fill("pico 2")
    page.get_by_label(texts.SEARCH).press("Enter")
    page.wait_for_url("**q=pico+2**")

    assert 10 < of_port < 225
    assert 1 <= cards(page) < of_port
    assert page.get_by_text(f"{cards(page)} of 225 boards").is_visible()
    page.get_by_role("link", name=texts.RESET).click()
    page.wait_for_url("**/")
    assert cards(page) == 225


def test_without_scripts_everything_is_there_but_what_needs_one(visitor: Visitor) -> None:
    page = visitor.page(java_script_enabled=False)
    page.goto("/boards/ESP32_GENERIC")
    with page.expect_download() as started:
        page.locator(FIRST).get_by_role("link", name="Download .bin").click()
    digest = page.locator(FIRST).locator("code").nth(1).inner_text()

    assert hashlib.sha256(Path(started.value.path()).read_bytes()).hexdigest() == digest
    assert page.get_by_text("write_flash 0x1000").first.is_visible()
    assert page.locator("button:visible").count() == 0
    page.get_by_text("Older builds").first.click()
    assert page.get_by_text("v1.26.1").first.is_visible()


def test_the_lines_of_a_guide_are_copied_as_they_stand(visitor: Visitor) -> None:
    """Each button copies what is shown beside it, and says that it did."""
    page = visitor.page(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/setup/curl")
    buttons = page.locator("figure button.copy")
    assert buttons.count() >= 3
    for at in range(buttons.count()):
        button = buttons.nth(at)
        shown = button.locator("xpath=..").locator("pre").inner_text()
        button.click()
        button.get_by_text("Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == shown


def test_the_lines_are_copied_where_a_browser_gives_no_clipboard(visitor: Visitor) -> None:
    """As over plain HTTP from another machine: then a selection is copied."""
    page = visitor.page(permissions=["clipboard-read"])
    page.add_init_script("delete Navigator.prototype.clipboard")
    page.goto("/setup/curl")
    page.evaluate(
        "document.addEventListener('copy', () => { window.copied = getSelection().toString()"
        " || document.activeElement.value; })"
    )
    button = page.locator("figure button.copy").first
    shown = button.locator("xpath=..").locator("pre").inner_text()
    button.click()
    button.get_by_text("Copied").wait_for()

    assert page.evaluate("window.copied") == shown
    assert page.locator("textarea").count() == 0


def test_a_tree_of_files_is_searched_with_a_script_and_asks_nothing(tree: Visitor) -> None:
    page = tree.page()
    page.goto("/")
    assert cards(page) == 225
    page.get_by_label(texts.SEARCH).press_sequentially("pico w")
    found = cards(page)
    page.get_by_label(texts.SEARCH).press("Enter")

    assert 1 <= found <= 8
    assert cards(page) == found
    assert page.locator("form, select").count() == 0
    page.goto("/changes/")
    page.get_by_text(more_texts.EACH_PUBLICATION).click()
    page.locator("details a[href^='/changes/']").first.click()
    page.get_by_text("From publication").wait_for()


def test_a_tree_of_files_shows_no_search_without_a_script(tree: Visitor) -> None:
    page = tree.page(java_script_enabled=False)
    page.goto("/")

    assert cards(page) == 225
    assert page.locator("input:visible").count() == 0


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_is_the_systems_until_somebody_switches_it(visitor: Visitor, system: str) -> None:
    """And then it is the switched one on every page."""
    other = {"light": "dark", "dark": "light"}[system]
    page = visitor.page(color_scheme=system)
    page.goto("/")
    seen = [scheme(page)]
    page.get_by_role("button", name=texts.THEME).click()
    seen.append(scheme(page))
    page.goto("/status")
    seen.append(scheme(page))

    assert seen == [system, other, other]


def scheme(page: Page) -> str:
    """Return whether *page* is dark or light, by the brightness of its ground."""
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return "light" if int(ground.split("(")[1].split(",")[0]) > 127 else "dark"


def test_the_keyboard_is_enough(visitor: Visitor) -> None:
    """The first key skips to the content; search and cards are reached in order."""
    page = visitor.page()
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == texts.SKIP
    assert page.locator(":focus").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("id") == "q"
    page.keyboard.type("pybv11")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=pybv11**")
    page.locator("#q").focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.locator(":focus").get_attribute("class") == "card":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/boards/PYBV11")


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_shows_all_of_it_without_scrolling_sideways(visitor: Visitor, path: str) -> None:
    page = visitor.page(viewport=PHONE, has_touch=True)
    open_page(visitor, page, path)
    wide = page.evaluate(
        """[...document.querySelectorAll("body *")].filter((one) =>
            !one.closest(".scroll, pre, .skip, details:not([open])")
            && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML)"""
    )

    assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]
    assert [html[:200] for html in wide] == []
    assert page.get_by_role("link", name=texts.STATUS).first.is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_nobody_is_kept_out_and_the_page_has_its_picture_taken(
    visitor: Visitor, path: str, theme: str
) -> None:
    """No violation that axe-core calls serious or critical; pictures of desktop and phone."""
    page = visitor.page(viewport=DESKTOP, color_scheme=theme, reduced_motion="reduce")
    open_page(visitor, page, path)
    found = [violations(page)] if theme == "dark" else []
    for device, size in (("desktop", DESKTOP), ("phone", PHONE)):
        page.set_viewport_size({"width": size["width"], "height": 1600})
        take_picture(page, path, f"{device}-{theme}")
    if theme == "light":
        found.append(violations(page))  # as it is on the phone

    assert found == [[]]


def violations(page: Page) -> list[str]:
    """Return what is seriously wrong with *page*, all that can be unfolded being so."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then((one) => one.violations)")
    page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = false)")
    return [told(one) for one in found if one["impact"] in {"serious", "critical"}]


def told(violation: dict[str, Any]) -> str:
    """Say one violation, and where it is first."""
    return f"{violation['id']}: {violation['help']}: {violation['nodes'][0]['html'][:200]}"


def take_picture(page: Page, path: str, how: str) -> None:
    """Write what can be seen of *page* into the folder."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = "".join(char if char.isalnum() else "-" for char in path.strip("/")) or "boards"
    page.screenshot(path=SCREENSHOTS / f"{name}-{how}.png")


def open_page(visitor: Visitor, page: Page, path: str) -> None:
    """Open *path*; that there is nothing at one of them is no fault."""
    page.goto(path)
    visitor.faults[:] = [fault for fault in visitor.faults if "404 (Not Found)" not in fault]


def test_all_boards_are_one_small_page_with_photographs_as_they_are_needed(
    visitor: Visitor,
) -> None:
    page = visitor.page(viewport=DESKTOP)
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))
    page.goto("/", wait_until="load")
    page.wait_for_load_state("networkidle")
    pictures = {url for url in sizes if "/resources/" in url}
    rest = sum(size for url, size in sizes.items() if url not in pictures)
    page.keyboard.press("End")
    visitor.until(page, "document.images[30].complete && document.images[30].naturalWidth > 0")
    later = {url for url in visitor.requests if "/resources/" in url}

    assert page.locator(".card").count() == 225
    assert 60_000 < rest <= MOST_BYTES
    assert 1 <= len(pictures) < PICTURED // 2 < len(later)
    assert page.locator(".card img").count() >= PICTURED - 10


def test_the_first_paint_waits_for_no_script(visitor: Visitor) -> None:
    """The script never comes, and the boards are painted all the same."""
    page = visitor.page()
    waiting: list[Route] = []
    page.route("**/*.js", lambda route: waiting.append(route))  # noqa: PLW0108 - it wants one
    page.goto("/", wait_until="commit")
    visitor.until(page, "performance.getEntriesByName('first-contentful-paint').length > 0")
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    seen = page.locator(".card >> nth=0").is_visible()
    state = page.evaluate("document.readyState")
    for route in waiting:
        route.fulfill(body="", content_type="text/javascript")

    assert len(waiting) == 1
    assert seen
    assert state != "complete"
    assert painted < 10_000
