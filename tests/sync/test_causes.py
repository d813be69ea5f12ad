"""Each reason for which a run ends early has a word, and each word says what can be done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mirror.errors import (
    BreakerOpenError,
    BudgetSpentError,
    CatalogShrunkError,
    DamagedError,
    DiskFullError,
    IncompleteError,
    MirrorError,
    PageRefusedError,
    QuietHoursError,
    UpstreamUnavailableError,
)
from mirror.publication.alarms import advice
from mirror.sync.causes import cause_of


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (UpstreamUnavailableError("away"), "upstream-away"),
        (CatalogShrunkError("half"), "catalog-shrunken"),
        (DiskFullError("full"), "no-room"),
        (DamagedError("bits"), "storage"),
        (PageRefusedError("cut"), "run-failed"),
        (MirrorError("else"), "run-failed"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_ends_a_run_early_has_a_word_with_an_advice(error: MirrorError, cause: str) -> None:
    assert cause_of(error) == cause
    assert not advice(cause, "").startswith("judge it")


def test_a_breaker_that_is_open_is_upstream_away() -> None:
    assert (
        cause_of(BreakerOpenError("left alone", retry_after=timedelta(seconds=3)))
        == "upstream-away"
    )


@pytest.mark.parametrize("kind", [BudgetSpentError, QuietHoursError])
def test_what_somebody_set_is_no_alarm(kind: type[BudgetSpentError | QuietHoursError]) -> None:
    assert cause_of(kind("later", retry_after=timedelta(seconds=3))) is None


def test_what_is_incomplete_has_its_own_alarms() -> None:
    assert (cause_of(IncompleteError("2 files")), cause_of(None)) == (None, None)
