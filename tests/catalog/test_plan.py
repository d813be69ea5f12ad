"""A plan wants the newest versions of every variant, each once, and fetches what is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.catalog.model import BoardFacts, Catalog, CatalogBoard, Listing
from mirror.catalog.names import ArtifactName
from mirror.catalog.pages import read_board_page
from mirror.catalog.plan import FLASHABLE, Policy, Skipped, SyncPlan, plan
from tests.catalog.strategies import version_texts

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "real"
REAL = SHARED / "pages" / "micropython_board_esp32_generic.html"
needs_page = pytest.mark.skipif(
    not REAL.exists(), reason="the real pages of ../shared/real are not here"
)

HELD_NOTHING: frozenset[str] = frozenset()
UPSTREAM = "https://micropython.org"


def board_of(*names: str, board: str = "B", port: str | None = "rp2") -> CatalogBoard:
    """Return a board whose page lists *names* in this order."""
    listings = tuple(
        Listing(ArtifactName.parse(name), f"{UPSTREAM}/resources/firmware/", board, position)
        for position, name in enumerate(names)
    )
    page = f"{UPSTREAM}/download/{board}/"
    return CatalogBoard(BoardFacts(board, page, "Nice", port=port), listings)


def catalog_of(*boards: CatalogBoard) -> Catalog:
    """Return the catalog of one crawl that found *boards*."""
    return Catalog(UPSTREAM, boards)


def wanted(found: SyncPlan) -> list[str]:
    """Return the names that are wanted, in order."""
    return [str(listing.name) for listing in found.wanted]


def fetched(found: SyncPlan) -> list[str]:
    """Return the names that are to be fetched, in order."""
    return [str(listing.name) for listing in found.fetch]


RELEASES = [
    "B-20260406-v1.28.0.uf2",
    "B-20251209-v1.27.0.uf2",
    "B-20250911-v1.26.1.uf2",
    "B-20250809-v1.26.0.uf2",
]
PREVIEWS = [
    "B-20260807-v1.29.0-preview.678.g5f2181f938.uf2",
    "B-20260802-v1.29.0-preview.673.g06bcfd5b74.uf2",
]


def test_the_default_is_three_releases_and_one_preview() -> None:
    found = plan(catalog_of(board_of(*RELEASES, *PREVIEWS)), HELD_NOTHING, Policy())

    assert wanted(found) == [*RELEASES[:3], PREVIEWS[0]]
    assert found.fetch == found.wanted
    assert found.skipped == Skipped(older=2)


def test_every_variant_has_its_own_newest() -> None:
    old = ["B-OTA-20200902-v1.13.uf2", "B-OTA-20191220-v1.12.uf2"]
    found = plan(catalog_of(board_of(*RELEASES, *old)), HELD_NOTHING, Policy(releases=1))

    assert wanted(found) == [RELEASES[0], old[0]]


def test_versions_are_newest_by_number_and_not_by_text() -> None:
    names = ["B-20180511-v1.9.4.uf2", "B-20241129-v1.24.1.uf2", "B-20220117-v1.18.uf2"]
    found = plan(catalog_of(board_of(*names)), HELD_NOTHING, Policy(releases=2))

    assert wanted(found) == [names[1], names[2]]


def test_a_second_date_of_a_version_is_not_another_version() -> None:
    """On 2025-12-14 a wrong v1.27.0 stood below the right one, with a later date."""
    right, wrong = "B-20251209-v1.27.0.uf2", "B-20251212-v1.27.0.uf2"
    found = plan(catalog_of(board_of(right, wrong, RELEASES[2])), HELD_NOTHING, Policy(releases=2))

    assert wanted(found) == [right, RELEASES[2]]
    assert found.skipped == Skipped(repeated=1)


def test_a_second_date_that_is_held_stays_wanted() -> None:
    """Nothing that is held is given up because of an order on a page."""
    right, wrong = "B-20251209-v1.27.0.uf2", "B-20251212-v1.27.0.uf2"
    found = plan(catalog_of(board_of(right, wrong)), {wrong}, Policy())

    assert wanted(found) == [right, wrong]
    assert fetched(found) == [right]


def test_one_preview_number_with_two_hashes_is_one_version() -> None:
    twins = [
        "B-20260726-v1.29.0-preview.627.gc99ef23e5a.uf2",
        "B-20260726-v1.29.0-preview.627.g8250ff1c11.uf2",
    ]
    older = "B-20260720-v1.29.0-preview.600.g0123456789.uf2"
    found = plan(catalog_of(board_of(*twins, older)), HELD_NOTHING, Policy(previews=2))

    assert wanted(found) == [twins[0], older]


def test_all_files_of_a_build_are_wanted_that_are_flashed() -> None:
    names = [f"B-20260406-v1.28.0.{kind.value}" for kind in Kind]
    found = plan(catalog_of(board_of(*names)), HELD_NOTHING, Policy())

    assert [listing.name.kind for listing in found.wanted] == list(FLASHABLE)
    assert found.skipped == Skipped(kinds=3)


def test_a_stale_variant_keeps_its_last_preview() -> None:
    """Rotation is per board and variant: its previews are old, and still its previews."""
    stale = "B-OTA-20251208-v1.27.0-preview.503.g2bd337ef18.uf2"
    found = plan(catalog_of(board_of(*RELEASES, *PREVIEWS, stale)), HELD_NOTHING, Policy())

    assert stale in wanted(found)


def test_a_preview_counts_although_its_release_is_out() -> None:
    preview = "B-20260330-v1.28.0-preview.306.g5c00edcee2.uf2"
    found = plan(catalog_of(board_of(RELEASES[0], preview)), HELD_NOTHING, Policy())

    assert wanted(found) == [RELEASES[0], preview]


def test_versions_count_only_where_a_wanted_kind_is_listed() -> None:
    names = ["B-20260406-v1.28.0.hex", "B-20251209-v1.27.0.uf2"]
    policy = Policy(kinds=(Kind.UF2,), releases=1)

    assert wanted(plan(catalog_of(board_of(*names)), HELD_NOTHING, policy)) == [names[1]]


def test_old_ids_of_the_board_are_one_series_with_the_present_one() -> None:
    names = ["ESP32_GENERIC_S3-20231005-v1.21.0.bin", "GENERIC_S3-20230426-v1.20.0.bin"]
    board = board_of(*names, board="ESP32_GENERIC_S3", port="esp32")

    assert wanted(plan(catalog_of(board), HELD_NOTHING, Policy(releases=1))) == [names[0]]


@pytest.mark.parametrize(
    ("policy", "boards"),
    [
        (Policy(), ["ESP32_GENERIC", "RPI_PICO", "RPI_PICO2"]),
        (Policy(boards=("RPI_*",)), ["RPI_PICO", "RPI_PICO2"]),
        (Policy(boards=("RPI_PICO",)), ["RPI_PICO"]),
        (Policy(boards=("rpi_pico",)), []),
        (Policy(boards=("RPI_PICO2", "*")), ["RPI_PICO2", "ESP32_GENERIC", "RPI_PICO"]),
        (Policy(ports=("esp32",)), ["ESP32_GENERIC"]),
        (Policy(ports=("rp?",)), ["RPI_PICO", "RPI_PICO2"]),
        (Policy(boards=()), []),
    ],
)
def test_boards_and_ports_are_patterns(policy: Policy, boards: list[str]) -> None:
    """And boards of an earlier pattern are fetched first."""
    catalog = catalog_of(
        board_of("RPI_PICO2-20260406-v1.28.0.uf2", board="RPI_PICO2"),
        board_of("RPI_PICO-20260406-v1.28.0.uf2", board="RPI_PICO"),
        board_of("ESP32_GENERIC-20260406-v1.28.0.bin", board="ESP32_GENERIC", port="esp32"),
    )
    found = plan(catalog, HELD_NOTHING, policy)

    assert [listing.board for listing in found.fetch] == boards
    assert found.skipped == Skipped(boards=3 - len(boards))


def test_a_board_of_an_unknown_port_is_wanted_only_with_every_port() -> None:
    catalog = catalog_of(board_of(*RELEASES, port=None))

    assert len(plan(catalog, HELD_NOTHING, Policy()).wanted) == 3
    assert plan(catalog, HELD_NOTHING, Policy(ports=("rp2",))).wanted == ()


def test_none_is_no_limit_and_zero_is_nothing() -> None:
    catalog = catalog_of(board_of(*RELEASES, *PREVIEWS))

    assert wanted(plan(catalog, HELD_NOTHING, Policy(releases=None, previews=0))) == RELEASES
    assert wanted(plan(catalog, HELD_NOTHING, Policy(releases=0, previews=None))) == PREVIEWS


def test_what_is_held_is_not_fetched() -> None:
    catalog = catalog_of(board_of(*RELEASES))

    assert fetched(plan(catalog, {RELEASES[0]}, Policy())) == RELEASES[1:3]
    assert fetched(plan(catalog, RELEASES[:2].__contains__, Policy())) == [RELEASES[2]]
    assert fetched(plan(catalog, set(RELEASES), Policy())) == []


def test_a_name_that_two_boards_list_is_fetched_once() -> None:
    """Two downloads of one name would spoil each other."""
    found = plan(
        catalog_of(board_of(RELEASES[0]), board_of(RELEASES[0], board="C")), HELD_NOTHING, Policy()
    )

    assert wanted(found) == [RELEASES[0], RELEASES[0]]
    assert fetched(found) == [RELEASES[0]]


def test_boards_with_less_to_fetch_come_first() -> None:
    """So that many boards are whole early."""
    small = board_of("Z-20260406-v1.28.0.uf2", board="Z")
    catalog = catalog_of(board_of(*RELEASES), small)

    assert fetched(plan(catalog, HELD_NOTHING, Policy()))[0] == "Z-20260406-v1.28.0.uf2"
    assert fetched(plan(catalog, set(RELEASES[1:]), Policy())) == [
        RELEASES[0],
        "Z-20260406-v1.28.0.uf2",
    ]


def test_an_empty_board_and_an_empty_catalog_want_nothing() -> None:
    nothing = SyncPlan((), (), Skipped())

    assert plan(catalog_of(), HELD_NOTHING, Policy()) == nothing
    assert plan(catalog_of(board_of()), HELD_NOTHING, Policy()) == nothing


@needs_page
def test_the_real_page_gives_forty_files() -> None:
    """Five variants with three releases and a preview each, as .bin and as .app-bin."""
    url = "https://micropython.org/download/ESP32_GENERIC/"
    page = read_board_page(REAL.read_bytes(), url, "ESP32_GENERIC")
    catalog = catalog_of(CatalogBoard(page.facts, page.listings))
    found = plan(catalog, HELD_NOTHING, Policy())

    assert len(found.fetch) == 5 * (3 + 1) * 2
    assert found.skipped == Skipped(kinds=130, older=145)


_boards = st.lists(
    st.builds(
        "{}-202604{:02}-{}.{}".format,
        st.sampled_from(["B", "B-OTA", "B-idf4"]),
        st.integers(1, 30),
        version_texts,
        st.sampled_from(["uf2", "bin", "elf"]),
    ),
    max_size=20,
    unique=True,
).map(lambda names: catalog_of(board_of(*names)))
_depths = st.none() | st.integers(0, 4)
_policies = st.builds(
    lambda releases, previews: Policy(releases=releases, previews=previews), _depths, _depths
)


@given(_boards, _policies, st.sets(st.integers(0, 19)))
def test_every_listing_is_wanted_or_counted(
    catalog: Catalog, policy: Policy, places: set[int]
) -> None:
    """Nothing is wanted twice, and nothing is dropped in silence."""
    (board,) = catalog.boards
    held = {str(listing.name) for listing in board.listings if listing.position in places}
    found = plan(catalog, held, policy)
    skipped = found.skipped

    assert len(found.wanted) + skipped.kinds + skipped.older + skipped.repeated == len(
        board.listings
    )
    assert len(set(found.wanted)) == len(found.wanted)
    assert set(fetched(found)) == set(wanted(found)) - held


@given(_boards, _policies)
def test_a_second_plan_fetches_nothing(catalog: Catalog, policy: Policy) -> None:
    """Once the first one was carried out, and it wants the same."""
    first = plan(catalog, HELD_NOTHING, policy)
    second = plan(catalog, set(wanted(first)), policy)

    assert second == replace(first, fetch=())
