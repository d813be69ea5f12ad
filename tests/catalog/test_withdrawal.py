"""When a file is withdrawn: never by one look, never by a bad page, never by a bad clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.withdrawal import Absence, Findings, Known, Sight, find_withdrawn

DAY = timedelta(days=1)
MONDAY = datetime(2026, 4, 6, 6, 0, tzinfo=UTC)
NOTHING = Findings()
MISSED = Sight(listed=(), remembered=(), read=("B",))
SEEN = Sight(listed=("a",), remembered=(), read=("B",))
FRESH = Known("a", "B")
PENDING = Known("a", "B", Absence(MONDAY))
WITHDRAWN = Known("a", "B", Absence(MONDAY, MONDAY + DAY))

NAMES = st.sampled_from("abcdef")
BOARDS = st.sampled_from("BCD")
SIGHTS = st.builds(
    Sight, listed=st.frozensets(NAMES), remembered=st.frozensets(NAMES), read=st.frozensets(BOARDS)
)
TIMES = st.timedeltas(timedelta(0), timedelta(days=9)).map(lambda passed: MONDAY + passed)
ABSENCES = st.none() | TIMES.map(Absence) | st.builds(Absence, TIMES, TIMES)
KNOWN = st.lists(st.builds(Known, NAMES, BOARDS, ABSENCES), unique_by=lambda one: one.name)


def names(found: tuple[Known, ...]) -> set[str]:
    """Return the names of what was found."""
    return {one.name for one in found}


def test_the_first_crawl_that_misses_a_file_only_notes_it() -> None:
    assert find_withdrawn([FRESH], MISSED, MONDAY, DAY) == Findings(missed=(FRESH,))


@pytest.mark.parametrize("hours", [0, 6, 23])
def test_a_second_crawl_too_early_changes_nothing(hours: int) -> None:
    found = find_withdrawn([PENDING], MISSED, MONDAY + timedelta(hours=hours), DAY)

    assert found == NOTHING


def test_a_second_crawl_after_the_set_time_withdraws() -> None:
    assert find_withdrawn([PENDING], MISSED, MONDAY + DAY, DAY) == Findings(withdrawn=(PENDING,))


def test_what_is_seen_in_between_is_cleared() -> None:
    assert find_withdrawn([PENDING], SEEN, MONDAY + DAY, DAY) == Findings(cleared=(PENDING,))


def test_what_was_withdrawn_and_is_listed_again_returns() -> None:
    assert find_withdrawn([WITHDRAWN], SEEN, MONDAY, DAY) == Findings(returned=(WITHDRAWN,))


def test_a_doubtful_clock_withdraws_nothing_and_begins_nothing() -> None:
    """What was missed so far is counted anew once the clock can be believed."""
    found = find_withdrawn([FRESH, PENDING], MISSED, None, DAY)

    assert found == Findings(cleared=(PENDING,))


@given(KNOWN, SIGHTS, TIMES)
def test_one_look_never_withdraws(known: list[Known], sight: Sight, now: datetime) -> None:
    """Whatever a crawl shows, only what an earlier one missed too is withdrawn."""
    found = find_withdrawn(known, sight, now, DAY)

    assert all(
        one.absence is not None and now - one.absence.since >= DAY for one in found.withdrawn
    )


@given(KNOWN, SIGHTS, TIMES)
def test_a_page_that_was_not_read_tells_nothing_of_what_is_missing(
    known: list[Known], sight: Sight, now: datetime
) -> None:
    """Neither for its own files nor for those that its last good page lists."""
    found = find_withdrawn(known, sight, now, DAY)

    assert all(one.board in sight.read for one in (*found.missed, *found.withdrawn))
    assert not any(one.name in sight.remembered for one in (*found.missed, *found.withdrawn))


@given(KNOWN, SIGHTS, TIMES)
def test_what_is_listed_is_never_missed_and_each_file_has_one_ruling(
    known: list[Known], sight: Sight, now: datetime
) -> None:
    found = find_withdrawn(known, sight, now, DAY)
    ruled = found.missed + found.cleared + found.withdrawn + found.returned

    assert not any(one.name in sight.listed for one in (*found.missed, *found.withdrawn))
    assert all(one.name in sight.listed for one in (*found.cleared, *found.returned))
    assert len(names(ruled)) == len(ruled)


@given(KNOWN, SIGHTS)
def test_no_clock_no_loss(known: list[Known], sight: Sight) -> None:
    found = find_withdrawn(known, sight, None, DAY)

    assert (found.missed, found.withdrawn) == ((), ())
    assert all(one.absence and not one.absence.withdrawn for one in found.cleared)


def story(looks: list[tuple[int, str]]) -> list[tuple[datetime, str]]:
    """Return when each crawl was, and what it made of the one file: the last word counts."""
    now, absence, told = MONDAY, None, []
    for hours, saw in looks:
        now += timedelta(hours=hours)
        found = find_withdrawn([Known("a", "B", absence)], LOOKS[saw], now, DAY)
        absence = Absence(now) if found.missed else absence
        absence = None if found.cleared or found.returned else absence
        absence = Absence(absence.since, now) if absence and found.withdrawn else absence
        told.append((now, "withdrawn" if absence and absence.withdrawn else saw))
    return told


LOOKS = {
    "missed": MISSED,
    "seen": SEEN,
    "bad page": Sight(listed=(), remembered=("a",), read=()),
    "no page": Sight(listed=(), remembered=(), read=()),
}


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(sorted(LOOKS))), max_size=12))
def test_every_withdrawal_has_two_crawls_apart_that_missed_it_and_none_between_that_saw_it(
    looks: list[tuple[int, str]],
) -> None:
    """The law, whatever happens in between; and what is seen last is not withdrawn."""
    told = story(looks)
    words = [saw for _, saw in looks]
    first = next((place for place, (_, word) in enumerate(told) if word == "withdrawn"), None)
    since = max((place for place in range(first or 0) if words[place] == "seen"), default=-1) + 1
    missed = [told[place][0] for place in range(since, first or 0) if words[place] == "missed"]

    assert first is None or words[first] == "missed"
    assert first is None or told[first][0] - missed[0] >= DAY
    assert not words or words[-1] != "seen" or told[-1][1] == "seen"
