"""A mirror that lies, goes back or runs in a circle harms nobody who mirrors it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.storage.store import forget_index
from mirror.sync.outcome import Ending
from mirror.upstream.peer_urls import ROOT_PATH
from tests.sync.mirrors import content_of, forge_boards, served
from tests.sync.node import node_at
from tests.sync.test_mirror_of_mirror import PICO, chain

if TYPE_CHECKING:
    from pathlib import Path

PICO_W = "RPI_PICO_W-20260406-v1.28.0.uf2"


async def test_bytes_of_another_digest_are_refused_and_the_next_run_mends_it(
    tmp_path: Path,
) -> None:
    """Also bytes that would pass every other check."""
    async with chain(tmp_path) as two:
        files = await two.first.files()
        path = f"/v1/blobs/{files[PICO].digest}"
        two.served.forged[path] = await two.first.read(files[PICO_W].digest)
        outcome = await two.second.sync()
        held = await two.second.files()
        notes = await two.second.store.quarantine.notes()
        two.served.forged.clear()
        mended = await two.second.sync()

        [trouble] = outcome.troubles
        assert outcome.exit_status == 4
        assert trouble.subject == PICO
        assert f"names {files[PICO].digest}, and sent {files[PICO_W].digest}" in trouble.text
        assert PICO not in held
        assert [note.name for note in notes] == [PICO]
        assert (mended.exit_status, mended.fetched) == (0, 1)
        assert (await content_of(two.second)).boards == (await content_of(two.first)).boards


async def test_bytes_that_a_mirror_accepted_are_judged_here_too(tmp_path: Path) -> None:
    """A mirror that names zeros by their right digest has them refused."""
    async with chain(tmp_path) as two:
        zeros = bytes(32_768)
        pico = (await content_of(two.first)).boards["RPI_PICO"]
        right = (await two.first.files())[PICO].digest
        document = (await two.first.read(pico)).replace(
            right.hex.encode(), Digest.of(zeros).hex.encode()
        )
        await forge_boards(two.first, two.served, {"RPI_PICO": document})
        two.served.forged[f"/v1/blobs/{Digest.of(zeros)}"] = zeros
        outcome = await two.second.sync()

        assert outcome.exit_status == 4
        assert [trouble.subject for trouble in outcome.troubles] == [PICO]
        assert not await two.second.store.blobs.has(Digest.of(zeros))


async def test_another_digest_for_a_known_name_is_the_alarm_about_changed_bytes(
    tmp_path: Path,
) -> None:
    """The first bytes stay; it is told once, and stands among the alarms from then on."""
    async with chain(tmp_path) as two:
        await two.second.sync()
        first = (await two.second.files())[PICO].digest
        two.replica.change_bytes(PICO)
        async with node_at(tmp_path / "third", two.site, lineage=9) as third:
            await third.sync()
            later = (await third.files())[PICO].digest
            async with served(third) as other:
                two.second.url = other.url
                outcome = await two.second.sync()
                lines = two.second.store.ledger.head.number
                again = await two.second.sync()
        [change] = await two.second.store.index.changes()

        assert outcome.exit_status == 4
        assert [trouble.subject for trouble in outcome.troubles] == [PICO]
        assert (change.name, change.first, change.later) == (PICO, first, later)
        assert (await two.second.files())[PICO].digest == first
        assert (again.exit_status, two.second.store.ledger.head.number) == (0, lines)


async def test_mirrors_in_a_circle_are_refused(tmp_path: Path) -> None:
    """A of B of A: the publication stays, and one sentence says why."""
    async with chain(tmp_path) as two:
        await two.second.sync()
        before = await two.first.root()
        async with served(two.second) as second:
            two.first.url = second.url
            outcome = await two.first.sync()

        assert (outcome.ending, outcome.exit_status) == (Ending.REFUSED, 4)
        assert "mirrors in a circle have no upstream" in outcome.message
        assert await two.first.root() == before


async def test_a_mirror_is_not_its_own_upstream(tmp_path: Path) -> None:
    async with chain(tmp_path) as two:
        two.first.url = two.served.url
        outcome = await two.first.sync()

        assert (outcome.ending, outcome.exit_status) == (Ending.REFUSED, 4)
        assert "upstream is this mirror" in outcome.message


async def test_nobody_is_led_back_not_even_without_a_database(tmp_path: Path) -> None:
    async with chain(tmp_path) as two:
        old = await two.first.store.publications.current()
        assert old is not None
        two.replica.release("RPI_PICO", "v1.29.0", date="2026-08-24")
        await two.sync_first()
        folder = tmp_path / "mirror"
        async with node_at(folder, two.served.url, lineage=9) as node:
            await node.sync()
            before = await node.root()
        await forget_index(folder)
        two.served.forged[ROOT_PATH] = await two.first.read(old)
        async with node_at(folder, two.served.url, lineage=9) as node:
            outcome = await node.sync()

            assert (outcome.ending, outcome.exit_status) == (Ending.REFUSED, 4)
            assert "publication 1, after 2 of the same lineage" in outcome.message
            assert await node.root() == before


async def test_a_mirror_that_lost_its_boards_is_not_believed(tmp_path: Path) -> None:
    """The wipe guard holds for mirrors as for pages."""
    async with chain(tmp_path) as two:
        await two.second.sync()
        before = await content_of(two.second)
        await forge_boards(two.first, two.served, {})
        outcome = await two.second.sync()

        assert (outcome.ending, outcome.exit_status) == (Ending.REFUSED, 4)
        assert "lost 3 of 3 boards" in outcome.message
        assert await content_of(two.second) == before
