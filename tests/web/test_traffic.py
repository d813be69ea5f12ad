"""What is answered is counted once, by route and status, and told until somebody hears it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import LockedError, MalformedValueError
from mirror.web.app import Serving
from mirror.web.asking import tell_traffic
from mirror.web.traffic import SECONDS, Tally, Traffic
from tests.web.building import PICO, Builder
from tests.web.conftest import NODE, served, status
from tests.web.operations import Operations, administered

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = st.lists(
    st.tuples(st.sampled_from(["/a", "/b"]), st.sampled_from([200, 404]), st.floats(0, 100))
)


def tally_of(answers: list[tuple[str, int, float]]) -> Tally:
    tally = Tally()
    for answer in answers:
        tally.note(*answer)
    return tally


def counts(tally: Tally) -> dict[tuple[str, int], int]:
    return {(route, code): sum(series.counts) for route, code, series in tally}


@given(ANSWERS, ANSWERS)
def test_nothing_is_lost_on_the_way(
    first: list[tuple[str, int, float]], second: list[tuple[str, int, float]]
) -> None:
    """Written, read and added: the same as counted at once."""
    total = Tally.decode(tally_of(first).encode())
    total.add(Tally.decode(tally_of(second).encode()))

    assert counts(total) == Counter((route, code) for route, code, _ in first + second)
    assert [series.counts for *_, series in total] == [
        series.counts for *_, series in tally_of(first + second)
    ]


@pytest.mark.parametrize("bound", SECONDS)
def test_a_class_has_its_upper_end(bound: float) -> None:
    """As Prometheus means ``le``."""
    tally = tally_of([("/a", 200, bound), ("/a", 200, bound * 1.01)])
    [(_, _, series)] = tally
    place = SECONDS.index(bound)

    assert (series.counts[place], series.counts[place + 1]) == (1, 1)


@given(st.binary(max_size=200) | st.sampled_from([b"[[]]", b'[["/",1,[1],0]]', b"[" * 9000]))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedValueError):
        tally = Tally.decode(data)

        assert counts(Tally.decode(tally.encode())) == counts(tally)


async def test_what_could_not_be_told_is_told_later() -> None:
    heard: asyncio.Queue[Tally] = asyncio.Queue()
    failed = asyncio.Event()

    async def tell(tally: bytes) -> None:
        if not failed.is_set():
            failed.set()
            raise LockedError("the daemon does not answer")
        heard.put_nowait(Tally.decode(tally))

    builder = Traffic(tell, every=0.01)
    builder.note("/a", 200, 0.1)
    task = asyncio.create_task(builder.report())
    await failed.wait()
    builder.note("/a", 200, 0.1)
    total = Tally()
    while counts(total) != {("/a", 200): 2}:
        total.add(await asyncio.wait_for(heard.get(), 10))
    task.cancel()

    assert heard.empty()


async def test_a_request_is_counted_by_its_route_and_status(builder: Builder) -> None:
    """And no request makes up a new route."""
    heard: asyncio.Queue[Tally] = asyncio.Queue()

    async def tell(tally: bytes) -> None:
        heard.put_nowait(Tally.decode(tally))

    told = Serving(node=NODE, status=status, counted=tell, count_every=0.01)
    total = Tally()
    async with served(builder.store, told=told) as site:
        for path in (f"/v1/files/{PICO}", f"/v1/files/{PICO}", "/v1/files/NO-SUCH.uf2", "/x", "/y"):
            await site.client.get(path)
        while sum(counts(total).values()) < 5:
            total.add(await asyncio.wait_for(heard.get(), 10))

    assert counts(total)["/v1/files/{name}", 200] == 2
    assert counts(total)["/v1/files/{name}", 404] == 1
    assert len(counts(total)) == 3


async def test_a_worker_tells_the_daemon(tmp_path: Path) -> None:
    operations = Operations()
    async with administered(tmp_path / "admin", operations):
        await tell_traffic(tmp_path / "admin", tally_of([("/a", 200, 0.5)] * 3).encode())

        assert counts(operations.tally) == {("/a", 200): 3}
        with pytest.raises(LockedError, match="answers 400"):
            await tell_traffic(tmp_path / "admin", b"nonsense")
