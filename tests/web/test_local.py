"""What was rendered of a board is served out of its layer, whole, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.publication.documents import PublicationRoot, decode_publication
from mirror.publication.local.dialect import HTML, Dialect, Lists, Rendered, Site
from mirror.publication.local.registry import DIALECTS
from tests.web.building import ESP, PICO, PICO_OLD, Builder, Written, images
from tests.web.conftest import served

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.publication.documents import BoardDocument


def _page(board: BoardDocument, _site: Site) -> Mapping[str, Rendered]:
    releases = " ".join(release.version for release in board.releases)
    page = f"<p>{board.board} {releases} {'.' * 2000}"
    return {f"/pages/{board.board}/": Rendered(page.encode(), HTML)}


def _line(board: BoardDocument, _site: Site) -> bytes:
    return board.board.encode()


def _all(summaries: Iterable[bytes], _site: Site) -> Lists:
    yield "/pages/", Rendered(b" ".join(summaries), HTML)


PAGES = Dialect(name="pages", per_board=_page, summarise=_line, combine=_all)
BOTH = images(PICO, ESP)


@pytest.fixture
async def pages(store: Written) -> Builder:
    """A store with a publication of two boards, each of which has a page."""
    builder = Builder(store, (*DIALECTS, PAGES))
    await builder.publish(BOTH)
    return builder


async def root_of(builder: Builder) -> PublicationRoot:
    """Return the root of the current publication."""
    digest = await builder.store.publications.current()
    assert digest is not None
    return decode_publication(await builder.store.blobs.read(digest, max_bytes=1 << 20))


def blob(data: Path, digest: Digest) -> Path:
    """Return the file of a blob."""
    return data / "blobs" / "sha256" / digest.hex[:2] / digest.hex


async def test_a_board_and_a_list_of_boards_are_served_with_their_media_type(
    pages: Builder,
) -> None:
    async with served(pages.store) as site:
        board = await site.client.get("/pages/RPI_PICO_W/")
        boards = await site.client.get("/pages/")

    assert (board.status, board.fields["content-type"]) == (200, HTML)
    assert board.body.startswith(b"<p>RPI_PICO_W v1.28.0 .")
    assert (boards.status, boards.body) == (200, b"ESP32_GENERIC RPI_PICO_W")


async def test_a_page_has_its_digest_for_etag_and_can_be_asked_for_conditionally(
    pages: Builder,
) -> None:
    async with served(pages.store) as site:
        whole = await site.client.get("/pages/RPI_PICO_W/")
        same = await site.client.get("/pages/RPI_PICO_W/", If_None_Match=whole.fields["etag"])
        coded = await site.client.get("/pages/RPI_PICO_W/", Accept_Encoding="gzip")
        head = await site.client.get("/pages/RPI_PICO_W/", method="HEAD")

    assert (same.status, same.body) == (304, b"")
    assert coded.fields["content-encoding"] == "gzip"
    assert (head.status, head.body) == (200, b"")
    assert head.fields["content-length"] == str(len(whole.body))


@pytest.mark.parametrize("path", ["/pages", "/pages/rpi_pico_w/", "/pages/NONE/", "//pages/"])
async def test_what_nobody_rendered_is_not_there(pages: Builder, path: str) -> None:
    async with served(pages.store) as site:
        got = await site.client.get(path)

    assert got.status == 404


async def test_a_new_publication_serves_the_new_page_and_keeps_the_other(pages: Builder) -> None:
    async with served(pages.store) as site:
        before = {
            board: (await site.client.get(f"/pages/{board}/")).body
            for board in ("RPI_PICO_W", "ESP32_GENERIC")
        }
        await pages.publish(BOTH | images(PICO_OLD))
        await site.shelf.refresh()
        after = {board: (await site.client.get(f"/pages/{board}/")).body for board in before}

    assert after["ESP32_GENERIC"] == before["ESP32_GENERIC"]
    assert after["RPI_PICO_W"].startswith(b"<p>RPI_PICO_W v1.28.0 v1.27.0 .")


async def test_damage_of_one_board_is_503_there_and_nothing_to_the_other(
    pages: Builder, data: Path
) -> None:
    """Neither is any other path said not to exist, since it could stand in the damaged layer."""
    layer = blob(data, (await root_of(pages)).layers["RPI_PICO_W"])
    sound = layer.read_bytes()
    layer.chmod(0o644)
    layer.write_bytes(sound.replace(b"v1.28.0", b"v9.99.9"))
    async with served(pages.store) as site:
        damaged = await site.client.get("/pages/RPI_PICO_W/")
        other = await site.client.get("/pages/ESP32_GENERIC/")
        unknown = await site.client.get("/pages/NONE/")
        layer.write_bytes(sound)
        healed = await site.client.get("/pages/RPI_PICO_W/")
        absent = await site.client.get("/pages/NONE/")

    assert [damaged.status, other.status, unknown.status] == [503, 200, 503]
    assert b"v9.99.9" not in damaged.body
    assert [healed.status, absent.status] == [200, 404]


async def test_damage_after_the_start_is_503_too(pages: Builder, data: Path) -> None:
    layer = blob(data, (await root_of(pages)).layers["RPI_PICO_W"])
    async with served(pages.store) as site:
        assert (await site.client.get("/pages/")).status == 200
        layer.unlink()
        got = await site.client.get("/pages/RPI_PICO_W/")

    assert got.status == 503
