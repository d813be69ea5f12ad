"""Photographs: drawn anew, a few in each run, and never at the firmware's cost."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mirror.publication.local.layer import ALL_BOARDS
from mirror.sync import photographs
from mirror.sync.outcome import Ending
from mirror.sync.photographs import find_photographs
from mirror.upkeep.check import check
from mirror.upkeep.marking import Graced, Retention, mark
from tests.replica import Misbehaviour, Replica
from tests.replica.photographs import photograph
from tests.sync.mirrors import content_of, served
from tests.sync.node import WISHES, TestNode, node_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BOARD = "RPI_PICO"
MEDIA = "/resources/micropython-media/boards/"


@dataclass(slots=True)
class Pair:
    """A site with photographs, and a node that mirrors it; ``name`` is that of one."""

    replica: Replica
    node: TestNode
    name: str

    @property
    def asked(self) -> list[str]:
        """The photographs that were asked for."""
        return [one.path for one in self.replica.requests if one.path.startswith(MEDIA)]


@asynccontextmanager
async def pair(folder: Path, *boards: str) -> AsyncIterator[Pair]:
    """Have both; nothing is synced yet."""
    replica = Replica.of(*(boards or (BOARD,)))
    replica.release(BOARD, "v1.28.0", date="2026-04-06")
    async with replica.running() as url, node_at(folder / "data", url) as node:
        node.wishes = replace(WISHES, photographs=True)
        yield Pair(replica, node, replica.fact(BOARD).photographs[0].name)


async def get(url: str) -> tuple[int, str, bytes]:
    """Return status, type and body of what is at *url*."""

    def ask() -> tuple[int, str, bytes]:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
                return answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, "", error.read()

    return await asyncio.to_thread(ask)


async def test_photographs_and_thumbnails_are_served_drawn_anew(tmp_path: Path) -> None:
    async with pair(tmp_path) as two:
        outcome = await two.node.sync()
        stem, _, ending = two.name.rpartition(".")
        async with served(two.node) as at:
            whole = await get(f"{at.url}{MEDIA}{BOARD}/{two.name}")
            thumbnail = await get(f"{at.url}{MEDIA}{BOARD}/{stem}.thumb.{ending}")
            other = await get(f"{at.url}{MEDIA}{BOARD}/other.jpg")
        _, document = await find_photographs(two.node.store)
        [shown] = document.of_board(BOARD, (two.name,))

        assert (outcome.exit_status, outcome.aside) == (0, ())
        assert whole[:2] == thumbnail[:2] == (200, "image/jpeg")
        assert whole[2] != photograph(f"{BOARD}/{two.name}")
        assert other[0] == 404
        assert (shown.path, shown.width) == (f"{MEDIA}{BOARD}/{two.name}", 8)
        assert shown.thumbnail_path == f"{MEDIA}{BOARD}/{stem}.thumb.{ending}"


async def test_a_photograph_that_comes_later_renders_its_board_again_and_no_other(
    tmp_path: Path,
) -> None:
    """Its page shows it then, and its card the thumbnail."""
    async with pair(tmp_path, BOARD, "RPI_PICO_W") as two:
        two.replica.release("RPI_PICO_W", "v1.28.0", date="2026-04-06")
        two.replica.misbehave(f"{MEDIA}{BOARD}/*", Misbehaviour.HTML_FOR_FIRMWARE, None)
        await two.node.sync()
        before = (await two.node.root()).layers
        two.replica.behave()
        two.node.sleep(days=8)
        await two.node.sync()
        after = (await two.node.root()).layers
        async with served(two.node) as at:
            page = await get(f"{at.url}/download/{BOARD}/")
            cards = await get(f"{at.url}/download/?port=rp2")
        thumbnail = "{0}.thumb.{2}".format(*two.name.rpartition("."))

    assert {board for board in after if after[board] != before[board]} == {ALL_BOARDS, BOARD}
    assert f'<img src="{MEDIA}{BOARD}/{two.name}"'.encode() in page[2]
    assert cards[2].count(b"<img src=") == 2
    assert f'<img src="{MEDIA}{BOARD}/{thumbnail}"'.encode() in cards[2]


async def test_what_is_held_is_asked_for_again_after_a_month_conditionally(tmp_path: Path) -> None:
    async with pair(tmp_path) as two:
        await two.node.sync()
        first = (await content_of(two.node)).photographs
        two.replica.requests.clear()
        soon = await two.node.sync()
        asked_soon = two.asked
        two.node.sleep(days=31)
        await two.node.sync()
        [later] = [one for one in two.replica.requests if one.path.startswith(MEDIA)]

        assert (soon.ending, asked_soon) == (Ending.UNCHANGED, [])
        assert "If-None-Match" in later.headers
        assert first == (await content_of(two.node)).photographs


async def test_a_picture_that_is_none_is_said_and_not_asked_for_soon(tmp_path: Path) -> None:
    """The firmware is complete; a week later it is tried again."""
    async with pair(tmp_path) as two:
        two.replica.misbehave(f"{MEDIA}*", Misbehaviour.HTML_FOR_FIRMWARE, None)
        outcome = await two.node.sync()
        two.replica.behave()
        two.replica.requests.clear()
        await two.node.sync()
        asked_soon = two.asked
        two.node.sleep(days=8)
        again = await two.node.sync()

        assert (outcome.exit_status, outcome.message) == (0, "complete")
        assert [one.subject for one in outcome.aside] == [f"{MEDIA}{BOARD}/{two.name}"]
        assert asked_soon == []
        assert again.ending is Ending.PUBLISHED


async def test_a_run_asks_for_so_many_at_most(tmp_path: Path) -> None:
    """The others come with the next runs."""
    boards = sorted(Replica.of_boards(None).boards)[:60]
    async with pair(tmp_path, BOARD, *(one for one in boards if one != BOARD)) as two:
        await two.node.sync()
        first = len(two.asked)
        await two.node.sync()

        assert first == photographs.MOST_ASKED
        assert first < len(set(two.asked)) == len(two.asked)


async def test_they_can_be_left_out(tmp_path: Path) -> None:
    async with pair(tmp_path) as two:
        await two.node.sync()
        two.node.wishes = replace(two.node.wishes, photographs=False)
        await two.node.sync()

        assert (await content_of(two.node)).photographs is None


async def test_check_and_prune_reach_them_and_a_lost_one_comes_again(tmp_path: Path) -> None:
    async with pair(tmp_path) as two:
        await two.node.sync()
        top, document = await find_photographs(two.node.store)
        marks = await mark(two.node.store, Graced(), Retention(), two.node.now)
        for digest in document.blobs:
            await two.node.store.blobs.remove(digest)
        damaged = await check(two.node.store, _silent)
        await two.node.sync()

        assert document.blobs
        assert all(marks.reaches(digest) for digest in document.blobs)
        assert {one.digest for one in damaged.damages} == document.blobs
        assert (await check(two.node.store, _silent)).damages == ()
        assert (await content_of(two.node)).photographs == top


def _silent(_done: int, _total: int) -> None:
    """Tell nobody."""
