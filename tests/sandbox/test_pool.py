"""Foreign bytes are read elsewhere: what goes wrong there is a refusal, never an outage."""

from __future__ import annotations

import asyncio
import io
import os
import resource
import signal
from pathlib import Path

import psutil
import pytest

from mirror.catalog.pages import read_board_page, read_empty_board_page, read_index_page
from mirror.errors import (
    ChildRefusedError,
    ChildUnavailableError,
    FirmwareHeadingMissingError,
    MirrorError,
    PageRefusedError,
    StorageError,
    TooLargeError,
)
from mirror.formats.verdict import Claim, Conclusion
from mirror.formats.verify import verify
from mirror.sandbox import Sandbox
from mirror.sandbox.grants import Grants
from tests.catalog.pages.html import INDEX_URL, board_page, card, index_page
from tests.sandbox.bodies import SLOW_PAGE, URL, DeadlyFile, SlowFile, page

pytestmark = pytest.mark.programs

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "real"
needs_real = pytest.mark.skipif(
    not SHARED.exists(), reason="the real pages and images of ../shared/real are not here"
)
MIB = 1024 * 1024


async def ask_again(sandbox: Sandbox, product: str = "Again") -> str:
    """Ask a simple question and return what was answered."""
    found = await sandbox.read_board_page(page(product), URL, "NICE_BOARD")
    return found.facts.product


# --- what goes in comes out ------------------------------------------------------------


async def test_an_answer_is_that_of_the_reader() -> None:
    index, board = index_page(card("NICE_BOARD")), page("N\u00efce \x1b")
    async with Sandbox(processes=1) as sandbox:
        assert await sandbox.read_index_page(index, INDEX_URL) == read_index_page(index, INDEX_URL)
        assert await sandbox.read_board_page(board, URL, "NICE_BOARD") == read_board_page(
            board, URL, "NICE_BOARD"
        )
        assert await sandbox.read_empty_board_page(
            board_page(), URL, "NICE_BOARD"
        ) == read_empty_board_page(board_page(), URL, "NICE_BOARD")


async def test_warm_children_are_there_before_they_are_asked() -> None:
    """All of them, and the same ones answer."""
    async with Sandbox(processes=2) as sandbox:
        sandbox.warm()
        while len(sandbox.pids) < 2:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
        warm = sandbox.pids
        await asyncio.gather(ask_again(sandbox), ask_again(sandbox))

        assert sandbox.pids == warm


async def test_a_child_that_can_not_be_warmed_is_told_by_who_asks() -> None:
    """Nobody waits for an answer when it is warmed."""
    async with Sandbox(processes=1, program="raise SystemExit") as sandbox:
        sandbox.warm()
        with pytest.raises(ChildUnavailableError):
            await ask_again(sandbox)


async def test_a_sandbox_that_is_left_while_it_warms_leaves_no_process() -> None:
    async with Sandbox(processes=2) as sandbox:
        sandbox.warm()
        await asyncio.sleep(0.01)

    assert sandbox.pids == ()


async def test_a_verdict_is_that_of_the_verifier() -> None:
    zeros = bytes(32_768)
    async with Sandbox(processes=1) as sandbox:
        found = await sandbox.verify_image(io.BytesIO(zeros), len(zeros), Claim(kind="uf2"))

    assert found == verify(zeros, Claim(kind="uf2"))
    assert found.conclusion == Conclusion.REFUSED


@needs_real
async def test_a_real_image_and_a_real_page_are_read() -> None:
    image = SHARED / "firmware" / "RPI_PICO_W-20250415-v1.25.0.uf2"
    html = (SHARED / "pages" / "micropython_board_esp32_generic.html").read_bytes()
    claim = Claim(kind="uf2", port="rp2", mcu="rp2040", version="v1.25.0", base="1.25.0")
    async with Sandbox(processes=1) as sandbox:
        with image.open("rb") as file:
            file.seek(1000)
            verdict = await sandbox.verify_image(file, image.stat().st_size, claim)
        found = await sandbox.read_board_page(
            html, "https://micropython.org/download/ESP32_GENERIC/", "ESP32_GENERIC"
        )

    assert verdict.accepted
    assert len(found.listings) == 315


