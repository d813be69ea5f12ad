"""What is wrong with this node is told to its log, and not so often that it fills a disk."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from mirror.errors import (
    ArtifactNotFoundError,
    BadQueryError,
    BusyError,
    DamagedError,
    GoneError,
    LockedError,
    MalformedValueError,
    MirrorError,
    StorageError,
)
from mirror.web.failures import Failures, status_of
from mirror.web.heads import Heads


@dataclass(frozen=True, slots=True)
class Request:
    """A request for the feed."""

    method: str = "GET"
    path: str = "/v1/feed.json"
    headers: Mapping[str, str] = field(default_factory=dict)


REQUEST = Request()


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return them."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def failures(clock: Clock, caplog: pytest.LogCaptureFixture) -> Failures:
    caplog.set_level(logging.ERROR)
    return Failures(Heads("n"), clock=clock)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ArtifactNotFoundError("x"), 404),
        (GoneError("x"), 410),
        (BadQueryError("x"), 400),
        (BusyError("x"), 503),
        (DamagedError("x"), 503),
        (LockedError("x"), 503),
        (StorageError("x"), 503),
        (MalformedValueError("x"), 503),
        (MirrorError("x"), 503),
    ],
)
def test_every_error_has_a_status(error: MirrorError, status: int) -> None:
    assert status == status_of(error)


def test_the_same_damage_is_logged_once_a_minute(
    failures: Failures, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for clock.now in (0.0, 1.0, 59.0, 60.0, 61.0, 120.0):
        failures.of(REQUEST, DamagedError("/data/blobs/ab is damaged"))

    assert len(caplog.records) == 3


def test_each_damage_is_logged(failures: Failures, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(5):
        failures.of(REQUEST, DamagedError(f"/data/blobs/{number} is damaged"))

    assert len(caplog.records) == 5


def test_a_fault_is_logged_once_a_minute(
    failures: Failures, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        failures.unexpected(REQUEST, ZeroDivisionError("x"))

    assert len(caplog.records) == 1


@pytest.mark.parametrize("error", [ArtifactNotFoundError("x"), BusyError("x"), BadQueryError("x")])
def test_what_clients_do_is_not_logged(
    failures: Failures, caplog: pytest.LogCaptureFixture, error: MirrorError
) -> None:
    failures.of(REQUEST, error)

    assert caplog.records == []
