"""Grace counts service only, and a clock that is in doubt is not believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mirror.upkeep.doubt import ClockWatch
from mirror.upkeep.grace import Memory

DAY = 86_400.0
GRACE = timedelta(days=3)
NOON = datetime(2026, 8, 24, 12, tzinfo=UTC)


def test_a_superseded_publication_is_in_grace_until_that_is_over() -> None:
    first = Memory().looked([1, 2], 0, GRACE)
    before = first.looked([1, 2], 2.9 * DAY, GRACE)
    after = first.looked([1, 2], 3 * DAY, GRACE)

    assert [set(one.in_grace) for one in (first, before, after)] == [{1}, {1}, set()]
    assert after == Memory(3 * DAY, settled=1)


def test_service_never_goes_back() -> None:
    memory = Memory(seconds=10).looked([1], 5, GRACE)

    assert memory.seconds == 10


LOOKS = st.lists(st.tuples(st.integers(0, 3), st.floats(0, 2 * DAY)), max_size=20)


@given(LOOKS)
def test_each_publication_is_in_grace_for_three_days_from_the_first_look(
    looks: list[tuple[int, float]],
) -> None:
    """However many come between looks; and what is remembered never grows with history."""
    memory, newest, seconds = Memory(), 1, 0.0
    since: dict[int, float] = {}
    for more, passed in looks:
        newest, seconds = newest + more, seconds + passed
        memory = memory.looked(range(1, newest + 1), seconds, GRACE)
        for sequence in range(1, newest):
            since.setdefault(sequence, seconds)

        assert memory.in_grace == {
            one for one, then in since.items() if seconds - then < GRACE.total_seconds()
        }
        assert newest not in memory.in_grace


class Clocks:
    """Two clocks that a test moves."""

    def __init__(self) -> None:
        self.now, self.count = NOON, 0.0

    def watch(self) -> ClockWatch:
        """Watch them."""
        return ClockWatch(lambda: self.now, lambda: self.count)

    def go(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)
        self.count += timedelta(**time).total_seconds()


def test_a_clock_that_goes_on_as_it_should_is_believed() -> None:
    clocks = Clocks()
    watch = clocks.watch()
    clocks.go(days=30)

    assert watch.doubt(NOON) is None


def test_a_jump_is_noticed_in_both_directions_and_forgiven_after_an_hour() -> None:
    clocks = Clocks()
    watch = clocks.watch()
    clocks.now += timedelta(days=1)
    forward = watch.doubt(None)
    clocks.go(hours=1)
    between = watch.doubt(None)
    clocks.now -= timedelta(minutes=6)
    back = watch.doubt(None)

    assert (forward, between, back) == (
        "the clock jumped less than an hour ago",
        None,
        "the clock jumped less than an hour ago",
    )


def test_a_clock_before_the_ledger_is_in_doubt_however_long() -> None:
    clocks = Clocks()
    watch = clocks.watch()
    clocks.go(days=1)

    assert watch.doubt(NOON + timedelta(days=2)) is not None
