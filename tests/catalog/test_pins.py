"""A wish fits the files of one version of one build, and its pin never changes a digest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.catalog.names import ArtifactName
from mirror.catalog.pins import Pin, Wish, parse_wish, present_wishes, wish_for
from mirror.catalog.plan import Policy, Reason, plan, rule_on
from mirror.catalog.policy import FLASHABLE
from mirror.catalog.values import Digest
from mirror.errors import MalformedValueError, RefusedError, UnrecognisedNameError
from tests.catalog.pins import NAME, pin_of, pins, wishes
from tests.catalog.test_plan import RELEASES, board_of, catalog_of

ONE, OTHER = Digest.of(b"one"), Digest.of(b"other")


def resolved(wish: Wish, *names: str, held: tuple[str, ...] = ()) -> list[str]:
    """Return what of a page that lists *names* is wished for."""
    return [str(listing.name) for listing in wish.resolve(board_of(*names), held)]


def test_board_and_version_are_the_default_build_in_the_kinds_that_are_said() -> None:
    names = (
        "B-20260406-v1.28.0.uf2",
        "B-20260406-v1.28.0.bin",
        "B-20260406-v1.28.0.elf",
        "B-OTA-20260406-v1.28.0.uf2",
        RELEASES[1],
    )
    wish = parse_wish("B", "v1.28.0", FLASHABLE)

    assert resolved(wish, *names) == [*names[:2]]
    assert resolved(parse_wish("B-OTA", "v1.28.0", FLASHABLE), *names) == [names[3]]
    assert resolved(parse_wish("B", "v1.28.0", (Kind.ELF,)), *names) == [names[2]]


def test_a_name_is_that_file_and_no_other() -> None:
    wish = parse_wish(RELEASES[1], None, FLASHABLE)

    assert (wish.board, wish.variant, wish.kinds) == ("B", None, (Kind.UF2,))
    assert resolved(wish, *RELEASES) == [RELEASES[1]]


def test_the_build_that_is_listed_first_stands_for_its_version() -> None:
    """On 2025-12-14 a wrong v1.27.0 stood below the right one; it counts only when it is held."""
    right, wrong = "B-20251209-v1.27.0.uf2", "B-20251212-v1.27.0.uf2"
    wish = parse_wish("B", "v1.27.0", FLASHABLE)

    assert resolved(wish, right, wrong) == [right]
    assert resolved(wish, right, wrong, held=(wrong,)) == [right, wrong]


def test_a_daily_build_with_the_version_of_a_release_is_not_the_release() -> None:
    daily, release = "B-20210902-unstable-v1.17.uf2", "B-20210902-v1.17.uf2"

    assert resolved(parse_wish("B", "v1.17", FLASHABLE), daily, release) == [release]
    assert resolved(parse_wish(daily, None, FLASHABLE), daily, release) == [daily]


def test_an_old_id_is_known_by_its_present_one() -> None:
    wish = parse_wish("rp2-pico-w", "v1.19.1", FLASHABLE)
    old = wish_for(ArtifactName.parse("GENERIC-20220618-v1.19.1.bin"), "ESP32_GENERIC", "esp32")

    assert wish.board == "RPI_PICO_W"
    assert (old.board, old.variant) == ("ESP32_GENERIC", None)
    first, *others = present_wishes(parse_wish("GENERIC", "v1.19.1", FLASHABLE))
    assert first.board == "GENERIC"
    assert "ESP32_GENERIC" in {wish.board for wish in others}


@pytest.mark.parametrize(
    ("what", "version"),
    [("../etc", "v1.27.0"), ("", "v1.27.0"), ("B", "1.27"), ("B", "latest"), ("B", None)],
)
def test_what_can_be_no_wish_is_refused(what: str, version: str | None) -> None:
    with pytest.raises(RefusedError):
        parse_wish(what, version, FLASHABLE)


@given(wishes)
def test_the_order_in_which_kinds_are_said_is_no_other_wish(wish: Wish) -> None:
    assert replace(wish, kinds=tuple(reversed(wish.kinds))).id == wish.id


def test_wishes_that_differ_have_ids_that_differ() -> None:
    texts = [("B", "v1.27.0"), ("B-OTA", "v1.27.0"), ("B", "v1.27.1"), (RELEASES[1], None)]
    ids = {parse_wish(*text, kinds).id for text in texts for kinds in ((Kind.UF2,), (Kind.BIN,))}

    # The kinds of a name are its own.
    assert len(ids) == 7


def test_a_pin_under_another_id_is_refused() -> None:
    with pytest.raises(MalformedValueError, match=r"the pin of .* is "):
        replace(pin_of(), id="0" * 12)


@pytest.mark.parametrize(
    "change",
    [
        {"why": ""},
        {"why": "a\nb"},
        {"why": "x" * 501},
        {"by": "\udcff"},
        {"time": pin_of().time.replace(tzinfo=None)},
    ],
    ids=str,
)
def test_a_pin_without_a_plain_reason_or_a_zone_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(MalformedValueError):
        replace(pin_of(), **change)  # type: ignore[arg-type]


def test_a_pin_of_what_is_no_file_name_is_refused() -> None:
    with pytest.raises(UnrecognisedNameError):
        replace(pin_of(), names={"../../etc/passwd": None})


@given(pins(), st.dictionaries(st.sampled_from([NAME, *RELEASES]), st.just(OTHER)))
def test_a_digest_that_is_pinned_never_becomes_another(
    pin: Pin, digests: dict[str, Digest]
) -> None:
    """Whatever joins and whatever comes: only what was open is settled."""
    pin = replace(pin, names={**pin.names, NAME: ONE})
    after = pin.joined_by(digests).settled(digests)

    assert after.names[NAME] == ONE
    assert pin.digests <= after.digests
    assert set(after.names) == {*pin.names, *digests}


def test_what_is_pinned_is_wanted_whatever_the_policy_says() -> None:
    """Also of a board that no pattern fits; and nothing else becomes wanted by it."""
    board = board_of(*RELEASES)
    pinned = {RELEASES[2]: "0123456789ab"}
    nothing = Policy(boards=())
    found = plan(catalog_of(board), frozenset(), nothing, pinned)

    assert [str(listing.name) for listing in found.fetch] == [RELEASES[2]]
    assert [
        (ruling.reason, str(ruling.rule)) for ruling in rule_on(board, frozenset(), nothing, pinned)
    ][2] == (Reason.PINNED, "pin = 0123456789ab")
