"""What a policy will cost is estimated from what upstream had in August 2026."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mirror.catalog.kinds import Kind
from mirror.config.settings import PolicySettings
from mirror.first_setup.boards import find_board, known_boards, unknown_patterns
from mirror.first_setup.estimate import Estimate, estimate
from tests.replica.facts import all_boards

DEFAULT = PolicySettings()


def test_the_default_policy_is_a_few_gigabytes() -> None:
    """225 boards, about 280 builds of one to three files, four versions of each."""
    costs = estimate(DEFAULT)

    assert costs.boards == 225
    assert 1_500 < costs.files < 3_000
    assert 1_500_000_000 < costs.size < 4_000_000_000


def test_a_board_is_its_variants_and_versions() -> None:
    """RPI_PICO has one build of one kind: three releases and a preview are four files."""
    costs = estimate(replace(DEFAULT, boards=("RPI_PICO",)))

    assert costs == Estimate(boards=1, files=4, size=2_600_000, requests=284)


def test_a_policy_of_nothing_fetches_pages_only() -> None:
    """No version, no kind, or no board that fits."""
    nothing = [
        replace(DEFAULT, releases=0, previews=0),
        replace(DEFAULT, kinds=(Kind.MAP,)),
        replace(DEFAULT, boards=("NONE",)),
        replace(DEFAULT, ports=("unix",)),
    ]

    assert [estimate(policy).files for policy in nothing] == [0, 0, 0, 0]


def test_everything_has_an_end() -> None:
    """All is counted as upstream keeps it."""
    everything = estimate(replace(DEFAULT, releases=None, previews=None))

    assert everything.files == 4 * estimate(DEFAULT).files


def test_the_time_is_that_of_the_requests() -> None:
    """Without a rate, nothing can be said."""
    costs = Estimate(boards=1, files=20, size=0, requests=300)

    assert costs.duration(2) == timedelta(seconds=150)
    assert costs.duration(0) == timedelta()


def test_a_slip_of_the_pen_is_noticed() -> None:
    """Patterns that fit no board are named."""
    assert unknown_patterns(["RPI_PICO*", "RPI_PCIO", "*"]) == ["RPI_PCIO"]


def test_the_boards_are_those_that_the_replica_plays() -> None:
    """Two tables of the same facts: ids, ports and MCUs are equal."""
    played = sorted((board.board, board.port, board.mcu) for board in all_boards())

    assert sorted((known.board, known.port, known.mcu) for known in known_boards()) == played


def test_a_board_is_found_by_its_id() -> None:
    """A newer one is not."""
    found = find_board("RPI_PICO_W")

    assert found is not None
    assert (found.port, found.mcu, found.radio) == ("rp2", "rp2040", True)
    assert find_board("BRAND_NEW") is None
