"""The synthetic images are sound: what they are named is what the mirror finds in them."""

from __future__ import annotations

import time
import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.catalog.names import ArtifactName
from mirror.formats.verdict import Claim, Conclusion, Verdict
from mirror.formats.verify import verify
from tests.replica.facts import BoardFact, board_facts
from tests.replica.history import ALL
from tests.replica.images import Recipe, make_image
from tests.replica.images.esp32 import CHIPS, xor_of
from tests.replica.images.uf2 import crc32_mpeg2
from tests.replica.replica import Replica
from tests.replica.unhurried import unhurried

_REAL_SIZE = 1_700_000


def _recipe(
    board: str, kind: Kind, variant: str | None = None, size: int = 0, seed: int = 0
) -> Recipe:
    fact = board_facts()[board]
    return Recipe(
        port=fact.port,
        mcu=fact.mcu,
        board=board,
        variant=variant,
        version="v1.28.0",
        date="2026-04-06",
        kind=kind,
        size=size,
        seed=seed,
    )


def _claim(name: str, fact: BoardFact) -> Claim:
    read = ArtifactName.parse(name)
    return Claim(
        kind=read.kind.value,
        port=fact.port,
        mcu=fact.mcu,
        board=fact.board,
        variant=read.variant,
        version=read.version.text,
        base=read.version.base_text,
        date=read.date,
        product=fact.product,
        flash_offset=int(fact.flash_offset, 16) if fact.flash_offset else None,
    )


def _one_of_each_sort() -> dict[str, Recipe]:
    """Return one name for each chip, variant, kind and age that is made in its own way."""
    replica = Replica.of_boards(depth=ALL)
    sorts: dict[object, tuple[str, Recipe]] = {}
    for name in replica.names():
        file = replica.find_file(name)
        if file is not None and isinstance(file.source, Recipe):
            recipe = file.source
            age = (recipe.base > (1, 18), recipe.base >= (1, 24), "preview" in recipe.version)
            chip = (
                recipe.port,
                recipe.mcu,
                "RT1" in recipe.board,
                recipe.board.startswith("SEEED"),
            )
            sorts.setdefault((chip, recipe.variant, recipe.kind, age), (name, recipe))
    return dict(sorts.values())


def test_every_sort_of_image_is_verified_as_what_its_name_says() -> None:
    """Two sorts are warned about, as their real ones would be.

    UF2 of SAMD had no family before v1.24.0, and one board's instructions are wrong.
    """
    verdicts = {
        name: verify(make_image(recipe), _claim(name, board_facts()[recipe.board]))
        for name, recipe in _one_of_each_sort().items()
    }
    others = {
        (name.split("-")[0], verdict.conclusion, _rules(verdict))
        for name, verdict in verdicts.items()
        if verdict.conclusion is not Conclusion.VERIFIED
    }

    assert len(verdicts) > 500
    assert others == {
        ("ADAFRUIT_FEATHER_M0_EXPRESS", Conclusion.WARNED, ("no-family",)),
        ("ADAFRUIT_FEATHER_M4_EXPRESS", Conclusion.WARNED, ("no-family",)),
        ("ADAFRUIT_ITSYBITSY_M4_EXPRESS", Conclusion.WARNED, ("no-family",)),
        ("SEEED_WIO_TERMINAL", Conclusion.WARNED, ("no-family",)),
        ("SEEED_XIAO_SAMD21", Conclusion.WARNED, ("no-family",)),
        ("SEEED_XIAO_ESP32C5", Conclusion.WARNED, ("offset-differs",)),
    }


def _rules(verdict: Verdict) -> tuple[str, ...]:
    return tuple(reason.rule for reason in verdict.reasons)


