"""What a process is told of files on demand: asked once, remembered, and in words that travel."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.errors import (
    ArtifactNotFoundError,
    FetchFailedError,
    FetchTimedOutError,
    LockedError,
    MirrorError,
    NotYetError,
)
from mirror.web.artifacts import Artifact
from mirror.web.on_demand import Fetched, decode_artifact, decode_failure, encode_artifact

ARTIFACT = Artifact("A-20260406-v1.28.0.bin", "A", "v1.28.0", Kind.BIN, 7, 4096, bytes(48))


class Daemon:
    """Fetches what it is asked for, after a moment, and counts."""

    def __init__(self, error: MirrorError | None = None) -> None:
        self.asked = 0
        self.error = error

    async def fetch(self, _name: str) -> Artifact:
        """Give the artifact, or fail."""
        self.asked += 1
        await asyncio.sleep(0.01)
        if self.error is not None:
            raise self.error
        return ARTIFACT


async def test_many_who_ask_at_once_are_one_question_and_later_ones_none() -> None:
    daemon = Daemon()
    fetched = Fetched(daemon.fetch)
    found = await asyncio.gather(*(fetched.find("a") for _ in range(50)))

    assert set(found) == {ARTIFACT}
    assert await fetched.find("a") == ARTIFACT
    assert daemon.asked == 1


async def test_what_was_forgotten_is_asked_for_again() -> None:
    daemon = Daemon()
    fetched = Fetched(daemon.fetch)
    await fetched.find("a")
    fetched.forget("a")
    await fetched.find("a")

    assert daemon.asked == 2


async def test_a_failure_is_told_to_all_who_wait_and_not_remembered_here() -> None:
    daemon = Daemon(FetchFailedError("not there"))
    fetched = Fetched(daemon.fetch)
    outcomes = await asyncio.gather(*(fetched.find("a") for _ in range(3)), return_exceptions=True)
    with pytest.raises(FetchFailedError):
        await fetched.find("a")

    assert outcomes == [daemon.error] * 3
    assert daemon.asked == 2


async def test_one_who_goes_away_ends_nothing_for_the_others() -> None:
    fetched = Fetched(Daemon().fetch)
    first = asyncio.create_task(fetched.find("a"))
    second = asyncio.create_task(fetched.find("a"))
    await asyncio.sleep(0)
    first.cancel()

    assert await second == ARTIFACT


async def test_closing_ends_what_is_asked() -> None:
    fetched = Fetched(Daemon().fetch)
    waiting = asyncio.create_task(fetched.find("a"))
    await asyncio.sleep(0)
    await fetched.close()

    with pytest.raises(asyncio.CancelledError):
        await waiting


@given(
    st.builds(
        Artifact,
        name=st.text(),
        board=st.text(),
        version=st.text(),
        kind=st.sampled_from(Kind),
        size=st.integers(min_value=0),
        flash_offset=st.none() | st.integers(min_value=0),
        sums=st.binary(min_size=32, max_size=48),
    )
)
def test_an_artifact_arrives_as_it_was_sent(artifact: Artifact) -> None:
    assert decode_artifact(encode_artifact(artifact)) == artifact


@given(st.binary(max_size=200))
def test_any_other_words_are_an_error_of_the_family(words: bytes) -> None:
    with pytest.raises(LockedError):
        decode_artifact(words)

    assert isinstance(decode_failure(words), LockedError)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ArtifactNotFound", ArtifactNotFoundError),
        ("FetchFailed", FetchFailedError),
        ("FetchTimedOut", FetchTimedOutError),
        ("DiskFull", LockedError),
    ],
)
def test_a_failure_stays_what_it_is(said: str, kind: type[MirrorError]) -> None:
    error = decode_failure(b'{"error":"%s","message":"so"}' % said.encode())

    assert type(error) is kind


@pytest.mark.parametrize("said", ["NotYet", "UpstreamBusy", "BreakerOpen", "BudgetSpent"])
def test_a_wait_is_told_with_its_time(said: str) -> None:
    error = decode_failure(b'{"error":"%s","message":"so","retry_after":7}' % said.encode())

    assert isinstance(error, NotYetError)
    assert error.retry_after == timedelta(seconds=7)
