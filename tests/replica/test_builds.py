"""Builds are named, ordered and rotated as upstream does it."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.catalog.names import ArtifactName
from tests.replica.builds import (
    KEPT_PREVIEWS,
    Build,
    in_page_order,
    kinds_of,
    listed_kinds,
    new_build,
    rotated,
)
from tests.replica.facts import all_boards, board_facts
from tests.replica.history import ALL, Depth, depth_for, past_of
from tests.replica.real import SHARED, needs_shared
from tests.replica.replica import Replica
from tests.replica.unhurried import unhurried

PICO = board_facts()["RPI_PICO"]
ESP32 = board_facts()["ESP32_GENERIC"]
_DAYS = st.dates(dt.date(2025, 1, 1), dt.date(2025, 2, 1)).map(str)
_VERSIONS = st.one_of(
    st.sampled_from(["v1.27.0", "v1.28.0", "v1.28.0-preview"]),
    st.builds(
        "v1.28.0-preview.{}.g{}".format,
        st.integers(1, 120),
        st.sampled_from("abc").map(lambda digit: digit * 9),
    ),
)
_SECTIONS = st.lists(
    st.builds(new_build, st.just(PICO), st.none(), _VERSIONS, _DAYS, st.none()),
    unique=True,
    max_size=20,
)


@pytest.mark.parametrize(
    ("version", "date", "name"),
    [
        ("v1.28.0", "2026-04-06", "RPI_PICO-20260406-v1.28.0.uf2"),
        (
            "v1.29.0-preview.678.g5f2181f938",
            "2026-08-07",
            "RPI_PICO-20260807-v1.29.0-preview.678.g5f2181f938.uf2",
        ),
        (
            "v1.19.1-113-g9af6a275d",
            "2022-07-08",
            "RPI_PICO-20220708-unstable-v1.19.1-113-g9af6a275d.uf2",
        ),
    ],
)
def test_names_are_upstreams(version: str, date: str, name: str) -> None:
    assert new_build(PICO, None, version, date, None).name(Kind.UF2) == name


def test_every_name_of_the_whole_past_is_read_as_what_it_is() -> None:
    builds = [build for fact in all_boards() for build in past_of(fact, ALL)]
    read = [ArtifactName.parse(build.name(build.kinds[0])) for build in builds]

    assert [(name.board, name.variant, str(name.version), name.date) for name in read] == [
        (build.board, build.variant, build.version, build.date) for build in builds
    ]


def test_a_daily_build_of_the_old_scheme_is_no_release() -> None:
    assert not new_build(PICO, None, "v1.19.1-113-g9af6a275d", "2022-07-08", None).finished


def test_app_bin_came_with_v1_21() -> None:
    assert Kind.APP_BIN not in kinds_of(ESP32, "v1.20.0")
    assert Kind.APP_BIN in kinds_of(ESP32, "v1.21.0")


@pytest.mark.parametrize(
    ("board", "version", "kind"),
    [
        ("ESP32_GENERIC", "v1.28.0", Kind.BIN),
        ("ESP32_GENERIC_S3", "v1.28.0", Kind.UF2),
        ("ESP8266_GENERIC", "v1.28.0", Kind.BIN),
        ("RPI_PICO2_W", "v1.28.0", Kind.UF2),
        ("PYBV11", "v1.28.0", Kind.DFU),
        ("NUCLEO_G0B1RE", "v1.28.0", Kind.HEX),
        ("SEEED_XIAO_NRF52", "v1.28.0", Kind.UF2),
        ("TEENSY41", "v1.21.0", Kind.HEX),
        ("TEENSY41", "v1.28.0", Kind.UF2),
        ("EK_RA6M2", "v1.28.0", Kind.HEX),
        ("WIPY", "v1.28.0", Kind.ZIP),
        ("ALIF_ENSEMBLE", "v1.28.0", Kind.ZIP),
        ("KIT_PSE84_AI", "v1.28.0", Kind.ZIP),
    ],
)
def test_what_is_linked_first_depends_on_port_and_age(board: str, version: str, kind: Kind) -> None:
    assert kinds_of(board_facts()[board], version)[0] == kind


def test_elf_and_map_of_older_releases_are_one_zip() -> None:
    build = new_build(ESP32, None, "v1.27.0", "2025-12-09", None)

    assert listed_kinds(build, newest=True) == (Kind.BIN, Kind.APP_BIN, Kind.ELF, Kind.MAP)
    assert listed_kinds(build, newest=False) == (Kind.BIN, Kind.APP_BIN, Kind.META_ZIP)


def test_a_second_build_of_a_version_stands_below_the_first() -> None:
    first = new_build(PICO, None, "v1.27.0", "2025-12-09", None)
    second = new_build(PICO, None, "v1.27.0", "2025-12-12", None)
    older = new_build(PICO, None, "v1.26.1", "2025-09-11", None)

    assert in_page_order([older, first, second]) == [first, second, older]


@unhurried
@given(_SECTIONS)
def test_rotation_keeps_releases_and_the_four_newest_previews(builds: list[Build]) -> None:
    left = rotated(builds)
    numbered = [build for build in builds if "-preview." in build.version]
    kept = [build for build in left if "-preview." in build.version]

    assert [build for build in builds if build not in numbered] == [
        build for build in left if build not in kept
    ]
    assert len(kept) <= KEPT_PREVIEWS
    assert max((build.date for build in numbered), default="") == max(
        (build.date for build in kept), default=""
    )


@unhurried
@given(_SECTIONS)
def test_rotating_twice_is_rotating_once(builds: list[Build]) -> None:
    assert rotated(rotated(builds)) == rotated(builds)


def test_rotation_compares_numbers_as_strings() -> None:
    nine = new_build(PICO, None, "v1.28.0-preview.9.gaaaaaaaaa", "2026-01-01", None)
    ten = new_build(PICO, None, "v1.28.0-preview.10.gaaaaaaaaa", "2026-01-01", None)
    later = [
        new_build(PICO, None, f"v1.28.0-preview.2{number}.gaaaaaaaaa", "2026-01-02", None)
        for number in range(3)
    ]

    assert rotated([*later, nine, ten]) == [*later, nine]


def test_many_files_are_as_many_as_were_asked_for() -> None:
    replica = Replica.of_many(3000, 20)

    assert 3000 <= len(replica.names()) <= 3200


def test_invented_versions_are_older_than_all_real_ones() -> None:
    facts = [PICO]
    builds = list(past_of(PICO, depth_for(facts, 100)))
    real = list(past_of(PICO, Depth(releases=None, previews=4)))

    assert in_page_order(builds)[: len(real) - 4] == real[:-4]


@needs_shared
def test_the_whole_past_has_the_real_releases() -> None:
    """Of the 3,815 real names, at least 95 in 100 of the releases are the replica's too."""
    names = (SHARED / "names.txt").read_text().split()
    releases = [name for name in names if "-preview" not in name]
    ours = set(Replica.of_boards(depth=ALL).names())

    assert sum(name in ours for name in releases) > 0.95 * len(releases)