async def test_a_refusal_comes_back_as_itself_and_the_child_is_kept() -> None:
    async with Sandbox(processes=1) as sandbox:
        with pytest.raises(PageRefusedError, match="cut short"):
            await sandbox.read_board_page(page()[:-3], URL, "NICE_BOARD")
        (before,) = sandbox.pids
        with pytest.raises(FirmwareHeadingMissingError):
            await sandbox.read_board_page(board_page(), URL, "NICE_BOARD")

        assert sandbox.pids == (before,)


async def test_many_questions_get_their_own_answers() -> None:
    products = [f"Product {number}" for number in range(40)]
    async with Sandbox(processes=2) as sandbox:
        found = await asyncio.gather(*(ask_again(sandbox, product) for product in products))

        assert len(sandbox.pids) == 2
    assert found == products


# --- what goes wrong is refused, and the loop stays free -------------------------------


async def seconds_to_refuse(html: bytes) -> float:
    """Return how much processor time a child took, its start included, until it refused *html*."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    async with Sandbox(processes=1) as sandbox:
        with pytest.raises((PageRefusedError, ChildRefusedError)):
            await sandbox.read_board_page(html, URL, "NICE_BOARD")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("unit", ["<a ", "<!--", "<div>"])
async def test_a_hundred_kilobytes_of_rubbish_are_refused_within_five_seconds(unit: str) -> None:
    """Alone, in a frame, and in the middle of a good page; a second is the child's own start."""
    rubbish = unit * (100_000 // len(unit))
    framed = f"<html>{rubbish}</html>".encode()

    assert await seconds_to_refuse(rubbish.encode()) < 6
    assert await seconds_to_refuse(framed) < 6
    assert await seconds_to_refuse(page(content=rubbish)) < 6


async def test_the_loop_is_free_while_a_parser_hangs_and_the_child_is_replaced() -> None:
    async with Sandbox(processes=1, grants=Grants(page_seconds=1.5)) as sandbox:
        await ask_again(sandbox)
        (before,) = sandbox.pids
        asked = asyncio.create_task(sandbox.read_board_page(SLOW_PAGE, URL, "NICE_BOARD"))
        turns = 0
        while not asked.done():
            await asyncio.sleep(0.01)
            turns += 1
        with pytest.raises(ChildRefusedError, match=r"NICE_BOARD/: .* longer than 1\.5 s"):
            await asked

        assert not psutil.pid_exists(before)
        assert await ask_again(sandbox, "Next") == "Next"
    assert turns >= 15


async def test_a_page_that_needs_too_much_memory_is_refused() -> None:
    grants = Grants(page_seconds=60)
    async with Sandbox(processes=1, memory_bytes=96 * MIB, grants=grants) as sandbox:
        with pytest.raises(ChildRefusedError, match="needed more than 96 MiB of memory"):
            await sandbox.read_board_page(SLOW_PAGE, URL, "NICE_BOARD")

        assert await ask_again(sandbox, "Next") == "Next"


async def test_an_image_larger_than_the_child_could_hold_is_refused_unread() -> None:
    async with Sandbox(processes=1, memory_bytes=96 * MIB) as sandbox:
        with pytest.raises(TooLargeError, match="at most 25165824"):
            await sandbox.verify_image(io.BytesIO(), 24 * MIB + 1, Claim())

        assert sandbox.pids == ()


async def test_a_file_that_ends_early_is_our_own_trouble() -> None:
    """And leaves the next question in step."""
    async with Sandbox(processes=1) as sandbox:
        with pytest.raises(StorageError, match="ended 7 bytes too early"):
            await sandbox.verify_image(io.BytesIO(b"abc"), 10, Claim())

        assert await ask_again(sandbox) == "Again"


async def test_a_file_that_can_not_be_read_is_our_own_trouble() -> None:
    class BrokenFile(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    async with Sandbox(processes=1) as sandbox:
        with pytest.raises(StorageError, match="Input/output error"):
            await sandbox.verify_image(BrokenFile(), 10, Claim())

        assert await ask_again(sandbox) == "Again"


# --- children that die -----------------------------------------------------------------


async def test_a_child_killed_while_idle_is_replaced() -> None:
    async with Sandbox(processes=1) as sandbox:
        await ask_again(sandbox)
        (before,) = sandbox.pids
        os.kill(before, signal.SIGKILL)

        assert await ask_again(sandbox) == "Again"
        assert sandbox.pids != (before,)


async def test_a_child_killed_once_at_work_costs_no_verdict() -> None:
    """The machine may kill a process for reasons that the bytes have no part in."""
    zeros = bytes(4096)
    async with Sandbox(processes=1) as sandbox:
        file = DeadlyFile(zeros, lambda: sandbox.pids, times=1)
        found = await sandbox.verify_image(file, len(zeros), Claim(kind="uf2"))

    assert found == verify(zeros, Claim(kind="uf2"))


async def test_bytes_on_which_two_children_died_are_refused() -> None:
    async with Sandbox(processes=1) as sandbox:
        file = DeadlyFile(bytes(4096), lambda: sandbox.pids, times=2, by=signal.SIGSEGV)
        with pytest.raises(ChildRefusedError, match="died with signal 11"):
            await sandbox.verify_image(file, 4096, Claim())

        assert await ask_again(sandbox) == "Again"


async def test_two_children_that_were_killed_blame_no_bytes() -> None:
    """No parser kills itself: the machine ran out of memory, or somebody did it."""
    async with Sandbox(processes=1) as sandbox:
        file = DeadlyFile(bytes(4096), lambda: sandbox.pids, times=2)
        with pytest.raises(ChildUnavailableError, match=r"image: not judged: .* killed twice"):
            await sandbox.verify_image(file, 4096, Claim())

        assert await ask_again(sandbox) == "Again"


async def test_a_child_that_gets_no_processor_time_blames_no_bytes() -> None:
    """The one that was stopped is gone afterwards, and the next one answers."""
    async with Sandbox(processes=1, grants=Grants(image_seconds=0.02)) as sandbox:
        await ask_again(sandbox)
        (before,) = sandbox.pids
        os.kill(before, signal.SIGSTOP)
        with pytest.raises(ChildUnavailableError, match=r"image: not judged: in 0\.4 s .* 0\.0 s"):
            await sandbox.verify_image(io.BytesIO(bytes(4096)), 4096, Claim(kind="uf2"))

        assert not psutil.pid_exists(before)
        assert await ask_again(sandbox) == "Again"


async def test_a_child_that_is_slow_by_the_clock_only_gives_its_verdict() -> None:
    """It is stopped for ten times as long as it may work."""
    zeros = bytes(4096)
    grants = Grants(image_seconds=0.1, patience=600)
    async with Sandbox(processes=1, grants=grants) as sandbox:
        await ask_again(sandbox)
        (child,) = sandbox.pids
        os.kill(child, signal.SIGSTOP)
        asked = asyncio.create_task(
            sandbox.verify_image(io.BytesIO(zeros), len(zeros), Claim(kind="uf2"))
        )
        await asyncio.sleep(1)
        os.kill(child, signal.SIGCONT)

        assert await asked == verify(zeros, Claim(kind="uf2"))
        assert sandbox.pids == (child,)


async def test_the_signals_of_a_shutdown_do_not_touch_a_child() -> None:
    """Else an image under verification would be refused because the daemon stops."""
    async with Sandbox(processes=1) as sandbox:
        await ask_again(sandbox)
        (before,) = sandbox.pids
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(before, number)

        assert await ask_again(sandbox) == "Again"
        assert sandbox.pids == (before,)


# --- askers that give up ---------------------------------------------------------------


async def test_a_cancelled_question_leaves_the_file_alone_and_the_next_in_step() -> None:
    async with Sandbox(processes=1) as sandbox:
        await ask_again(sandbox)
        file = SlowFile(bytes(MIB))
        asked = asyncio.create_task(sandbox.verify_image(file, MIB, Claim()))
        await asyncio.to_thread(file.asked.wait, 60)
        asked.cancel()
        file.more.set()
        with pytest.raises(asyncio.CancelledError):
            await asked
        file.close()

        assert await ask_again(sandbox, "Next") == "Next"


async def test_a_question_cancelled_at_any_moment_leaves_the_next_in_step() -> None:
    async with Sandbox(processes=1) as sandbox:
        for number in range(12):
            asked = asyncio.create_task(ask_again(sandbox, "Cancelled"))
            await asyncio.sleep(0.005 * number)
            asked.cancel()
            await asyncio.wait([asked])

            assert await ask_again(sandbox, f"Next {number}") == f"Next {number}"


async def test_a_waiting_question_can_be_cancelled() -> None:
    async with Sandbox(processes=1) as sandbox:
        # More than is read at once: the first question is under way until the rest may come.
        file = SlowFile(bytes(MIB))
        first = asyncio.create_task(sandbox.verify_image(file, MIB, Claim()))
        second = asyncio.create_task(ask_again(sandbox))
        await asyncio.to_thread(file.asked.wait, 60)
        second.cancel()
        await asyncio.wait([second])
        file.more.set()

        assert (await first).conclusion == Conclusion.REFUSED
        assert second.cancelled()


async def test_nothing_is_left_behind() -> None:
    """No process, no descriptor, even when a question was under way."""
    process = psutil.Process()
    before, children = process.num_fds(), process.children()
    async with Sandbox(processes=2) as sandbox:
        await asyncio.gather(*(ask_again(sandbox) for _ in range(4)))
        pids = sandbox.pids
        asked = asyncio.create_task(sandbox.read_board_page(SLOW_PAGE, URL, "NICE_BOARD"))
        await asyncio.sleep(0.05)
    with pytest.raises(MirrorError):
        await asked

    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
    assert process.num_fds() == before
    assert process.children() == children


# --- answers are foreign too -----------------------------------------------------------


LIAR = """
import sys
sys.path[:] = sys.argv[2:]
from mirror.catalog.model import BoardFacts, BoardPage, Listing
from mirror.catalog.names import ArtifactName
from pydantic import TypeAdapter
from mirror.sandbox.frames import Status, answer_frame, read_request
out = sys.stdout.buffer
def say(status, document):
    out.write(answer_frame(status, document, last=False))
    out.flush()
say(Status.READY, b"{}")
while asked := read_request(sys.stdin.buffer):
    request, body = asked
    say(Status.ANSWER, TypeAdapter(BoardPage).dump_json(eval(body)))
"""
NAME = "ArtifactName('NICE_BOARD-20260406-v1.28.0.bin')"


LISTED = f"BoardPage(BoardFacts('NICE_BOARD', request.url, 'x'), (Listing({NAME}, "
LIES = [
    "BoardPage(BoardFacts('OTHER', request.url, 'x'), ())",
    "BoardPage(BoardFacts('NICE_BOARD', 'https://evil.example/', 'x'), ())",
    LISTED + "'https://evil.example/resources/firmware/x', 'NICE_BOARD', 0),))",
    LISTED + "'file:///etc/passwd', 'NICE_BOARD', 0),))",
]


async def test_an_answer_about_something_else_is_refused() -> None:
    """Whoever takes over a child can not send the mirror to another host."""
    async with Sandbox(processes=1, program=LIAR) as sandbox:
        for lie in LIES:
            with pytest.raises(ChildRefusedError, match="answered about another page"):
                await sandbox.read_board_page(lie.encode(), URL, "NICE_BOARD")


async def test_without_a_child_nothing_is_judged_and_no_bytes_are_blamed() -> None:
    async with Sandbox(processes=1, program="raise SystemExit(1)") as sandbox:
        with pytest.raises(ChildUnavailableError, match="did not start"):
            await ask_again(sandbox)