@pytest.mark.parametrize(
    ("board", "kind"),
    [
        ("RPI_PICO_W", Kind.UF2),
        ("RPI_PICO2_W", Kind.UF2),
        ("ESP32_GENERIC", Kind.BIN),
        ("ESP32_GENERIC_S3", Kind.APP_BIN),
        ("ESP8266_GENERIC", Kind.BIN),
        ("PYBV11", Kind.DFU),
        ("TEENSY41", Kind.HEX),
        ("WIPY", Kind.ZIP),
        ("ESP32_GENERIC", Kind.META_ZIP),
    ],
)
def test_an_image_of_real_size_is_sound_too(board: str, kind: Kind) -> None:
    name = f"{board}-20260406-v1.28.0.{kind}"
    data = make_image(_recipe(board, kind, size=_REAL_SIZE))

    assert verify(data, _claim(name, board_facts()[board])).conclusion is Conclusion.VERIFIED
    assert len(data) > _REAL_SIZE


def test_the_same_recipe_gives_the_same_bytes_and_another_gives_others() -> None:
    recipe = _recipe("RPI_PICO", Kind.UF2)

    assert make_image(recipe) == make_image(_recipe("RPI_PICO", Kind.UF2))
    assert make_image(recipe) != make_image(_recipe("RPI_PICO", Kind.UF2, seed=1))


@pytest.mark.parametrize("board", ["ESP32_GENERIC", "ESP32_GENERIC_S3", "ESP32_GENERIC_P4"])
def test_the_tail_of_a_combined_file_is_the_application(board: str) -> None:
    combined = make_image(_recipe(board, Kind.BIN))

    assert combined.endswith(make_image(_recipe(board, Kind.APP_BIN)))


@pytest.mark.parametrize("board", ["ESP32_GENERIC_S2", "ESP32_GENERIC_S3"])
def test_the_payload_of_a_uf2_is_the_application(board: str) -> None:
    application = make_image(_recipe(board, Kind.APP_BIN))
    blocks = make_image(_recipe(board, Kind.UF2))
    payload = b"".join(blocks[at + 32 : at + 288] for at in range(0, len(blocks), 512))

    assert payload.startswith(application)
    assert payload[len(application) :].strip(b"\0") == b""


def test_a_dfu_and_a_hex_of_one_build_hold_the_same() -> None:
    dfu = make_image(_recipe("PYBV11", Kind.DFU))
    lines = make_image(_recipe("PYBV11", Kind.HEX)).decode().split()
    records = [bytes.fromhex(line[1:]) for line in lines]
    data = b"".join(record[4:-1] for record in records if record[3] == 0)

    assert data[:1280] in dfu
    assert data[1280:] in dfu


def test_a_meta_zip_holds_the_elf_and_the_map() -> None:
    archive = zipfile.ZipFile(BytesIO(make_image(_recipe("ESP32_GENERIC", Kind.META_ZIP))))

    assert {name: archive.read(name) for name in archive.namelist()} == {
        "firmware.elf": make_image(_recipe("ESP32_GENERIC", Kind.ELF)),
        "firmware.map": make_image(_recipe("ESP32_GENERIC", Kind.MAP)),
    }


def test_there_is_an_image_for_every_chip_of_the_family() -> None:
    mcus = {fact.mcu for fact in board_facts().values() if fact.port == "esp32"}

    assert mcus <= set(CHIPS)


def test_all_files_of_the_default_replica_are_made_within_seconds() -> None:
    """2,000 files and 30 MB in ten seconds of processor time; seen: a fifth of a second."""
    replica = Replica.of_boards()
    files = [replica.find_file(name) for name in replica.names()]
    begun = time.process_time()
    sizes = [
        len(make_image(file.source))
        for file in files
        if file is not None and isinstance(file.source, Recipe)
    ]

    assert len(sizes) > 2000
    assert max(sizes) < 300_000
    assert time.process_time() - begun < 10


@unhurried
@given(st.binary(max_size=300), st.integers(0, 255))
def test_folding_gives_the_xor_of_all_bytes(data: bytes, start: int) -> None:
    expected = start
    for byte in data:
        expected ^= byte

    assert xor_of(data, start) == expected


def test_the_crc_is_the_one_of_the_catalogue() -> None:
    """The check value that catalogues of CRCs give for CRC-32/MPEG-2."""
    assert crc32_mpeg2(b"123456789") == 0x0376E6E7
