"""A status of twenty thousand artifacts takes well under a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.daemon.status import status_of
from mirror.daemon.status_document import Moment
from mirror.formats.verdict import Conclusion, Verdict
from mirror.storage.entries import Sighting
from mirror.storage.store import Store
from mirror.sync.census import CensusBoard, write_census
from mirror.sync.wanted import remember_wanted
from tests.storage.samples import NO_LIMIT, NOON, noon

if TYPE_CHECKING:
    from pathlib import Path

BOARDS = [f"BOARD_{number}" for number in range(200)]
VERDICT = Verdict(Conclusion.VERIFIED)


def names_of(board: str, month: int) -> list[str]:
    return [f"{board}-2025{month:02}{day:02}-v1.{day}.0.uf2" for day in range(1, 26)] + [
        f"{board}-2024{month:02}{day:02}-v0.{day}.0.uf2" for day in range(1, 26)
    ]


def sighting(name: str) -> Sighting:
    board = name.partition("-")[0]
    return Sighting(NOON, name, f"/{name}", board, Digest.of(name.encode()), 1000, None, VERDICT)


async def test_a_status_of_twenty_thousand_artifacts_is_quick(tmp_path: Path) -> None:
    """Ten thousand are wanted and held, ten thousand more were fetched on demand.

    What counts is the time of the processor: others work on the machine too.
    """
    wanted = [name for board in BOARDS for name in names_of(board, 1)]
    offered = {board: "\n".join(names_of(board, 2)) for board in BOARDS}
    boards = [CensusBoard(board, "rp2") for board in BOARDS]
    async with Store.open(tmp_path / "data", clock=noon, terms=NO_LIMIT) as store:
        fetched = [name for board in BOARDS for name in names_of(board, 2)]
        await store.ledger.append([sighting(name) for name in (*wanted, *fetched)])
        await remember_wanted(store.index, wanted)
        await write_census(store.index, boards, offered, [])
        begun = time.process_time()
        status = await status_of(store, tmp_path, "", Moment(now=NOON), offline=False)
        took = time.process_time() - begun

    print(f"a status of 20,000 artifacts: {took:.3f} s")  # noqa: T201 - a figure for whoever asks
    assert status.completeness is not None
    assert (status.completeness.wanted, status.completeness.share) == (10_000, 1.0)
    assert [(port.held.artifacts, port.cached.artifacts) for port in status.ports] == [
        (10_000, 10_000)
    ]
    assert took < 1
