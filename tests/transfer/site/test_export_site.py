"""A tree of files is what a daemon would answer, and is switched to in one step."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import ConfigurationError, DamagedError, PublicationNotFoundError
from mirror.storage.files import Files
from mirror.transfer.site.exporting import export_site
from mirror.web.app import Serving
from mirror.web.worker import open_held
from tests.web.building import ESP, PICO, PICO_OLD, Builder, HastyDisk, images, opened
from tests.web.conftest import NODE, served

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.transfer.site.exporting import Exported

USUAL = images(PICO, ESP)


async def say_nothing() -> bytes:
    raise AssertionError("a tree has no status")


TOLD = Serving(node=NODE, status=say_nothing)


class LinklessDisk(HastyDisk):
    """A disk on which the store is not."""

    def link(self, path: Path, final: Path) -> None:
        """Link within the tree only."""
        if "/blobs/sha256/" in path.as_posix():
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        super().link(path, final)


class FullDisk(HastyDisk):
    """A disk that is full after so many links."""

    def __init__(self, links: int) -> None:
        self._left = links

    def link(self, path: Path, final: Path) -> None:
        """Link, unless it is full."""
        self._left -= 1
        if self._left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().link(path, final)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def builder(data: Path) -> Builder:
    builder = Builder(opened(data))
    await builder.publish(USUAL)
    return builder


async def exported(data: Path, site: Path, disk: HastyDisk | None = None) -> Exported:
    return await export_site(open_held(data), TOLD, Files(disk or HastyDisk()), site)


def files_of(site: Path) -> dict[str, Path]:
    """Give every file of the tree that is served, by the path that is asked for."""
    found = {}
    for path in (site / "current").resolve().rglob("*"):
        if path.is_file():
            asked = "/" + path.relative_to((site / "current").resolve()).as_posix()
            found[asked.removesuffix("index.html")] = path
    return found


def named(site: Path, name: str) -> list[Path]:
    """Give every file that is called so in any tree."""
    return list(site.rglob(name))


async def test_every_file_is_what_a_daemon_answers(
    builder: Builder, data: Path, tmp_path: Path
) -> None:
    await exported(data, tmp_path / "site")

    different, files = [], files_of(tmp_path / "site")
    async with served(builder.store, told=replace(TOLD, answers=False)) as site:
        for path, file in files.items():
            asked = path if path in {"/", "/download/"} else path.removesuffix("/")
            if path.startswith("/repos/") and path.endswith("/index.json"):
                asked = path.removesuffix("/index.json")
            got = await site.client.get(asked)
            if (got.status, got.body) != (200, file.read_bytes()):
                different.append(path)
    assert different == []
    assert {f"/v1/files/{name}" for name in USUAL} < set(files)
    assert {f"/flash/{ESP}/", "/changes/", "/licenses/"} < set(files)
    assert {"/", "/v1/feed.json", "/v1/files/SHA256SUMS", f"/v1/blobs/{digest(ESP)}"} < set(files)


async def test_no_page_of_a_tree_asks_and_every_link_of_changes_leads_somewhere(
    builder: Builder, data: Path, tmp_path: Path
) -> None:
    """A tree can not answer: what would be asked for stands there."""
    await builder.publish(images(PICO, ESP, PICO_OLD))
    await builder.publish(USUAL)
    await exported(data, tmp_path / "site")
    files = files_of(tmp_path / "site")
    pages = {path: file.read_text() for path, file in files.items() if file.suffix == ".html"}
    linked = re.findall(r'href="(/changes/[^"]*)"', pages["/changes/"])

    assert [path for path, page in pages.items() if "<form" in page or "?from=" in page] == []
    assert linked == ["/changes/2/3", "/changes/1/2"]
    assert [path for path in linked if f"{path}/" not in pages] == []
    assert "From publication 1 of" in pages["/changes/1/2/"]


def blob_of(data: Path, name: str) -> Path:
    """Give the file of the store that has these bytes."""
    [blob] = data.rglob(digest(name).hex)
    return blob


def digest(name: str) -> Digest:
    return Digest.of(USUAL[name])


@pytest.mark.usefixtures("builder")
async def test_files_are_links_to_the_store_and_nothing_new_changes_nothing(
    data: Path, tmp_path: Path
) -> None:
    """They take no room of their own."""
    first = await exported(data, tmp_path / "site")
    second = await exported(data, tmp_path / "site")

    blob = blob_of(data, PICO)
    file = tmp_path / "site" / "current" / "resources" / "firmware" / PICO
    assert file.samefile(blob)
    assert (first.changed, second.changed) == (True, False)
    assert not (tmp_path / "site" / "generations" / "2").exists()


@pytest.mark.usefixtures("builder")
async def test_on_another_disk_one_copy_has_all_names(data: Path, tmp_path: Path) -> None:
    await exported(data, tmp_path / "site", LinklessDisk())

    current = tmp_path / "site" / "current"
    first, second = current / "v1" / "files" / PICO, current / "resources" / "firmware" / PICO
    blob = blob_of(data, PICO)
    assert first.read_bytes() == USUAL[PICO]
    assert first.samefile(second)
    assert not first.samefile(blob)


async def test_what_stayed_is_the_same_file(builder: Builder, data: Path, tmp_path: Path) -> None:
    """Also a document, so that a web server gives it the same ETag."""
    site = tmp_path / "site"
    await exported(data, site)
    before = files_of(site)
    await builder.publish({**USUAL, **images(PICO_OLD)})
    done = await exported(data, site)
    after = files_of(site)

    assert after["/v1/boards/ESP32_GENERIC.json"].samefile(before["/v1/boards/ESP32_GENERIC.json"])
    assert not after["/v1/feed.json"].samefile(before["/v1/feed.json"])
    assert 0 < done.new < done.paths / 2


async def test_the_tree_before_stays_once(builder: Builder, data: Path, tmp_path: Path) -> None:
    """For who is in the middle of it; the one before that goes."""
    site = tmp_path / "site"
    for names in ((PICO,), (PICO, ESP), (PICO, ESP, PICO_OLD)):
        await builder.publish(images(*names))
        await exported(data, site)

    assert sorted(path.name for path in (site / "generations").iterdir()) == ["2", "3"]


async def test_what_was_recalled_is_in_no_tree(
    builder: Builder, data: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    await exported(data, site)
    await builder.publish(images(ESP), recalled=[USUAL[PICO]])
    await exported(data, site)

    assert named(site, PICO) == []


async def test_a_full_disk_leaves_the_tree_that_was_served(
    builder: Builder, data: Path, tmp_path: Path
) -> None:
    """And the next export begins anew."""
    site = tmp_path / "site"
    await exported(data, site)
    before = files_of(site)
    await builder.publish({**USUAL, **images(PICO_OLD)})
    with pytest.raises(Exception, match="no space left"):
        await exported(data, site, FullDisk(5))
    cut_off = files_of(site)
    await exported(data, site)

    assert cut_off == before
    assert f"/v1/files/{PICO_OLD}" in files_of(site)


async def test_a_damaged_file_is_not_exported(builder: Builder, data: Path, tmp_path: Path) -> None:
    blob = blob_of(data, PICO)
    blob.chmod(0o644)
    blob.write_bytes(b"rot")

    with pytest.raises(DamagedError):
        await exported(data, tmp_path / "site")
    assert builder.sequence == 1
    assert not (tmp_path / "site" / "current").exists()


@pytest.mark.usefixtures("builder")
async def test_a_folder_with_other_things_is_left_alone(data: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "thesis.tex").write_text("years", encoding="ascii")

    with pytest.raises(ConfigurationError):
        await exported(data, site)
    assert [path.name for path in site.iterdir()] == ["thesis.tex"]


async def test_nothing_published_is_nothing_to_export(data: Path, tmp_path: Path) -> None:
    opened(data)

    with pytest.raises(PublicationNotFoundError):
        await exported(data, tmp_path / "site")
