"""The table of boards is complete, compact, ours in its words and true in its facts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tests.replica import facts
from tests.replica.facts import BoardFact, Photograph, all_boards, board_facts, some_boards
from tests.replica.real import SHARED, needs_shared


def test_there_are_225_boards_in_275_builds_that_are_still_made() -> None:
    builds = [part for fact in all_boards() for part in fact.sections if part.until is None]

    assert len(all_boards()) == 225
    assert len(builds) == 275


def test_the_ports_have_the_boards_they_have_upstream() -> None:
    ports = Counter(fact.port for fact in all_boards())

    assert ports == {
        "stm32": 76,
        "esp32": 45,
        "rp2": 38,
        "nrf": 23,
        "samd": 18,
        "mimxrt": 14,
        "renesas-ra": 7,
        "alif": 1,
        "cc3200": 1,
        "esp8266": 1,
        "psoc-edge": 1,
    }


def test_the_table_is_compact() -> None:
    table = Path(facts.__file__).with_name("boards.tsv")

    assert table.stat().st_size < 40_000


def test_two_boards_are_the_same_product() -> None:
    same = [fact.board for fact in all_boards() if fact.product == "ESP32 / WROOM"]

    assert same == ["ESP32_GENERIC", "SPARKFUN_IOT_REDBOARD_ESP32"]


def test_one_board_is_said_to_be_flashed_where_its_chip_does_not_look() -> None:
    offsets = {fact.board: fact.flash_offset for fact in all_boards() if fact.mcu == "esp32c5"}

    assert offsets == {
        "ESP32_GENERIC_C5": "0x2000",
        "SEEED_XIAO_ESP32C5": "0",
        "SPARKFUN_THINGPLUS_ESP32C5": "0x2000",
    }


def test_photographs_have_the_oddities_of_upstream() -> None:
    known = board_facts()
    missing = [fact for fact in all_boards() for picture in fact.photographs if picture.missing]

    assert known["LILYGO_T3_S3"].photographs == ()
    assert known["GARATRONIC_PYBSTICK26_ESP32C3"].photographs[0].thumbnail is None
    assert Photograph("a.b.jpg").thumbnail == "a.b.thumb.jpg"
    assert len(missing) == 7


def test_a_small_replica_has_every_port() -> None:
    ports = {fact.port for fact in some_boards(20)}

    assert ports == {fact.port for fact in all_boards()}


def test_a_variant_that_was_given_up_says_so() -> None:
    section = board_facts()["ESP32_GENERIC_S3"].section("FLASH_4M")

    assert section.until == "v1.25.0"
    assert section.note == "Use the standard variant instead."


@needs_shared
def test_ids_ports_mcus_vendors_features_and_offsets_are_upstreams() -> None:
    real = json.loads((SHARED / "boards.json").read_text())
    wanted = {
        (
            row["id"],
            row["port"],
            row["mcu"],
            row["vendor"],
            tuple(row["features"]),
            row["flash_offset"] or "",
            frozenset(row["variants"]) | frozenset(row["old_variants"]),
        )
        for row in real
    }

    assert wanted == {_facts(fact) for fact in all_boards()}


def _facts(fact: BoardFact) -> tuple[object, ...]:
    variants = frozenset(part.variant for part in fact.sections if part.variant is not None)
    return (
        fact.board,
        fact.port,
        fact.mcu,
        fact.vendor,
        fact.features,
        fact.flash_offset,
        variants,
    )
