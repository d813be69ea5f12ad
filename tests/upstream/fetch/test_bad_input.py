"""Whatever upstream does to a file, one sentence says it, and the next time all is well."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.errors import (
    MirrorError,
    RedirectRefusedError,
    RefusedError,
    SelfUpstreamError,
    UpstreamBusyError,
    UpstreamMissingError,
    UpstreamUnavailableError,
)
from mirror.upstream.fetch import Download, Politeness
from tests.replica.misbehaviour import Misbehaviour
from tests.replica.replica import Replica
from tests.replica.ways import Bomb, Refusing, Short, Unended
from tests.upstream.conftest import NODE, making
from tests.upstream.doubles import Clock, FilePartial

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.replica.exchange import Way

LIMITS = Politeness(requests_per_second=0, read_seconds=0.8, file_seconds=1.5, attempts=3)


@dataclass(slots=True)
class Station:
    """A replica with one file of some kilobytes, and where it goes."""

    replica: Replica
    base: str
    folder: Path
    name: str

    async def download(self, partial: str = "a", limits: Politeness = LIMITS) -> Download:
        """Download the file with a fetcher of its own, as after a restart."""
        async with making(self.base, Clock(), politeness=limits) as fetcher:
            return await fetcher.download(
                f"{self.base}/resources/firmware/{self.name}", self.partial(partial)
            )

    def partial(self, name: str = "a") -> FilePartial:
        """Return one of the partial downloads."""
        return FilePartial(self.folder / name)

    async def good_bytes(self) -> bytes:
        """Return what a good upstream sends."""
        spoilt, self.replica.requests = self.replica.requests, []
        await self.download("good")
        self.replica.requests = spoilt
        return self.partial("good").data


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    """A station."""
    replica = Replica.of("RPI_PICO")
    (name,) = replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    async with replica.running() as base:
        yield Station(replica, base, tmp_path, name)


@pytest.mark.parametrize(
    ("way", "error", "sentence"),
    [
        (Misbehaviour.HTML_FOR_FIRMWARE, RefusedError, "an HTML page where a file belongs"),
        (Misbehaviour.SHORT_BODY, UpstreamUnavailableError, "the body was cut short"),
        (Unended(), UpstreamUnavailableError, "the body was cut short"),
        (Misbehaviour.NO_LENGTH_CUT, UpstreamUnavailableError, "sends neither length nor chunks"),
        (Misbehaviour.NO_LENGTH, UpstreamUnavailableError, "sends neither length nor chunks"),
        (Misbehaviour.PART_UNASKED, UpstreamUnavailableError, "answered 206 to a plain request"),
        (Misbehaviour.REDIRECT_LOOP, RedirectRefusedError, "redirected in a circle"),
        (Misbehaviour.REDIRECT_TO_OTHER_HOST, RedirectRefusedError, "is not on upstream's host"),
        (Misbehaviour.REDIRECT_TO_FTP, RedirectRefusedError, "not an http(s) URL"),
        (Misbehaviour.REDIRECT_TO_PRIVATE_ADDRESS, RedirectRefusedError, "'http://10.0.0.1/"),
        (Misbehaviour.REDIRECT_TO_LINK_LOCAL, RedirectRefusedError, "'http://169.254.169.254/"),
        (Bomb(1 << 22), RefusedError, "an HTML page where a file belongs"),
        (Misbehaviour.BUSY_429, UpstreamBusyError, "answered 429 and asks to wait 1 s"),
        (Misbehaviour.BUSY_503, UpstreamBusyError, "answered 503 and asks to wait 1 s"),
        (Misbehaviour.BUSY_ABSURDLY, UpstreamBusyError, "answered 429 and asks to wait"),
        (Misbehaviour.BUSY_GARBLED, UpstreamUnavailableError, "answered 503"),
        (Misbehaviour.MISSING, UpstreamMissingError, "answered 404"),
        (Misbehaviour.GONE, UpstreamMissingError, "answered 410"),
        (Misbehaviour.BROKEN, UpstreamUnavailableError, "answered 500"),
        (Misbehaviour.HANG_BEFORE_HEADERS, UpstreamUnavailableError, "nothing came in time"),
        (Misbehaviour.RESET, UpstreamUnavailableError, "the connection broke off"),
    ],
    ids=str,
)
async def test_what_upstream_does_is_said_and_the_next_time_mends_it(
    station: Station, way: Misbehaviour | Way, error: type[MirrorError], sentence: str
) -> None:
    station.replica.misbehave(station.name, way, None)
    with pytest.raises(error) as caught:
        await station.download()
    station.replica.behave()
    await station.download()

    assert type(caught.value) is error
    assert str(caught.value).startswith(f"{station.base}/resources/firmware/{station.name}: ")
    assert sentence in str(caught.value)
    assert str(caught.value).isprintable()
    assert station.partial().data == await station.good_bytes()


@pytest.mark.parametrize(
    "way",
    [
        Misbehaviour.SHORT_BODY,
        Unended(),
        Misbehaviour.NO_LENGTH_CUT,
        Misbehaviour.PART_UNASKED,
        Misbehaviour.BUSY_429,
        Misbehaviour.BUSY_503,
        Misbehaviour.BUSY_GARBLED,
        Misbehaviour.BROKEN,
        Misbehaviour.UNAVAILABLE,
        Misbehaviour.HANG_BEFORE_HEADERS,
        Misbehaviour.HANG_IN_BODY,
        Misbehaviour.RESET,
        Misbehaviour.RESET_IN_BODY,
    ],
    ids=str,
)
async def test_what_passes_is_mended_within_the_run(
    station: Station, way: Misbehaviour | Way
) -> None:
    station.replica.misbehave(station.name, way)
    await station.download()

    assert station.replica.count(station.name) == 2
    assert station.partial().data == await station.good_bytes()


@pytest.mark.parametrize(
    ("way", "requests"),
    [
        (Misbehaviour.WHOLE_FOR_RANGE, 2),
        (Misbehaviour.WRONG_CONTENT_RANGE, 3),
        (Misbehaviour.ETAG_CHANGES, 3),
        (Misbehaviour.SHORT_BODY, 3),
        (Refusing(416), 3),
    ],
    ids=str,
)
async def test_a_continuation_that_goes_wrong_never_mixes_two_files(
    station: Station, way: Misbehaviour | Way, requests: int
) -> None:
    station.replica.misbehave(station.name, Misbehaviour.SHORT_BODY)
    station.replica.misbehave(station.name, way)
    await station.download()

    assert station.replica.count(station.name) == requests
    assert station.partial().data == await station.good_bytes()


async def test_a_file_that_is_uploaded_anew_midway_is_the_new_one(station: Station) -> None:
    once = Politeness(requests_per_second=0, attempts=1)
    station.replica.misbehave(station.name, Short(0.3))
    with pytest.raises(UpstreamUnavailableError):
        await station.download(limits=once)
    station.replica.change_bytes(station.name)
    download = await station.download(limits=once)

    assert download.resumed_from == 0
    assert station.partial().data == await station.good_bytes()


async def test_a_file_is_continued_by_a_new_process_where_the_old_one_stopped(
    station: Station,
) -> None:
    once = Politeness(requests_per_second=0, attempts=1)
    station.replica.misbehave(station.name, Short(0.7))
    with pytest.raises(UpstreamUnavailableError):
        await station.download(limits=once)
    there = station.partial().size
    download = await station.download(limits=once)

    assert download.resumed_from == there > 0
    assert station.partial().data == await station.good_bytes()


async def test_a_trickle_ends_and_is_continued(station: Station) -> None:
    station.replica.misbehave(station.name, Misbehaviour.TRICKLE)
    download = await station.download()

    assert download.resumed_from > 0
    assert station.partial().data == await station.good_bytes()


async def test_an_upstream_that_is_ourselves_serves_no_file(station: Station) -> None:
    station.replica.node_id = NODE

    with pytest.raises(SelfUpstreamError, match="upstream is this mirror; check DNS"):
        await station.download()


async def test_one_bad_file_does_not_stop_the_others(station: Station) -> None:
    others = station.replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    station.replica.misbehave(station.name, Misbehaviour.HANG_IN_BODY, None)
    folder = f"{station.base}/resources/firmware"
    async with making(station.base, Clock(), politeness=LIMITS) as fetcher:
        outcomes = await asyncio.gather(
            fetcher.download(f"{folder}/{station.name}", station.partial("bad")),
            fetcher.download(f"{folder}/{others[0]}", station.partial("good")),
            return_exceptions=True,
        )

    assert [type(outcome) for outcome in outcomes] == [UpstreamUnavailableError, Download]
