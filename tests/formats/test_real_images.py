"""The verdict on real images: none of MicroPython is refused, none of anything else passes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mirror.catalog.kinds import Kind
from mirror.catalog.names import ArtifactName
from mirror.claims import claim_of_name
from mirror.formats.verdict import Claim, Conclusion, ImageFacts
from mirror.formats.verify import verify
from tests.formats.real import RealFile, needs_real_images, real_file, real_files

pytestmark = needs_real_images

MICROPYTHON = [file for file in real_files() if file.micropython]
CONTROLS = {
    "circuitpython-9.2.1.uf2": "no-banner",
    "flipper_http_pico_2w_c++.uf2": "no-banner",
    "pico-sdk-blink.uf2": "no-banner",
    "flipper_http_merged_esp32_c6.bin": "unknown",
}
WARNED = {
    "ESP32_GENERIC-SPIRAM-20231005-v1.21.0.bin": ["date-differs"],
    "SEEED_WIO_TERMINAL-v1.22.2.uf2": ["no-family"],
    "esp32-20220708-unstable-v1.19.1-113-g9af6a275d.bin": ["tag-differs"],
    "esp8266-2016-07-23-v1.8.2-39-g2dd21d9.bin": ["no-trailer"],
    "esp8266-20170108-v1.8.7.bin": ["tag-differs", "date-differs"],
    "esp8266-20180511-v1.9.4.bin": ["tag-differs"],
    "esp8266-20180511-v1.9.4.elf": ["tag-differs"],
    "firmware_internal_rom_stm32f411_25mhz_v1.22.hex": ["tag-differs"],
    "micropython-NRF52840-feather-s140-v1.25.0-preview.uf2": ["tag-differs"],
    "pybd-sf2_dp_v1.12-665-g60f5b941e_2020-08-22.dfu": ["tag-differs"],
}
ON_ALL = pytest.mark.parametrize("file", MICROPYTHON, ids=[file.name for file in MICROPYTHON])


def _rules(data: bytes, claim: Claim) -> list[str]:
    return [finding.rule for finding in verify(data, claim).reasons]


@ON_ALL
def test_every_real_image_is_accepted_under_its_own_name(file: RealFile) -> None:
    """Verified, but for the few whose inside differs, as is known, in tag or date."""
    verdict = verify(file.read(), file.claim)

    assert [finding.rule for finding in verdict.reasons] == WARNED.get(file.name, [])
    assert verdict.accepted


@ON_ALL
@pytest.mark.parametrize("with_kind", [True, False])
def test_every_real_image_is_accepted_by_its_content(file: RealFile, *, with_kind: bool) -> None:
    """With its kind only, and with nothing claimed at all."""
    assert verify(file.read(), Claim(kind=file.claim.kind if with_kind else None)).accepted


@pytest.mark.parametrize(
    "file", [file for file in MICROPYTHON if file.group == "official"], ids=lambda file: file.name
)
def test_every_official_name_is_a_claim_that_its_image_keeps(file: RealFile) -> None:
    """The claim that the catalogue makes of the name, today's ids included."""
    claim = claim_of_name(ArtifactName.parse(file.name), port=file.claim.port)

    assert _rules(file.read(), claim) == WARNED.get(file.name, [])


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_is_refused_for_the_right_reason(name: str) -> None:
    """Sound images of other projects have no banner; another layout is not recognised."""
    file = real_file(name)

    verdict = verify(file.read(), file.claim)

    assert verdict.conclusion is Conclusion.REFUSED
    assert [finding.rule for finding in verdict.reasons] == [CONTROLS[name]]


@ON_ALL
def test_banners_are_those_that_other_tools_found(file: RealFile) -> None:
    """Versions, dates and machine strings: all of them, and no other."""
    identity = verify(file.read(), Claim()).identity

    assert frozenset(identity.versions) == file.versions
    assert frozenset(identity.dates) == file.dates
    assert frozenset(identity.machines) == file.machines


def _facts(file: RealFile) -> ImageFacts:
    facts = verify(file.read(), Claim()).facts
    assert facts is not None
    return facts


@pytest.mark.parametrize(
    "file",
    [file for file in MICROPYTHON if not file.structure.startswith(("raw", "ihex-universal"))],
    ids=lambda file: file.name,
)
def test_regions_and_partitions_are_those_that_other_tools_found(file: RealFile) -> None:
    """Of a combined file the last region is the program; of others all are the same."""
    facts = _facts(file)

    assert facts.regions[-len(file.regions) :] == file.regions
    assert facts.partitions == file.partitions


@pytest.mark.parametrize(
    "file", [file for file in MICROPYTHON if file.chip], ids=lambda file: file.name
)
def test_chips_are_those_that_other_tools_found(file: RealFile) -> None:
    """In one spelling for people."""
    assert _facts(file).chip == file.chip


@ON_ALL
def test_another_base_version_is_refused(file: RealFile) -> None:
    """Any image under the name of another release."""
    assert "base-version" in _rules(file.read(), replace(file.claim, base="1.7.9"))


@ON_ALL
def test_another_kind_is_refused(file: RealFile) -> None:
    """Of all kinds that a name can claim, one is accepted."""
    data = file.read()

    accepted = [kind for kind in Kind if verify(data, Claim(kind=kind.value)).accepted]

    assert accepted == [file.claim.kind]


@pytest.mark.parametrize(
    ("name", "mcu"),
    [
        ("ESP32_GENERIC-20241129-v1.24.1.bin", "esp32s3"),
        ("ESP32_GENERIC_S3-20240602-v1.23.0.bin", "esp32"),
        ("GENERIC_S3_SPIRAM-20220618-v1.19.1.uf2", "esp32s2"),
        ("RPI_PICO2_W-20260406-v1.28.0.uf2", "rp2040"),
        ("RPI_PICO_W-20241129-v1.24.1.uf2", "rp2350"),
        ("SEEED_WIO_TERMINAL-v1.22.2.uf2", "samd21"),
        ("esp8266-20180511-v1.9.4.elf", "rp2040"),
    ],
)
def test_another_chip_is_refused(name: str, mcu: str) -> None:
    """Where the structure shows the chip, a name for another is refused."""
    file = real_file(name)

    assert "chip" in _rules(file.read(), replace(file.claim, mcu=mcu))


@pytest.mark.parametrize(
    ("name", "claim", "rule"),
    [
        ("RPI_PICO-micropython-v1.21.0.uf2", Claim(product="Pico W"), "board-differs"),
        ("RPI_PICO_W-20241129-v1.24.1.uf2", Claim(product="Pico"), "board-differs"),
        ("pybv11-20210902-v1.17.dfu", Claim(board="PYBV10"), "board-differs"),
        ("ESP32_GENERIC-OTA-v1.22.2.bin", Claim(board="ESP32_GENERIC"), "board-differs"),
        ("pybv11-20210902-v1.17.dfu", Claim(date="2021-09-09"), "date-differs"),
        ("pybv11-20210902-v1.17.dfu", Claim(version="v1.17-5-g1234567"), "tag-differs"),
    ],
)
def test_another_date_tag_or_board_string_warns(name: str, claim: Claim, rule: str) -> None:
    """Accepted, with one reason to look."""
    verdict = verify(real_file(name).read(), claim)

    assert verdict.conclusion is Conclusion.WARNED
    assert [finding.rule for finding in verdict.reasons] == [rule]
