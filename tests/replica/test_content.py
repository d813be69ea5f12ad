"""Content is made once while it is kept, kept within a bound, and read from disk if there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.replica import Misbehaviour, Replica
from tests.replica.content import Content, Shelf
from tests.replica.photographs import photograph
from tests.replica.wire import NAME, fetch

if TYPE_CHECKING:
    from pathlib import Path

    import aiohttp

    from tests.replica.stock import StoredFile


def _files(replica: Replica) -> list[StoredFile]:
    found = [replica.find_file(name) for name in replica.names("RPI_PICO")]
    return [file for file in found if file is not None]


async def test_what_is_kept_is_not_made_again(pico: Replica) -> None:
    shelf = Shelf()
    file = _files(pico)[0]

    assert (await shelf.content(file)).data is (await shelf.content(file)).data


async def test_the_file_not_used_for_longest_makes_room(pico: Replica) -> None:
    """Each image has 5,632 bytes: two of them fit, the third pushes the first out."""
    shelf = Shelf(kept_bytes=12_000)
    one, two, three = _files(pico)[:3]
    first = (await shelf.content(one)).data
    second = (await shelf.content(two)).data
    await shelf.content(three)

    assert (await shelf.content(two)).data is second
    assert (await shelf.content(one)).data is not first
    assert (await shelf.content(one)).data == first


async def test_a_real_file_stays_on_disk(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"a real image")
    replica = Replica()
    replica.serve_folder(tmp_path)
    content = await Shelf().content(_files(replica)[0])

    assert content == Content(12, path=tmp_path / NAME)
    assert await content.read() == b"a real image"


async def test_a_real_file_can_be_spoilt_too(client: aiohttp.ClientSession, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"a real image")
    replica = Replica()
    replica.serve_folder(tmp_path)
    replica.misbehave(NAME, Misbehaviour.PART_WRITTEN)
    async with replica.running() as url:
        _, body = await fetch(client, url + replica.path_of(NAME))

    assert body == b"a real"


def test_photographs_are_what_their_ending_says() -> None:
    assert photograph("a.png").startswith(b"\x89PNG\r\n\x1a\n")
    assert photograph("a.jpg").startswith(b"\xff\xd8\xff")
    assert photograph("a.JPG").endswith(b"\xff\xd9")
    assert photograph("a.png") != photograph("b.png")
