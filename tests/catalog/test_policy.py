"""A policy chooses boards and depths, one override at most speaks for a board, and all is told."""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.catalog.model import BoardFacts, CatalogBoard, Listing
from mirror.catalog.names import ArtifactName
from mirror.catalog.plan import Ruling, plan, rule_on
from mirror.catalog.policy import Newest, Override, Policy, Reason, Rule
from mirror.catalog.versions import Version
from tests.catalog.test_plan import (
    HELD_NOTHING,
    PREVIEWS,
    RELEASES,
    board_of,
    catalog_of,
    fetched,
    wanted,
)

PICO_W = BoardFacts("RPI_PICO_W", "page", "Pico W", "Raspberry Pi", port="rp2", mcu="rp2040")


def told(rulings: tuple[Ruling, ...]) -> dict[str, str]:
    """Return reason and rule of each name."""
    return {str(one.listing.name): f"{one.reason}: {one.rule}" for one in rulings}


def wanted_of(policy: Policy) -> list[str]:
    """Return what *policy* wants of one board with four releases and two previews."""
    return wanted(plan(catalog_of(board_of(*RELEASES, *PREVIEWS)), HELD_NOTHING, policy))


@pytest.mark.parametrize(
    ("policy", "refusal"),
    [
        (Policy(vendors=("Raspberry*",), mcus=("rp2?40",), ports=("rp2",)), None),
        (Policy(boards=("ESP*", "PYB*")), (Reason.BOARD, Rule("policy.boards", "ESP*, PYB*"))),
        (Policy(boards=()), (Reason.BOARD, Rule("policy.boards", "nothing"))),
        (Policy(ports=("esp*",)), (Reason.PORT, Rule("policy.ports", "esp*"))),
        (Policy(vendors=("raspberry*",)), (Reason.VENDOR, Rule("policy.vendors", "raspberry*"))),
        (Policy(mcus=("rp2350",)), (Reason.MCU, Rule("policy.mcus", "rp2350"))),
        # The first that refuses is the one that is named.
        (Policy(mcus=("x",), vendors=("y",)), (Reason.VENDOR, Rule("policy.vendors", "y"))),
    ],
)
def test_a_board_must_fit_every_selection(
    policy: Policy, refusal: tuple[Reason, Rule] | None
) -> None:
    assert policy.refusal(PICO_W) == refusal


def test_what_no_page_tells_fits_only_the_star() -> None:
    nameless = BoardFacts("B", "page", "B")

    assert Policy(ports=("*",), vendors=("*",), mcus=("*",)).refusal(nameless) is None
    assert Policy(vendors=("?*",)).refusal(nameless) is not None
    assert Policy(mcus=("?*",)).refusal(nameless) is not None


@pytest.mark.parametrize(
    ("board", "pattern"),
    [
        ("RPI_PICO", "RPI_PICO"),
        ("RPI_PICO2", "RPI_PICO*"),
        ("RPI_PICO_W", "RPI_PICO_?"),
        ("RPI_PICO_WX", "RPI_PICO*"),
        ("RPI_KIT", "RPI_*"),
        ("AB", "?B"),
        ("PYBV11", None),
    ],
)
def test_the_most_specific_override_is_in_force_whatever_their_order(
    board: str, pattern: str | None
) -> None:
    """A plain id, then most letters, then the order of ASCII (``?B`` before ``A*``)."""
    patterns = ["RPI_*", "RPI_PICO*", "RPI_PICO_?", "RPI_PICO", "?B", "A*", "[A]B", "X*"]
    found = []
    for seed in range(10):
        random.Random(seed).shuffle(patterns)  # noqa: S311 - an order, not a secret
        overrides = tuple(Override(pattern=one) for one in patterns)
        found.append(Policy(overrides=overrides).terms(board).override)

    assert {one.pattern if one else None for one in found} == {pattern}


def test_an_override_says_some_and_leaves_the_rest() -> None:
    """Also when it says "all", or nothing."""
    override = Override(pattern="B", releases=Newest(None), kinds=())
    terms = Policy(previews=4, since=date(2026, 1, 1), overrides=(override,)).terms("B")

    assert (terms.releases, terms.kinds) == (None, ())
    assert (terms.previews, terms.since) == (4, date(2026, 1, 1))


def test_an_override_changes_depths_of_its_boards_only() -> None:
    other = board_of("C-20260406-v1.28.0.uf2", "C-20251209-v1.27.0.uf2", board="C")
    policy = Policy(releases=1, previews=0, overrides=(Override(pattern="B*", releases=Newest(2)),))
    found = plan(catalog_of(board_of(*RELEASES, *PREVIEWS), other), HELD_NOTHING, policy)

    assert sorted(wanted(found)) == sorted([*RELEASES[:2], "C-20260406-v1.28.0.uf2"])


def test_an_override_makes_no_board_wanted() -> None:
    policy = Policy(boards=("C",), overrides=(Override(pattern="B", releases=Newest(5)),))

    assert wanted_of(policy) == []


@pytest.mark.parametrize(
    ("since", "names"),
    [
        (Version.parse("v1.26.1"), [*RELEASES[:3], *PREVIEWS]),
        (Version.parse("v1.27"), [*RELEASES[:2], *PREVIEWS]),
        (Version.parse("v1.29.0-preview.678.g5f2181f938"), PREVIEWS[:1]),
        (Version.parse("v1.29.0"), []),
        (date(2025, 12, 9), [*RELEASES[:2], *PREVIEWS]),
        (date(2025, 12, 10), [*RELEASES[:1], *PREVIEWS]),
        (date(2026, 8, 3), PREVIEWS[:1]),
    ],
)
def test_nothing_from_before_since_is_wanted(since: Version | date, names: list[str]) -> None:
    """The version or day itself is; previews of a release come before it."""
    assert wanted_of(Policy(releases=None, previews=None, since=since)) == names


