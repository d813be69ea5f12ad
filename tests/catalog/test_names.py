"""File names are read and written back exactly, and what does not fit is refused."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.legacy import PRESENT_OF_ID
from mirror.catalog.names import MAX_NAME, ArtifactName, Build, build_of_stem, present
from mirror.catalog.versions import Version
from mirror.errors import UnrecognisedNameError
from tests.catalog.strategies import name_texts

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "real"
needs_names = pytest.mark.skipif(
    not (SHARED / "names.txt").exists(), reason="the real names of ../shared/real are not here"
)
parse = ArtifactName.parse

# Names of upstream, each the example of a rule: board, variant, date, version, kind.
EXAMPLES = """
ESP32_GENERIC-20260406-v1.28.0.app-bin ESP32_GENERIC - 2026-04-06 v1.28.0 app-bin
ESP32_GENERIC-20251209-v1.27.0.meta.zip ESP32_GENERIC - 2025-12-09 v1.27.0 meta.zip
ESP32_GENERIC-20191220-v1.12.bin ESP32_GENERIC - 2019-12-20 v1.12 bin
ESP32_GENERIC-D2WD-20220117-v1.18.elf ESP32_GENERIC D2WD 2022-01-17 v1.18 elf
ESP32_GENERIC_P4-C6_WIFI-20260406-v1.28.0.bin ESP32_GENERIC_P4 C6_WIFI 2026-04-06 v1.28.0 bin
UM_TINYPICO-idf4-20200316-v1.12.bin UM_TINYPICO idf4 2020-03-16 v1.12 bin
PYBV11-20170526-v1.9.dfu PYBV11 - 2017-05-26 v1.9 dfu
PYBV11-DP_THREAD-20231005-v1.21.0.dfu PYBV11 DP_THREAD 2023-10-05 v1.21.0 dfu
WEACT_F411_BLACKPILL-V31_FLASH_8M-20250911-v1.26.1.dfu WEACT_F411_BLACKPILL V31_FLASH_8M \
2025-09-11 v1.26.1 dfu
TEENSY41-20231005-v1.21.0.hex TEENSY41 - 2023-10-05 v1.21.0 hex
M5STACK_ATOM-20220618-v1.19.1.map M5STACK_ATOM - 2022-06-18 v1.19.1 map
WIPY-20220618-v1.19.1.zip WIPY - 2022-06-18 v1.19.1 zip
esp8266-20160201-v1.6.bin ESP8266_GENERIC - 2016-02-01 v1.6 bin
esp8266-1m-20220117-v1.18.bin ESP8266_GENERIC FLASH_1M 2022-01-17 v1.18 bin
esp32c3-usb-20220725-unstable-v1.19.1-209-g0c45a28d2.bin ESP32_GENERIC_C3 USB 2022-07-25 \
v1.19.1-209-g0c45a28d2 bin
esp32spiram-20190522-v1.10-372-gc03f81c63.bin ESP32_GENERIC SPIRAM 2019-05-22 \
v1.10-372-gc03f81c63 bin
esp32-idf3-20191220-v1.12.bin ESP32_GENERIC idf3 2019-12-20 v1.12 bin
esp32spiram-idf3-20191220-v1.12.bin ESP32_GENERIC SPIRAM-idf3 2019-12-20 v1.12 bin
esp8266-2016-07-23-v1.8.2-39-g2dd21d9.bin ESP8266_GENERIC - 2016-07-23 v1.8.2-39-g2dd21d9 bin
rp2-pico-20210202-v1.14.uf2 RPI_PICO - 2021-02-02 v1.14 uf2
rp2-pico-w-20230407-unstable-v1.19.1-1009-gcfd3b7093.uf2 RPI_PICO_W - 2023-04-07 \
v1.19.1-1009-gcfd3b7093 uf2
PYBD-SF3-20191220-v1.12.dfu PYBD_SF3 - 2019-12-20 v1.12 dfu
pybv11-thread-20191220-v1.12.dfu PYBV11 THREAD 2019-12-20 v1.12 dfu
MIKROE-QUAIL-20220117-v1.18.dfu MIKROE_QUAIL - 2022-01-17 v1.18 dfu
EK-RA4M1-20220117-v1.18.hex EK_RA4M1 - 2022-01-17 v1.18 hex
GENERIC_S3_SPIRAM-20220618-v1.19.1.uf2 GENERIC_S3_SPIRAM - 2022-06-18 v1.19.1 uf2
""".replace("\\\n", "").strip()


@pytest.mark.parametrize("example", EXAMPLES.splitlines())
def test_a_name_tells_its_facts(example: str) -> None:
    """Board and variant under present ids where the stem alone tells them."""
    text, board, variant, date, version, kind = example.split()
    name = parse(text)

    assert text == str(name)
    assert (board, None if variant == "-" else variant) == (name.board, name.variant)
    assert (date, version, kind) == (name.date, str(name.version), name.kind)


@needs_names
def test_every_real_name_is_read_and_written_back() -> None:
    names = (SHARED / "names.txt").read_text().split()

    assert len(names) == 3815
    assert [str(parse(name)) for name in names] == names


@needs_names
def test_real_boards_and_variants_have_no_hyphen() -> None:
    """In present names the first hyphen ends the board, and a variant has none."""
    names = [parse(name) for name in (SHARED / "names.txt").read_text().split()]
    builds = {name.stem: "-".join(filter(None, (name.board, name.variant))) for name in names}

    assert list(builds) == list(builds.values())


@given(name_texts)
def test_a_name_is_the_sum_of_its_parts(text: str) -> None:
    """What was read can be put together again: no piece is lost, none is made up."""
    name = parse(text)
    tail = f"-{name.version}.{name.kind.value}"

    assert str(name) == text
    assert text.startswith(name.stem + "-")
    assert text.endswith(tail)
    assert text[len(name.stem) : -len(tail)].replace("-", "").removesuffix(
        "unstable"
    ) == name.date.replace("-", "")


@given(st.text() | st.text("ABC-_2026v1.0gbinuf", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UnrecognisedNameError):
        name = parse(text)

        assert text == str(name)


@given(name_texts, st.integers(0, 80), st.characters())
def test_a_changed_name_is_read_as_it_is_or_refused(text: str, place: int, extra: str) -> None:
    changed = text[:place] + extra + text[place:]
    with contextlib.suppress(UnrecognisedNameError):
        name = parse(changed)

        assert changed == str(name)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("esp32-ppp-fix.bin", "no date"),
        ("esp32-bluetooth.bin", "no date"),
        ("None", "no date"),
        ("", "characters"),
        ("RPI_PICO_W-v1.22.2.uf2", "no date"),
        ("RPI_PICO-micropython-v1.21.0.uf2", "no date"),
        ("esp8266-20220618-v1.19.1.ota", "unknown kind 'ota'"),
        ("RPI_PICO-20260406-v1.28.0.zip.exe", "not of the form"),
        ("RPI_PICO-20260406-1.28.0.uf2", "not of the form"),
        ("RPI_PICO-20261306-v1.28.0.uf2", "no such date"),
        ("RPI_PICO-20260230-v1.28.0.uf2", "no such date"),
        ("RPI_PICO--20260406-v1.28.0.uf2", "not of the form"),
        ("../RPI_PICO-20260406-v1.28.0.uf2", "characters"),
        ("RPI_PICO-20260406-v1.28.0.uf2\n", "characters"),
        ("RPI_PIC\u041e-20260406-v1.28.0.uf2", "characters"),
        ("RPI_PICO-\uff120260406-v1.28.0.uf2", "characters"),
        ("RPI_PICO-20260406-v1.28.0.UF2", "not of the form"),
    ],
)
def test_what_does_not_fit_is_refused_and_says_why(text: str, why: str) -> None:
    with pytest.raises(UnrecognisedNameError, match=why):
        parse(text)


def test_a_name_may_have_200_characters_and_no_more() -> None:
    tail = "-20260406-v1.28.0.uf2"
    longest = "A" * (MAX_NAME - len(tail)) + tail

    assert str(parse(longest)) == longest
    with pytest.raises(UnrecognisedNameError, match="more than 200"):
        parse("A" + longest)


def test_control_characters_are_escaped_in_the_refusal() -> None:
    with pytest.raises(UnrecognisedNameError, match=r"\\x1b\[31m"):
        parse("\x1b[31mRPI_PICO-20260406-v1.28.0.uf2")


def test_what_was_built_as_unstable_is_a_preview() -> None:
    """Even exactly on the tag of a release."""
    name = parse("esp32-20210418-unstable-v1.15.bin")

    assert name.maturity == Maturity.PREVIEW
    assert name.version.maturity == Maturity.RELEASE


@pytest.mark.parametrize(
    ("board", "port", "today"),
    [
        ("GENERIC", "esp32", Build("ESP32_GENERIC", None)),
        ("GENERIC", "esp8266", Build("ESP8266_GENERIC", None)),
        ("GENERIC", None, Build("GENERIC", None)),
        ("GENERIC", "stm32", Build("GENERIC", None)),
        ("GENERIC_S3_SPIRAM", "esp32", Build("ESP32_GENERIC_S3", "SPIRAM")),
        ("GENERIC_512K", "esp8266", Build("ESP8266_GENERIC", "FLASH_512K")),
        ("PICO", "rp2", Build("RPI_PICO", None)),
        ("PIMORONI_PICOLIPO_16MB", "rp2", Build("PIMORONI_PICOLIPO", "FLASH_16M")),
        ("PIMORONI_PICOLIPO_4MB", "rp2", Build("PIMORONI_PICOLIPO", None)),
        ("RPI_PICO2_W", "rp2", Build("RPI_PICO2_W", None)),
    ],
)
def test_old_ids_become_present_ones_with_their_port(
    board: str, port: str | None, today: Build
) -> None:
    assert today == present(board, None, port)


def test_builds_that_were_merged_stay_apart() -> None:
    """No two old ids of one port become the same board and variant."""
    builds = [present(board, None, port) for port, board in PRESENT_OF_ID]

    assert len(builds) == len(set(builds))


def test_a_variant_is_kept_beside_the_one_that_a_merger_made() -> None:
    assert present("GENERIC_SPIRAM", "idf3", "esp32") == Build("ESP32_GENERIC", "SPIRAM-idf3")


@given(st.lists(st.from_regex(r"[A-Za-z0-9_]{1,8}", fullmatch=True), min_size=1, max_size=4))
def test_every_stem_has_a_board(pieces: list[str]) -> None:
    build = build_of_stem("-".join(pieces))

    assert build.board
    assert "-" not in build.board


def test_a_name_has_its_whole_text_for_identity() -> None:
    """One version of one build with two dates is two names."""
    names = {parse(f"RPI_PICO-202512{day}-v1.27.0.uf2") for day in ("09", "12", "09")}

    assert len(names) == 2


def test_names_share_what_they_have_in_common() -> None:
    """Twenty thousand are held at once: each has nothing of its own, not even its text."""
    one = parse("RPI_PICO-20260406-v1.28.0.uf2")
    two = parse("RPI_PICO-20260406-v1.28.0.elf")

    assert one.version is two.version
    assert one.stem is two.stem
    assert one.date is two.date
    assert one.dated is parse("NICE_BOARD-20260406-v1.28.0.elf").dated
    assert sys.getsizeof(one) < 80


def test_a_name_is_its_text_in_a_document() -> None:
    adapter = TypeAdapter(ArtifactName)
    name = parse("RPI_PICO-20260406-v1.28.0.uf2")

    assert adapter.validate_json(adapter.dump_json(name)) == name
    with pytest.raises(ValidationError, match="no date"):
        adapter.validate_json('"None"')


def test_kind_and_version_are_values() -> None:
    name = parse("RPI_PICO-20260406-v1.28.0.uf2")

    assert name.kind is Kind.UF2
    assert name.version == Version.parse("v1.28.0")
    assert name.maturity is Maturity.RELEASE
