"""What is held of one build is compared, and the verdict says on what it rests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.formats.siblings import DIFFERS
from mirror.formats.verdict import Conclusion
from mirror.storage.store import Store, forget_index
from tests.replica import Replica
from tests.storage.samples import NO_LIMIT, noon
from tests.sync.node import TestNode, node_at

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.publication.documents import VerdictEntry

DFU, HEX = "PYBV11-20260406-v1.28.0.dfu", "PYBV11-20260406-v1.28.0.hex"


def site() -> Replica:
    """Return a site of one board with a release in two kinds."""
    replica = Replica.of("PYBV11")
    replica.release("PYBV11", "v1.28.0", date="2026-04-06")
    return replica


async def verdicts(node: TestNode) -> tuple[VerdictEntry, VerdictEntry]:
    """Return what is published of the two files."""
    files = await node.files()
    return files[DFU].verdict, files[HEX].verdict


async def test_both_siblings_say_that_they_agree(tmp_path: Path) -> None:
    """Whichever came second, in the words too; also when both come at once."""
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        outcome = await node.sync()
        dfu, hexed = await verdicts(node)

        assert outcome.exit_status == 0
        assert (dfu.agrees_with, hexed.agrees_with) == ((HEX,), (DFU,))
        assert f"the same program as {HEX} of this build" in dfu.words


async def test_siblings_that_differ_are_a_warning_of_both_and_an_alarm(tmp_path: Path) -> None:
    """Both are served, because nobody knows which of them is right; both names are named."""
    replica = site()
    replica.change_bytes(HEX)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        outcome = await node.sync()
        dfu, hexed = await verdicts(node)
        [alarm] = await node.store.index.disagreements()

        assert outcome.exit_status == 0
        assert (dfu.conclusion, hexed.conclusion) == (Conclusion.WARNED, Conclusion.WARNED)
        assert (dfu.differs_from, hexed.differs_from) == ((HEX,), (DFU,))
        assert [reason.rule for reason in (*dfu.reasons, *hexed.reasons)] == [DIFFERS, DIFFERS]
        assert {alarm.name, alarm.sibling} == {DFU, HEX}


async def test_the_index_made_anew_knows_it_too(tmp_path: Path) -> None:
    """The ledger has it: nothing is compared again."""
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        before = await node.store.index.sightings_of([DFU, HEX])
    await forget_index(tmp_path / "data")
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as store:
        after = await store.index.sightings_of([DFU, HEX])

    assert [one.verdict.agrees_with for one in after.values()] != []
    assert before == after


async def test_a_blob_that_is_fetched_again_still_agrees(tmp_path: Path) -> None:
    async with site().running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        first = await verdicts(node)
        await node.store.blobs.remove((await node.files())[DFU].digest)
        outcome = await node.sync()

        assert outcome.fetched == 1
        assert await verdicts(node) == first
