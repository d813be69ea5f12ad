"""However upstream misbehaves in a row, two files are never mixed into one."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.errors import MirrorError
from mirror.upstream.fetch import Politeness
from tests.replica.misbehaviour import Misbehaviour
from tests.replica.replica import Replica
from tests.replica.ways import Refusing, Resetting, Short, Unended
from tests.upstream.conftest import making
from tests.upstream.doubles import Clock, FilePartial

if TYPE_CHECKING:
    from tests.replica.exchange import Way

LIMITS = Politeness(requests_per_second=0, attempts=2)
UPLOADED_ANEW = "uploaded anew"

WAYS: list[Way | str] = [
    Short(0.0),
    Short(0.3),
    Short(0.9),
    Unended(),
    Resetting(),
    Resetting(0.6),
    Refusing(416),
    Refusing(500),
    *(
        way.way
        for way in (
            Misbehaviour.NO_LENGTH_CUT,
            Misbehaviour.PART_UNASKED,
            Misbehaviour.WHOLE_FOR_RANGE,
            Misbehaviour.WRONG_CONTENT_RANGE,
            Misbehaviour.ETAG_CHANGES,
        )
    ),
    UPLOADED_ANEW,
]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from(WAYS), max_size=3), max_size=5))
def test_a_download_that_ends_well_is_the_file_that_upstream_has(
    runs: list[list[Way | str]],
) -> None:
    """Whatever happened in the runs before it, and whatever they left behind."""
    received, expected = asyncio.run(_play(runs))

    assert received == expected


async def _play(runs: list[list[Way | str]]) -> tuple[bytes, bytes]:
    replica = Replica.of("RPI_PICO")
    (name,) = replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    with tempfile.TemporaryDirectory() as folder:
        async with replica.running() as base:
            url = f"{base}/resources/firmware/{name}"
            for ways in [*runs, []]:
                for way in ways:
                    _happen(replica, name, way)
                await _download(base, url, FilePartial(Path(folder) / "partial"))
                replica.behave()
            await _download(base, url, FilePartial(Path(folder) / "good"))
        return FilePartial(Path(folder) / "partial").data, FilePartial(Path(folder) / "good").data


def _happen(replica: Replica, name: str, way: Way | str) -> None:
    if isinstance(way, str):
        replica.change_bytes(name)
    else:
        replica.misbehave(name, way)


async def _download(base: str, url: str, partial: FilePartial) -> None:
    """Download as a new process would; what goes wrong is left to the next one."""
    async with making(base, Clock(), politeness=LIMITS) as fetcher:
        try:
            await fetcher.download(url, partial)
        except MirrorError:
            return
