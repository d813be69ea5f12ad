"""What was held once stays held as long as a rule keeps it, and a larger rule keeps more."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.keeping import keeps, still_held
from mirror.catalog.kinds import Maturity
from mirror.catalog.names import ArtifactName
from mirror.catalog.plan import NO_PINS, Newest, Pinned, Policy, rule_on
from mirror.catalog.policy import Keep, Reason, Within
from tests.catalog.strategies import version_texts
from tests.catalog.test_plan import PREVIEWS, RELEASES, board_of

if TYPE_CHECKING:
    from random import Random

_days = st.dates(date(2000, 1, 1), date(2099, 12, 31)).map("{:%Y%m%d}".format)
names = st.lists(
    st.builds(
        "B{}-{}-{}.{}".format,
        st.sampled_from(["", "-OTA"]),
        _days,
        version_texts,
        st.sampled_from(["uf2", "bin"]),
    ).map(ArtifactName.parse),
    unique=True,
    max_size=12,
)
counts = st.integers(min_value=1, max_value=5)
spans = st.integers(min_value=0, max_value=20_000)
rules: st.SearchStrategy[Keep] = counts.map(Newest) | spans.map(Within) | st.just(Newest(None))


def parsed(*texts: str) -> list[ArtifactName]:
    """Return these names as values."""
    return [ArtifactName.parse(text) for text in texts]


def kept(
    held: list[ArtifactName], releases: Keep, previews: Keep, pinned: Pinned = NO_PINS
) -> set[str]:
    """Return what of *held* stays, when the policy wants nothing of it."""
    policy = Policy(keep_releases=releases, keep_previews=previews)
    return {str(one.name) for one in keeps(held, policy, pinned=pinned) if one.kept}


def newest(held: list[ArtifactName]) -> set[str]:
    """Return the artifacts of the newest version of each variant and maturity."""
    return {
        str(one)
        for one in held
        if not any(
            (other.variant, other.maturity) == (one.variant, one.maturity)
            and other.version > one.version
            and not other.version.same_rank(one.version)
            for other in held
        )
    }


def test_by_default_no_release_goes_and_ten_previews_stay() -> None:
    previews = [f"B-202608{day:02}-v1.29.0-preview.{day}.g5f2181f938.uf2" for day in range(1, 15)]
    judged = keeps(parsed(*RELEASES, *previews), Policy(boards=()))

    assert {str(one.name) for one in judged if not one.kept} == set(previews[:4])
    assert {str(one.rule) for one in judged if not one.kept} == {"policy.keep_previews = 10"}


def test_each_artifact_has_the_reason_and_the_rule_that_decided() -> None:
    """A pin outranks the policy, and the policy what is kept once held."""
    policy = Policy(releases=1, keep_releases=Newest(3))
    board = board_of(*RELEASES[:2])
    pinned = {RELEASES[3]: "0123456789ab"}
    judged = keeps(
        parsed(*RELEASES),
        policy,
        port="rp2",
        rulings=rule_on(board, frozenset(), policy),
        pinned=pinned,
    )

    assert [(str(one.name), one.reason, str(one.rule)) for one in reversed(judged)] == [
        (RELEASES[0], Reason.NEWEST, "policy.releases = 1"),
        (RELEASES[1], Reason.KEPT, "policy.keep_releases = 3"),
        (RELEASES[2], Reason.KEPT, "policy.keep_releases = 3"),
        (RELEASES[3], Reason.PINNED, "pin = 0123456789ab"),
    ]


def test_days_count_back_from_the_newest_that_is_held() -> None:
    """So a variant that is no longer built keeps its last ones for ever."""
    held = parsed(*PREVIEWS)

    assert kept(held, Newest(None), Within(5)) == set(PREVIEWS)
    assert kept(held, Newest(None), Within(4)) == {PREVIEWS[0]}


def test_all_files_of_a_kept_version_are_kept_and_count_once() -> None:
    version = ["B-20260406-v1.28.0.uf2", "B-20260406-v1.28.0.bin", "B-20260410-v1.28.0.uf2"]

    assert kept(parsed(*version, RELEASES[1]), Newest(1), Newest(1)) == set(version)


def test_a_setting_of_nothing_keeps_nothing_but_what_is_pinned() -> None:
    pinned = {PREVIEWS[1]: "0123456789ab"}

    assert kept(parsed(*PREVIEWS), Newest(None), Newest(0), pinned) == {PREVIEWS[1]}


def test_what_is_wanted_is_still_held_whatever_is_kept() -> None:
    policy = Policy(keep_previews=Newest(0))

    assert still_held(PREVIEWS, policy, "rp2", {PREVIEWS[1]}) == {PREVIEWS[1]}


@given(names, counts, counts)
def test_a_larger_depth_keeps_all_that_a_smaller_one_keeps(
    held: list[ArtifactName], some: int, more: int
) -> None:
    few, many = sorted((some, more))

    assert kept(held, Newest(few), Newest(few)) <= kept(held, Newest(many), Newest(many))
    assert kept(held, Newest(None), Newest(None)) == {str(name) for name in held}


@given(names, spans, spans)
def test_more_days_keep_all_that_fewer_keep(held: list[ArtifactName], some: int, more: int) -> None:
    few, many = sorted((some, more))

    assert kept(held, Within(few), Within(few)) <= kept(held, Within(many), Within(many))


@given(names, rules, rules, st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_held_decides_nothing(
    held: list[ArtifactName], releases: Keep, previews: Keep, random: Random
) -> None:
    shuffled = list(held)
    random.shuffle(shuffled)
    policy = Policy(keep_releases=releases, keep_previews=previews)

    assert keeps(shuffled, policy) == keeps(held, policy)


@given(names, rules, rules)
def test_the_newest_version_of_every_variant_is_kept(
    held: list[ArtifactName], releases: Keep, previews: Keep
) -> None:
    assert newest(held) <= kept(held, releases, previews)


@given(names, rules, rules, st.data())
def test_what_is_pinned_is_kept_and_changes_nothing_else(
    held: list[ArtifactName], releases: Keep, previews: Keep, data: st.DataObject
) -> None:
    chosen = data.draw(st.sets(st.sampled_from([str(name) for name in held]))) if held else set()
    pinned = dict.fromkeys(chosen, "0123456789ab")

    assert kept(held, releases, previews, pinned) == kept(held, releases, previews) | chosen


@given(names, rules, rules)
def test_letting_go_what_is_not_kept_lets_nothing_else_go(
    held: list[ArtifactName], releases: Keep, previews: Keep
) -> None:
    """What was let go is gone, and the same rules keep what is left."""
    left = kept(held, releases, previews)

    assert kept(parsed(*left), releases, previews) == left


@pytest.mark.parametrize(
    ("keep", "maturity", "rule"),
    [
        (Newest(None), Maturity.RELEASE, "policy.keep_releases = all"),
        (Newest(4), Maturity.PREVIEW, "policy.keep_previews = 4"),
        (Within(90), Maturity.PREVIEW, "policy.keep_previews = 90d"),
    ],
)
def test_a_rule_is_written_as_in_the_settings(keep: Keep, maturity: Maturity, rule: str) -> None:
    policy = Policy(keep_releases=keep, keep_previews=keep)

    assert str(policy.keep(maturity)[1]) == rule