def test_since_narrows_the_depths_and_fills_none_of_them() -> None:
    assert wanted_of(Policy(releases=2, since=Version.parse("v1.25.0"))) == [
        *RELEASES[:2],
        PREVIEWS[0],
    ]
    assert wanted_of(Policy(releases=3, previews=0, since=date(2026, 4, 1))) == RELEASES[:1]


def test_a_date_between_two_builds_of_a_version_does_not_choose_the_wrong_one() -> None:
    """The build that is listed first stands for its version (`upstream.md` U8)."""
    right, wrong = "B-20251209-v1.27.0.uf2", "B-20251212-v1.27.0.uf2"
    policy = Policy(since=date(2025, 12, 10))

    assert wanted(plan(catalog_of(board_of(right, wrong)), HELD_NOTHING, policy)) == []


def test_every_listing_is_told_its_rule() -> None:
    second, debug = "B-20260410-v1.28.0.uf2", "B-20260406-v1.28.0.elf"
    held = "B-20260411-v1.28.0.uf2"
    old = "B-20200902-v1.13.uf2"
    board = board_of(*RELEASES[:2], second, debug, held, *PREVIEWS, old)
    policy = Policy(
        since=Version.parse("v1.20"),
        overrides=(Override(pattern="B*", releases=Newest(1), kinds=(Kind.UF2, Kind.BIN)),),
    )

    assert told(rule_on(board, {held}, policy)) == {
        RELEASES[0]: 'newest: policy.override."B*".releases = 1',
        RELEASES[1]: 'older: policy.override."B*".releases = 1',
        second: 'repeated: policy.override."B*".releases = 1',
        debug: 'kind: policy.override."B*".kinds = uf2, bin',
        held: 'held: policy.override."B*".releases = 1',
        PREVIEWS[0]: "newest: policy.previews = 1",
        PREVIEWS[1]: "older: policy.previews = 1",
        old: "since: policy.since = v1.20",
    }


def test_no_limit_is_told_as_all() -> None:
    board = board_of(RELEASES[0])

    assert told(rule_on(board, HELD_NOTHING, Policy(releases=None))) == {
        RELEASES[0]: "newest: policy.releases = all"
    }


def test_a_board_that_is_left_has_the_same_rule_for_all_its_listings() -> None:
    rulings = rule_on(board_of(*RELEASES), set(RELEASES), Policy(ports=("esp32",)))

    assert set(told(rulings).values()) == {"port: policy.ports = esp32"}
    assert [ruling.wanted for ruling in rulings] == [False] * 4


def test_every_reason_has_words() -> None:
    assert all(reason.words for reason in Reason)


_texts = st.sampled_from(["B", "RPI_PICO", "rp2", "", "x"])
_patterns = st.lists(st.sampled_from(["*", "?*", "B", "R*", "rp2", "[xB]"]), max_size=2).map(tuple)
_depths = st.none() | st.integers(0, 3)
_newest = st.none() | st.builds(Newest, _depths)
_since = st.none() | st.dates() | st.sampled_from(["v1.20", "v1.27.0"]).map(Version.parse)
_overrides = st.builds(
    Override,
    pattern=st.sampled_from(["*", "B", "R*", "?", "RPI_*"]),
    kinds=st.none() | st.just((Kind.UF2,)),
    releases=_newest,
    previews=_newest,
    since=_since,
)
_policies = st.builds(
    Policy,
    boards=_patterns,
    ports=_patterns,
    vendors=_patterns,
    mcus=_patterns,
    releases=_depths,
    previews=_depths,
    since=_since,
    overrides=st.lists(_overrides, max_size=3, unique_by=lambda one: one.pattern).map(tuple),
)
_facts = st.builds(
    BoardFacts, _texts, st.just("p"), st.just("P"), _texts, port=st.none() | _texts, mcu=_texts
)
_NAMES = [*RELEASES, *PREVIEWS, "B-20260406-v1.28.0.elf", "B-20260407-v1.28.0.uf2"]


@given(_policies, _facts, st.sets(st.sampled_from(_NAMES)))
def test_the_plan_is_what_the_rulings_come_to(
    policy: Policy, facts: BoardFacts, held: set[str]
) -> None:
    """One ruling for each listing, and a board is ranked exactly when it is not refused."""
    listings = tuple(
        Listing(ArtifactName.parse(name), "https://micropython.org/", facts.board, place)
        for place, name in enumerate(_NAMES)
    )
    board = CatalogBoard(facts, listings)
    rulings = rule_on(board, held, policy)
    found = plan(catalog_of(board), held, policy)
    names = {str(ruling.listing.name) for ruling in rulings if ruling.wanted}

    assert [ruling.listing for ruling in rulings] == list(listings)
    assert set(wanted(found)) == names
    assert set(fetched(found)) == names - held
    assert (policy.rank(board) is None) == (policy.refusal(facts) is not None)


@given(_policies, _facts)
def test_the_order_of_overrides_decides_nothing(policy: Policy, facts: BoardFacts) -> None:
    turned = Policy(overrides=policy.overrides[::-1])

    assert (
        turned.terms(facts.board).override
        == Policy(overrides=policy.overrides).terms(facts.board).override
    )
