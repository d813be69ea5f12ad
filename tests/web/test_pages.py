"""The site holds together: every link leads somewhere, none leads out, and no page runs words."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from functools import partial
from html import unescape
from typing import TYPE_CHECKING, Final

import pytest

from mirror.errors import StorageError
from mirror.publication.history import Hour, NodeHistory
from mirror.publication.pages.flasher import Flasher
from mirror.web.app import Serving
from mirror.web.heads import FLASH_POLICY, PAGES_POLICY
from mirror.web.whereabouts import Whereabouts
from tests.web.building import ESP, ESP_APP, PICO, image
from tests.web.conftest import NODE, served

if TYPE_CHECKING:
    from tests.web.building import Builder, Written
    from tests.web.client import Client, Got
    from tests.web.conftest import Site

PAGES: Final = (
    "/",
    "/?q=pico&port=rp2",
    "/boards/RPI_PICO_W",
    "/releases",
    "/releases/v1.28.0",
    "/changes",
    "/licenses",
    "/status",
    "/setup",
)


FLASHER: Final = Flasher("1.2.3", {"install-button.js": b"// a module"}, "the terms")


async def full_status() -> bytes:
    """Say that all is well."""
    return b'{"complete": true, "held": {"artifacts": 7, "size": 700000}}'


def links_of(got: Got) -> set[str]:
    """Return where a page leads, and what it loads."""
    found = re.findall(r'(?:href|src)="([^"#]+)', got.body.decode())
    return {unescape(link) for link in found}


async def test_every_link_leads_somewhere_and_none_leads_out(builder: Builder) -> None:
    """The whole site, from its first page on."""
    told = Serving(
        node=NODE,
        status=full_status,
        whereabouts=Whereabouts("http://mirror.lab"),
        flasher=lambda: FLASHER,
    )
    seen: dict[str, int] = {}
    async with served(builder.store, told=told) as site:
        waiting = {"/"}
        while waiting:
            path = waiting.pop()
            got = await site.client.get(path)
            seen[path] = got.status
            if got.fields["content-type"].startswith("text/html"):
                assert path.startswith("/")
                if not path.startswith("/download"):
                    waiting |= links_of(got) - seen.keys()

    assert {path for path in seen if not re.match(r"/(?!/)", path)} == set()
    assert {path: status for path, status in seen.items() if status != 200} == {}
    assert {
        f"/v1/files/{PICO}",
        "/boards/ESP32_GENERIC",
        "/releases/v1.27.0",
        "/setup/curl",
        "/status",
    } <= seen.keys()
    assert f"/flash/{ESP}" in seen
    assert len([path for path in seen if path.startswith("/static/")]) == 5


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_may_do_nothing_but_show_our_files(client: Client, path: str) -> None:
    got = await client.get(path)

    assert got.fields["content-security-policy"] == PAGES_POLICY
    assert "unsafe" not in PAGES_POLICY
    assert got.fields["x-content-type-options"] == "nosniff"
    assert got.fields["x-frame-options"] == "DENY"
    assert got.fields["referrer-policy"] == "no-referrer"
    assert got.fields["content-type"] == "text/html; charset=utf-8"
    assert b'<html lang="en">' in got.body
    assert b'class="skip" href="#content"' in got.body
    assert not re.search(rb"<style|\sstyle=|<script>|\son[a-z]+=", got.body)


async def test_what_pages_use_is_kept_for_ever_and_what_they_say_is_asked_for(
    client: Client,
) -> None:
    page = await client.get("/")
    assets = [await client.get(path) for path in links_of(page) if path.startswith("/static/")]
    again = await client.get("/", If_None_Match=page.fields["etag"])

    assert {asset.fields["content-type"].partition(";")[0] for asset in assets} == {
        "text/css",
        "text/javascript",
        "image/svg+xml",
    }
    assert all("immutable" in asset.fields["cache-control"] for asset in assets)
    assert "no-cache" in page.fields["cache-control"]
    assert again.status == 304


async def test_a_board_is_found_in_any_case_and_under_its_old_id(client: Client) -> None:
    got = await client.get("/boards/rpi_pico_w")
    old = await client.get("/boards/esp32")
    unknown = await client.get("/boards/NONE_SUCH")

    assert (got.status, got.fields["location"]) == (302, "/boards/RPI_PICO_W")
    assert (old.status, old.fields["location"]) == (302, "/boards/ESP32_GENERIC")
    assert unknown.status == 404


@pytest.mark.parametrize("path", ["/boards/RPI_PICO_V", "/releases/v9.9.9", "/setup/x", "/x"])
async def test_a_browser_gets_a_page_of_nothing_and_a_program_gets_json(
    client: Client, path: str
) -> None:
    page = await client.get(path, Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    head = await client.get(path, "HEAD", Accept="text/html")
    program = await client.get(path, Accept="*/*")

    assert page.status == head.status == program.status == 404
    assert page.fields["content-type"] == "text/html; charset=utf-8"
    assert page.fields["content-security-policy"] == PAGES_POLICY
    assert b"<h1>There is nothing here</h1>" in page.body
    assert (b"/boards/RPI_PICO_W" in page.body) == path.startswith("/boards/")
    assert program.fields["content-type"] == "application/json"


async def test_what_programs_ask_for_is_never_refused_by_a_page(client: Client) -> None:
    for path in ("/v1/boards/NONE.json", "/v1/files/x.bin", "/repos/micropython/x", "/pi/v2/x"):
        got = await client.get(path, Accept="text/html")

        assert got.status == 404
        assert b"<html" not in got.body


async def test_what_changed_is_told_between_any_two_publications(
    site: Site, builder: Builder
) -> None:
    """By default from the last one with other firmware."""
    alone = await site.client.get("/changes")
    await builder.publish({ESP: b"another image"})
    await builder.publish({ESP: b"another image"})
    await site.shelf.refresh()
    page = await site.client.get("/changes")
    same = await site.client.get("/changes?from=2&to=3")
    back = await site.client.get("/changes?from=3&to=1")
    named = await site.client.get("/changes/3/1")

    assert b"has published once" in alone.body
    assert b"other bytes under this name" in page.body
    assert b"From publication 1 of" in page.body
    assert page.body.count(b"no longer here") == 1  # the Pico
    assert b"The firmware of all boards is the same" in same.body
    assert b">new board<" in back.body
    assert named.body == back.body


async def test_a_publication_that_is_not_there_can_not_be_compared(client: Client) -> None:
    assert (await client.get("/changes?from=77")).status == 404
    assert (await client.get("/changes?from=x")).status == 400


async def test_how_the_node_was_is_drawn_and_a_disk_that_refuses_hides_no_status(
    builder: Builder,
) -> None:
    hour = Hour(datetime(2026, 4, 7, 6, tzinfo=UTC), held_bytes=5_000_000)

    def refusing() -> NodeHistory:
        raise StorageError("no disk")

    found = []
    for history in (lambda: NodeHistory((hour,)), refusing):
        told = Serving(node=NODE, status=full_status, history=history)
        async with served(builder.store, told=told) as site:
            found.append(await site.client.get("/status"))

    assert [got.status for got in found] == [200, 200]
    assert b"Held bytes: last 5.0 MB" in found[0].body
    assert b"Over time" not in found[1].body


async def test_a_file_is_flashed_with_what_is_built_in_and_else_that_is_said(
    builder: Builder,
) -> None:
    pages = []
    for flasher in (FLASHER, None):
        told = Serving(node=NODE, status=full_status, flasher=partial(_given, flasher))
        async with served(builder.store, told=told) as site:
            asked = [f"/flash/{ESP}", FLASHER.entry, FLASHER.terms_path]
            pages.append([await site.client.get(path) for path in asked])

    (page, module, terms), (without, missing, _) = pages
    assert page.fields["content-security-policy"] == FLASH_POLICY
    assert "unsafe" not in FLASH_POLICY
    assert f'data-entry="{FLASHER.entry}"'.encode() in page.body
    assert hashlib.sha256(image(ESP)).hexdigest().encode() in page.body
    assert b"is not built into this mirror" in without.body
    assert b"data-entry" not in without.body
    assert (module.status, module.body, terms.body) == (200, b"// a module", b"the terms")
    assert module.fields["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in module.fields["cache-control"]
    assert missing.status == 404


def _given(flasher: Flasher | None) -> Flasher | None:
    return flasher


@pytest.mark.parametrize("name", [PICO, ESP_APP, "nothing.bin"])
async def test_what_no_browser_can_flash_has_no_page_for_it(client: Client, name: str) -> None:
    assert (await client.get(f"/flash/{name}")).status == 404


async def test_only_modules_of_the_version_that_is_built_in_are_there(builder: Builder) -> None:
    told = Serving(node=NODE, status=full_status, flasher=lambda: FLASHER)
    async with served(builder.store, told=told) as site:
        paths = {path: (await site.client.get(path)).status for path in FLASHER.paths}
        assert paths == dict.fromkeys(FLASHER.paths, 200)
        for path in ("1.2.4/install-button.js", "1.2.3/VERSION.txt", "1.2.3/..%2fstyle.css"):
            assert (await site.client.get(f"/static/esp-web-tools/{path}")).status == 404


async def test_a_version_that_nobody_knows_is_not_there(client: Client) -> None:
    assert (await client.get("/releases/v9.9.9")).status == 404
    assert (await client.get("/static/style-0000000000000000.css")).status == 404


async def test_before_the_first_publication_a_page_says_so(store: Written) -> None:
    async with served(store) as site:
        got = await site.client.get("/")

    assert got.status == 503
    assert b"Nothing is published yet" in got.body
    assert got.fields["content-security-policy"] == PAGES_POLICY


async def test_a_status_that_nobody_gives_is_told(builder: Builder) -> None:
    async def nonsense() -> bytes:
        return b"[]"

    async with served(builder.store, told=Serving(node=NODE, status=nonsense)) as site:
        got = await site.client.get("/status")

    assert got.status == 503
    assert b"can not be asked" in got.body


async def test_a_page_follows_the_publication(site: Site, builder: Builder) -> None:
    before = await site.client.get("/boards/ESP32_GENERIC")
    await builder.publish({ESP: b"another image"})
    await site.shelf.refresh()
    after = await site.client.get("/boards/ESP32_GENERIC")

    assert before.fields["etag"] != after.fields["etag"]
    assert (await site.client.get("/boards/RPI_PICO_W")).status == 404
