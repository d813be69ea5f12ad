"""Whatever comes instead of a page: it is named, what was known stays, the next run mends it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from mirror.errors import RefusedError
from mirror.sync.outcome import Ending
from mirror.upstream.fetch import Politeness
from tests.proofs.node import IMPATIENT, QUICK
from tests.proofs.words import is_one_sentence
from tests.replica import INDEX, Misbehaviour, Replica
from tests.replica.alterations import ERROR_PAGE, HOSTILE_HREFS
from tests.replica.exchange import Way
from tests.replica.ways import Substituted

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.sandbox import Sandbox
    from tests.proofs.conftest import Scene
    from tests.web.client import Client

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOARD = "RPI_PICO"


@pytest.fixture
def tmp_path(memory: Path) -> Path:
    """A folder in memory: nothing here is about the disk."""
    return memory


@dataclass(frozen=True, slots=True)
class Bad:
    """A way to answer for a page: what the operator reads of it.

    ``status`` is the exit status when it is the index, without which there is no crawl.
    """

    way: Misbehaviour | Way
    words: str
    status: int = 4
    politeness: Politeness = QUICK


BAD = {
    "truncated": Bad(Misbehaviour.CUT_PAGE, "cut short"),
    "without headings": Bad(Misbehaviour.NO_HEADINGS, "without"),
    "an error page": Bad(Substituted(ERROR_PAGE), "not a"),
    "100 kB of <a ": Bad(Misbehaviour.OPEN_TAGS, "never closed"),
    "100 kB of <!--": Bad(Misbehaviour.OPEN_COMMENTS, "a comment that never ends"),
    "100 kB of <div>": Bad(Misbehaviour.NESTED_DIVS, "nested more than 1000 deep"),
    "a gzip bomb": Bad(Misbehaviour.GZIP_BOMB, "unpacked it is more than"),
    "nothing": Bad(Misbehaviour.EMPTY_BODY, "cut short"),
    "a short body": Bad(Misbehaviour.SHORT_BODY, "cut short", 3),
    "no length, early close": Bad(Misbehaviour.NO_LENGTH_CUT, "cut short"),
    "206 to a plain request": Bad(Misbehaviour.PART_UNASKED, "answered 206", 3),
    "a redirect loop": Bad(Misbehaviour.REDIRECT_LOOP, "redirected in a circle"),
    "another host": Bad(Misbehaviour.REDIRECT_TO_OTHER_HOST, "not on upstream's host"),
    "404": Bad(Misbehaviour.MISSING, "answered 404", 3),
    "500": Bad(Misbehaviour.BROKEN, "answered 500", 3),
    "a hang": Bad(Misbehaviour.HANG_BEFORE_HEADERS, "nothing came in time", 3, IMPATIENT),
    "a reset": Bad(Misbehaviour.RESET, "the connection broke off", 3),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_a_bad_board_page_costs_only_the_news_on_it(scene: Scene, bad: Bad) -> None:
    """The page is named, what its last good one said is served, the next run has the news."""
    name = scene.release()
    scene.replica.misbehave(BOARD, bad.way, None)
    outcome = await replace(scene.node, politeness=bad.politeness).sync()
    meanwhile = await scene.node.walked()
    scene.replica.behave()
    mended = await scene.node.sync()
    after = await scene.node.walked()

    page = f"{scene.node.upstream}{INDEX}{BOARD}/"
    assert [trouble.subject for trouble in outcome.troubles] == [page]
    assert outcome.troubles[0].text.startswith(page)
    assert bad.words in outcome.troubles[0].text
    assert is_one_sentence(outcome.troubles[0].text)
    assert outcome.exit_status == 4
    assert meanwhile == scene.before
    assert (mended.exit_status, mended.message) == (0, "complete")
    assert after.files == scene.with_new(name)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_a_bad_index_ends_the_run_and_changes_nothing(scene: Scene, bad: Bad) -> None:
    """One sentence names the index; nothing else is asked for; the next run mends it."""
    name = scene.release()
    asked = len(scene.replica.requests)
    scene.replica.misbehave(INDEX, bad.way, None)
    outcome = await replace(scene.node, politeness=bad.politeness).sync()
    paths = {request.path for request in scene.replica.requests[asked:]}
    meanwhile = await scene.node.walked()
    scene.replica.behave()
    mended = await scene.node.sync()
    after = await scene.node.walked()

    assert outcome.message.startswith(f"{scene.node.upstream}{INDEX}")
    assert bad.words in outcome.message
    assert is_one_sentence(outcome.message)
    assert outcome.exit_status == bad.status
    assert paths == {INDEX}
    assert meanwhile == scene.before
    assert mended.exit_status == 0
    assert after.files == scene.with_new(name)


@pytest.mark.parametrize("way", [Misbehaviour.BUSY_429, Misbehaviour.BUSY_503])
async def test_an_upstream_that_is_busy_ends_the_run_and_changes_nothing(
    scene: Scene, way: Misbehaviour
) -> None:
    """It is asked once more after the second that it asked for, then left alone."""
    name = scene.release()
    scene.replica.misbehave(BOARD, way, None)
    outcome = await scene.node.sync()
    asked = scene.replica.count(BOARD)
    meanwhile = await scene.node.walked()
    scene.replica.behave()
    mended = await scene.node.sync()
    after = await scene.node.walked()

    assert "asks to wait 1 s" in outcome.message
    assert (outcome.ending, outcome.exit_status) == (Ending.FAILED, 3)
    assert asked == 2
    assert meanwhile == scene.before
    assert mended.exit_status == 0
    assert after.files == scene.with_new(name)


async def test_a_page_that_is_bad_once_is_read_in_the_same_run(scene: Scene) -> None:
    """Cut pages are asked for again after the others, and nobody has to read of it."""
    name = scene.release()
    scene.replica.misbehave(BOARD, Misbehaviour.CUT_PAGE)
    scene.replica.misbehave("/download/[?]port=rp2", Misbehaviour.CUT_PAGE)
    outcome = await scene.node.sync()
    after = await scene.node.walked()

    assert (outcome.exit_status, outcome.troubles) == (0, ())
    assert after.files == scene.with_new(name)


async def test_a_bad_facet_page_costs_no_file(scene: Scene) -> None:
    """It is named; ports and MCUs are those of its last good one, and what is new comes."""
    name = scene.release()
    facet = f"{scene.node.upstream}{INDEX}?port=rp2"
    scene.replica.misbehave("/download/[?]port=rp2", Misbehaviour.CUT_PAGE, None)
    outcome = await scene.node.sync()
    after = await scene.node.walked()
    scene.replica.behave()
    mended = await scene.node.sync()

    assert [trouble.subject for trouble in outcome.troubles] == [facet]
    assert outcome.exit_status == 4
    assert after.files == scene.with_new(name)
    assert (mended.exit_status, mended.ending) == (0, Ending.UNCHANGED)


async def test_half_the_boards_gone_is_refused_and_the_next_run_mends_it(
    scene: Scene,
) -> None:
    """The wipe guard names what was lost; no page and no file of it is believed."""
    name = scene.release()
    empty = ("RPI_PICO_W", "WIPY")
    for lost in (one for board in empty for one in scene.replica.names(board)):
        scene.replica.withdraw(lost)
    outcome = await scene.node.sync()
    meanwhile = await scene.node.walked()
    for found in scene.before.files:
        scene.replica.list_again(found)
    mended = await scene.node.sync()
    after = await scene.node.walked()

    assert "lost 2 of 4 boards at once" in outcome.message
    assert "RPI_PICO_W, WIPY" in outcome.message
    assert is_one_sentence(outcome.message)
    assert (outcome.ending, outcome.exit_status) == (Ending.REFUSED, 4)
    assert meanwhile == scene.before
    assert mended.exit_status == 0
    assert after.files == scene.with_new(name)


async def test_half_the_cards_gone_from_every_page_is_refused(scene: Scene) -> None:
    """An index and facet pages that agree about half of the boards are not believed."""
    facts = [scene.replica.fact(board) for board in scene.replica.boards]
    boards = [replace(facts[0], board=f"{facts[0].board}_{number}") for number in range(10)]
    larger = Replica(boards)
    for board in larger.boards:
        larger.release(board, "v1.28.0")
    async with larger.running() as url:
        node = replace(scene.node, upstream=url, folder=scene.node.folder.with_name("larger"))
        await node.sync()
        before = await node.walked()
        larger.lose_boards(0.5)
        outcome = await node.sync()
        meanwhile = await node.walked()
        larger.find_boards()
        mended = await node.sync()

    assert "lost 5 of 10 boards at once" in outcome.message
    assert (outcome.ending, outcome.exit_status) == (Ending.REFUSED, 4)
    assert meanwhile == before
    assert mended.exit_status == 0


@pytest.mark.parametrize("page", [BOARD, INDEX])
async def test_hostile_links_lead_nowhere_and_each_is_named(scene: Scene, page: str) -> None:
    """None, ``..%2f``, other hosts, ``javascript:``, 5,000 characters, Cyrillic: left out."""
    name = scene.release()
    asked = len(scene.replica.requests)
    scene.replica.misbehave(page, Misbehaviour.HOSTILE_LINKS, None)
    outcome = await scene.node.sync()
    after = await scene.node.walked()

    paths = {request.path for request in scene.replica.requests[asked:]}
    others = {path for path in paths if not path.startswith(INDEX)}
    said = "\n".join(remark.text for remark in outcome.remarks)
    assert others == {f"/resources/firmware/{name}"}
    assert not paths & set(HOSTILE_HREFS)
    assert all(is_one_sentence(remark.text) for remark in outcome.remarks)
    assert {href for href in HOSTILE_HREFS if href[:60] not in said} == UNSHOWN
    assert (outcome.exit_status, outcome.troubles) == (0, ())
    assert after.files == scene.with_new(name)


# A NUL is shown as an escape, and never as itself.
UNSHOWN = {href for href in HOSTILE_HREFS if "\0" in href}

HEAVY = {
    "<a ": Misbehaviour.OPEN_TAGS,
    "<!--": Misbehaviour.OPEN_COMMENTS,
    "nested <div>": Misbehaviour.NESTED_DIVS,
}


@pytest.mark.parametrize("way", HEAVY.values(), ids=HEAVY)
async def test_100_kb_of_markup_are_refused_within_five_seconds(
    scene: Scene, sandbox: Sandbox, way: Misbehaviour
) -> None:
    """One reading takes no longer, and the reader is good for the next page."""
    url = f"{scene.node.upstream}{INDEX}{BOARD}/"
    # Its start, which is not counted, lies behind the reader then.
    await sandbox.read_board_page(await scene.fetched_page(BOARD), url, BOARD)
    scene.replica.misbehave(BOARD, way, None)
    html = await scene.fetched_page(BOARD)
    async with asyncio.timeout(5):
        with pytest.raises(RefusedError):
            await sandbox.read_board_page(html, url, BOARD)
    scene.replica.behave()
    page = await sandbox.read_board_page(await scene.fetched_page(BOARD), url, BOARD)

    assert len(html) > 99_000
    assert [str(listing.name) for listing in page.listings] == list(scene.replica.names(BOARD))


async def test_requests_are_answered_while_heavy_pages_are_read(scene: Scene) -> None:
    """Every page of upstream is one of the three, and no client waits for any of them."""
    for board, way in zip(scene.replica.boards, HEAVY.values(), strict=False):
        scene.replica.misbehave(board, way, None)
    scene.replica.misbehave("/download/[?]*", Misbehaviour.NESTED_DIVS, None)
    async with scene.node.served() as client:
        run = asyncio.create_task(scene.node.sync())
        waits = await waits_until(run, client)
        outcome = await run
    meanwhile = await scene.node.walked()

    assert outcome.exit_status == 4
    assert len(outcome.troubles) == 9
    assert len(waits) > 10
    assert max(waits) < 5
    assert meanwhile == scene.before


async def waits_until(run: asyncio.Task[object], client: Client) -> list[float]:
    """Ask for the feed again and again until *run* is over; return how long each took."""
    clock = asyncio.get_running_loop().time
    waits = []
    while not run.done():
        begun = clock()
        got = await client.get("/v1/feed.json")
        assert got.status == 200
        waits.append(clock() - begun)
        await asyncio.sleep(0.01)
    return waits
