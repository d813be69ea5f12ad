"""Whatever comes instead of a file: it is named, the rest is served, the next run mends it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from mirror.sync.outcome import Ending
from mirror.upstream.fetch import Politeness
from tests.proofs.node import IMPATIENT, QUICK
from tests.proofs.words import is_one_sentence
from tests.replica import Misbehaviour
from tests.replica.alterations import ERROR_PAGE
from tests.replica.exchange import Way
from tests.replica.ways import Substituted

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proofs.conftest import Scene

pytestmark = pytest.mark.asyncio(loop_scope="session")

OCTETS = "application/octet-stream"


@pytest.fixture
def tmp_path(memory: Path) -> Path:
    """A folder in memory: nothing here is about the disk."""
    return memory


@dataclass(frozen=True, slots=True)
class Bad:
    """A way to answer for a file: what the operator reads of it, and the exit status."""

    way: Misbehaviour | Way
    words: str
    status: int = 4
    politeness: Politeness = QUICK


BAD = {
    "an HTML page": Bad(Misbehaviour.HTML_FOR_FIRMWARE, "an HTML page where a file belongs"),
    "an HTML page that says it is a file": Bad(Substituted(ERROR_PAGE, OCTETS), "a page of markup"),
    "zeros": Bad(Misbehaviour.ZEROS, "32768 bytes, all of them 0x00"),
    "right length, wrong bytes": Bad(Misbehaviour.WRONG_BYTES, "no structure"),
    "nothing": Bad(Misbehaviour.EMPTY_BODY, "the file is empty"),
    "part-written": Bad(Misbehaviour.PART_WRITTEN, "not whole blocks of 512"),
    "a short body": Bad(Misbehaviour.SHORT_BODY, "cut short, 2816 of 5632 bytes"),
    "no length, early close": Bad(Misbehaviour.NO_LENGTH_CUT, "neither length nor chunks"),
    "chunks without an end": Bad(Misbehaviour.CHUNKS_CUT, "cut short"),
    "206 to a plain request": Bad(Misbehaviour.PART_UNASKED, "answered 206 to a plain request"),
    "a redirect loop": Bad(Misbehaviour.REDIRECT_LOOP, "redirected in a circle"),
    "another host": Bad(Misbehaviour.REDIRECT_TO_OTHER_HOST, "not on upstream's host"),
    "a private address": Bad(Misbehaviour.REDIRECT_TO_PRIVATE_ADDRESS, "not on upstream's host"),
    "a gzip bomb": Bad(Misbehaviour.GZIP_BOMB, "where a file belongs"),
    "404": Bad(Misbehaviour.MISSING, "answered 404"),
    "500": Bad(Misbehaviour.BROKEN, "answered 500"),
    "503": Bad(Misbehaviour.UNAVAILABLE, "answered 503"),
    "429, wait a second": Bad(Misbehaviour.BUSY_429, "answered 429 and asks to wait 1 s", 3),
    "429, wait for ever": Bad(Misbehaviour.BUSY_ABSURDLY, "asks to wait 315360000 s", 3),
    "503, wait a second": Bad(Misbehaviour.BUSY_503, "answered 503 and asks to wait 1 s", 3),
    "a hang": Bad(Misbehaviour.HANG_BEFORE_HEADERS, "nothing came in time", 4, IMPATIENT),
    "a hang midway": Bad(Misbehaviour.HANG_IN_BODY, "nothing came in time", 4, IMPATIENT),
    "a reset": Bad(Misbehaviour.RESET, "the connection broke off"),
    "a reset midway": Bad(Misbehaviour.RESET_IN_BODY, "the body was cut short"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_a_bad_file_is_named_and_not_served_and_mended(scene: Scene, bad: Bad) -> None:
    """One sentence says what came and where; all else is served; the next run has it right."""
    name = scene.release()
    scene.replica.misbehave(name, bad.way, None)
    outcome = await replace(scene.node, politeness=bad.politeness).sync()
    meanwhile = await scene.node.walked()
    scene.replica.behave()
    mended = await scene.node.sync()
    after = await scene.node.walked()

    assert [trouble.subject for trouble in outcome.troubles] == [name]
    assert name in outcome.troubles[0].text
    assert bad.words in outcome.troubles[0].text
    assert is_one_sentence(outcome.troubles[0].text)
    assert "Error" not in outcome.troubles[0].text, "a class of some library's is no sentence"
    assert outcome.exit_status == bad.status
    assert meanwhile == scene.before
    assert (mended.exit_status, mended.message) == (0, "complete")
    assert after.files == scene.with_new(name)


async def test_another_versions_file_under_the_name_is_refused(scene: Scene) -> None:
    """A sound image of the same board, but of another version, is not what its name says."""
    name = scene.release()
    older = await scene.node.fetched("RPI_PICO-20251209-v1.27.0.uf2")
    scene.replica.misbehave(name, Substituted(older, OCTETS), None)
    outcome = await scene.node.sync()
    meanwhile = await scene.node.walked()
    scene.replica.behave()
    mended = await scene.node.sync()

    assert [trouble.subject for trouble in outcome.troubles] == [name]
    assert "v1.27.0" in outcome.troubles[0].text
    assert outcome.exit_status == 4
    assert meanwhile == scene.before
    assert mended.exit_status == 0


async def test_one_bit_off_is_noticed_where_the_format_has_a_sum(scene: Scene) -> None:
    """The hex file of a build is refused by its name, and its other files are taken."""
    uf2, ihex, image = scene.replica.release("TEENSY41", "v1.29.0")
    scene.replica.misbehave(ihex, Misbehaviour.ONE_BIT_OFF, None)
    outcome = await scene.node.sync()
    meanwhile = await scene.node.walked()
    scene.replica.behave()
    mended = await scene.node.sync()

    assert [trouble.subject for trouble in outcome.troubles] == [ihex]
    assert outcome.exit_status == 4
    assert meanwhile.files.keys() == {*scene.before.files, uf2, image}
    assert mended.exit_status == 0


async def test_many_bad_files_stop_no_good_one_and_each_is_named(scene: Scene) -> None:
    """One run with every refusal at once takes exactly the good ones."""
    ways = (
        Misbehaviour.ZEROS,
        Misbehaviour.HTML_FOR_FIRMWARE,
        Misbehaviour.WRONG_BYTES,
        Misbehaviour.REDIRECT_LOOP,
        Misbehaviour.MISSING,
    )
    names = [name for board in scene.replica.boards for name in scene.replica.release(board, NEW)]
    for name, way in zip(names, ways, strict=False):
        scene.replica.misbehave(name, way, None)
    outcome = await scene.node.sync()
    meanwhile = await scene.node.walked()

    bad, good = names[: len(ways)], names[len(ways) :]
    assert sorted(trouble.subject for trouble in outcome.troubles) == sorted(bad)
    assert (outcome.ending, outcome.exit_status) == (Ending.PUBLISHED, 4)
    assert meanwhile.files.keys() == {*scene.before.files, *good}


NEW = "v1.29.0"

ONCE = {
    "a short body": Misbehaviour.SHORT_BODY,
    "206 to a plain request": Misbehaviour.PART_UNASKED,
    "no length": Misbehaviour.NO_LENGTH_CUT,
    "a reset": Misbehaviour.RESET,
    "a reset midway": Misbehaviour.RESET_IN_BODY,
    "500": Misbehaviour.BROKEN,
    "429": Misbehaviour.BUSY_429,
    "503": Misbehaviour.BUSY_503,
    "503 until a date": Misbehaviour.BUSY_UNTIL_DATE,
}


@pytest.mark.parametrize("way", ONCE.values(), ids=ONCE)
async def test_what_goes_wrong_once_is_mended_within_the_run(
    scene: Scene, way: Misbehaviour
) -> None:
    """The second try has it, and nobody has to read of it."""
    name = scene.release()
    scene.replica.misbehave(name, way)
    outcome = await scene.node.sync()
    after = await scene.node.walked()

    assert (outcome.exit_status, outcome.troubles) == (0, ())
    assert scene.replica.count(name) == 2
    assert after.files == scene.with_new(name)


RESUMED = {
    "200 to a range": Misbehaviour.WHOLE_FOR_RANGE,
    "another range": Misbehaviour.WRONG_CONTENT_RANGE,
    "another ETag midway": Misbehaviour.ETAG_CHANGES,
}


@pytest.mark.parametrize("way", RESUMED.values(), ids=RESUMED)
async def test_a_download_that_is_continued_is_never_spliced(
    scene: Scene, way: Misbehaviour
) -> None:
    """What the answer to a range does not confirm is thrown away, and the file is whole."""
    name = scene.release()
    scene.replica.misbehave(name, Misbehaviour.RESET_IN_BODY, 2)
    broken_off = await scene.node.sync()
    asked = len(scene.replica.requests)
    scene.replica.misbehave(name, way)
    outcome = await scene.node.sync()
    after = await scene.node.walked()

    ranges = [
        request.headers.get("Range")
        for request in scene.replica.requests[asked:]
        if name in request.path
    ]
    assert broken_off.exit_status == 4
    assert ranges[0] is not None
    assert outcome.exit_status == 0
    assert after.files == scene.with_new(name)


async def test_a_download_is_continued_where_the_last_run_stopped(scene: Scene) -> None:
    """Only the missing half is asked for, and both halves are one file."""
    name = scene.release()
    scene.replica.misbehave(name, Misbehaviour.RESET_IN_BODY, 2)
    await scene.node.sync()
    outcome = await scene.node.sync()
    after = await scene.node.walked()

    last = [request for request in scene.replica.requests if name in request.path][-1]
    assert last.headers["Range"] == "bytes=2816-"
    assert outcome.exit_status == 0
    assert after.files == scene.with_new(name)


async def test_bytes_that_change_are_an_alarm_and_are_never_served(scene: Scene) -> None:
    """A lost file that comes back with other bytes is refused, and its name has no bytes."""
    name = "RPI_PICO-20260406-v1.28.0.uf2"
    scene.node.lose(scene.before.files[name])
    scene.replica.change_bytes(name)
    outcome = await scene.node.sync()
    async with scene.node.served() as client:
        answered = await client.get(f"/resources/firmware/{name}")

    assert [trouble.subject for trouble in outcome.troubles] == [name]
    assert scene.before.files[name] in outcome.troubles[0].text
    assert outcome.exit_status == 4
    assert (answered.status, answered.body) == (410, b"")
