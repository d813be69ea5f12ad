"""The rule of identity: what is refused, what only warns, what can not be said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.formats.board_string import contradicts
from mirror.formats.build_version import BuildVersion
from mirror.formats.verdict import Claim, Conclusion
from mirror.formats.verify import verify
from tests.formats import images
from tests.formats.esp_images import application, boot_loader, esp32_file, esp8266
from tests.formats.images import RP2350_ARM, RP2350_RISCV, rp2350_program, uf2

PICO = uf2(images.rp2040_program())
CLAIM = Claim(
    kind="uf2",
    port="rp2",
    mcu="rp2040",
    board="RPI_PICO",
    version="v1.28.0",
    base="1.28.0",
    date="2026-04-06",
    product="Pico",
)


def _rules(data: bytes, claim: Claim) -> list[str]:
    return [finding.rule for finding in verify(data, claim).reasons]


def test_a_file_that_agrees_in_everything_is_verified() -> None:
    """Structure, chip, version, date and board: nothing is left to say."""
    verdict = verify(PICO, CLAIM)

    assert (verdict.conclusion, verdict.reasons) == (Conclusion.VERIFIED, ())


def test_verified_never_means_the_variant() -> None:
    """Every image that speaks has the limit that it does not tell its variant."""
    assert "an image does not tell which variant of its board it is" in verify(PICO, CLAIM).limits


def test_without_a_claimed_version_the_verdict_says_so() -> None:
    """A file judged by its content alone was compared with nothing."""
    assert "no version was claimed" in verify(PICO, Claim()).limits[-1]


@pytest.mark.parametrize(
    ("data", "claim", "rule"),
    [
        (PICO, Claim(port="samd"), "port"),
        (PICO, Claim(port="rp2", mcu="rp2350"), "chip"),
        (PICO, Claim(base="1.27.0"), "base-version"),
        (PICO, Claim(version="v1.28.1"), "base-version"),
        (esp32_file(), Claim(port="esp8266"), "port"),
        (esp32_file(), Claim(port="esp32", mcu="esp32s3"), "chip"),
        (esp8266(), Claim(port="esp32", mcu="esp32"), "port"),
        (images.dfu(), Claim(port="nrf"), "port"),
        (images.ihex(), Claim(port="mimxrt"), "port"),
        (images.raw_mimxrt(), Claim(port="nrf"), "port"),
        (images.zip_of({"mcuimg.bin": images.mcuimg()}), Claim(port="alif"), "port"),
        (images.elf(94), Claim(port="rp2"), "port"),
        (images.elf(243), Claim(port="esp32", mcu="esp32"), "chip"),
        (uf2(rp2350_program(), RP2350_RISCV), Claim(board="RPI_PICO2"), "chip"),
        (uf2(rp2350_program(), RP2350_ARM), Claim(board="RPI_PICO2", variant="RISCV"), "chip"),
    ],
)
def test_another_chip_port_or_version_is_refused(data: bytes, claim: Claim, rule: str) -> None:
    """Each of these would not run, or is not what its name says."""
    verdict = verify(data, claim)

    assert (verdict.conclusion, verdict.reasons[0].rule) == (Conclusion.REFUSED, rule)


@pytest.mark.parametrize(
    "claim",
    [
        Claim(port="rp2", mcu="RP2040"),
        Claim(port="a-port-of-tomorrow", mcu="rp2040"),
        Claim(version="v1.28", base="1.28"),
        Claim(base="1.28.0.0"),
        Claim(date="2026-04-06"),
        Claim(board="ARDUINO_NANO_RP2040_CONNECT", product="Nano RP2040 Connect"),
        Claim(flash_offset=0x1000),
    ],
)
def test_what_is_equal_or_can_not_be_said_passes(claim: Claim) -> None:
    """Case and final zeros make no version, and an unknown board string no warning."""
    assert verify(PICO, claim).conclusion is Conclusion.VERIFIED


@pytest.mark.parametrize(
    ("claim", "rule"),
    [
        (Claim(version="v1.28.0-preview.3.gabcdef012", base="1.28.0"), "tag-differs"),
        (Claim(date="2026-04-05"), "date-differs"),
        (Claim(board="RPI_PICO_W", product="Pico W"), "board-differs"),
    ],
)
def test_other_tags_dates_and_boards_only_warn(claim: Claim, rule: str) -> None:
    """Official files have all of these: one day off, the version of the day before."""
    verdict = verify(PICO, claim)

    assert verdict.conclusion is Conclusion.WARNED
    assert [finding.rule for finding in verdict.reasons] == [rule]


@pytest.mark.parametrize(("offset", "rules"), [(0x1000, []), (0, ["offset-differs"])])
def test_an_offset_that_the_image_contradicts_is_reported(offset: int, rules: list[str]) -> None:
    """The chip's boot ROM decides; instructions that say otherwise are named."""
    assert _rules(esp32_file(), Claim(flash_offset=offset)) == rules


def test_an_application_alone_is_not_measured_by_the_flash_offset() -> None:
    """It goes to a partition, whatever the instructions for the other file say."""
    assert _rules(application(), Claim(flash_offset=0)) == []


@pytest.mark.parametrize(
    ("base", "conclusion"),
    [("1.12", Conclusion.WARNED), ("1.13", Conclusion.REFUSED), ("1.28.0", Conclusion.REFUSED)],
)
@pytest.mark.parametrize("claimed", [True, False])
def test_what_the_oldest_builds_lack_warns_for_them_only(
    base: str, conclusion: Conclusion, *, claimed: bool
) -> None:
    """Before v1.13 a missing SHA-256 is no damage; later it is, claimed or not."""
    program = application(says=images.strings(f"v{base}"), hashed=False)

    verdict = verify(
        esp32_file(boot_loader(hashed=False), program=program),
        Claim(base=base if claimed else None),
    )

    assert [finding.rule for finding in verdict.reasons] == ["no-sha256", "no-sha256"]
    assert verdict.conclusion is conclusion


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("v1.28.0", "v1.28", True),
        ("v1.20.0", "1.20", True),
        ("v1.28.0", "v1.28.1", False),
        ("v1.9.4", "v1.9.4-8-ga9a3caad0", False),
        ("v1.23.0-preview.236", "v1.23.0-preview.236.gcd8eea2ae", True),
        ("v1.23.0-preview.236.gcd8eea2ae", "v1.23.0-preview.236.gcd8eea2ae4", True),
        ("v1.23.0-preview.236.gcd8eea2ae", "v1.23.0-preview.236.gcd8eea2af", False),
        ("v1.23.0-preview.236.gcd8eea2ae", "v1.23.0-preview.237.gcd8eea2ae", False),
        ("v1.23.0-preview.236", "v1.23.0-236", False),
        ("v1.26.0-preview", "v1.26.0", False),
        ("v1.13-77-g0fd0eb00a", "v1.13-77-g0fd0eb00a-dirty", False),
        ("v1.13-77-g0fd0eb00a.dirty", "v1.13-77-g0fd0eb00a-dirty", True),
        ("nonsense", "v1.0", False),
    ],
)
def test_versions_are_compared_part_by_part(one: str, other: str, *, expected: bool) -> None:
    """A hash by its prefix, a base without final zeros, the rest as it is."""
    assert BuildVersion.read(one).agrees(BuildVersion.read(other)) is expected


@given(st.text(max_size=40))
def test_any_text_agrees_with_itself_as_a_version(text: str) -> None:
    """Nothing makes reading raise, and a version is the same build as itself."""
    assert BuildVersion.read(text).agrees(BuildVersion.read(text))


@pytest.mark.parametrize(
    ("machine", "claim", "expected"),
    [
        ("Raspberry Pi Pico with RP2040", Claim(board="RPI_PICO", product="Pico"), False),
        ("Raspberry Pi Pico with RP2040", Claim(board="RPI_PICO_W", product="Pico W"), True),
        ("Raspberry Pi Pico W with RP2040", Claim(board="RPI_PICO", product="Pico"), True),
        ("Raspberry Pi Pico2 with RP2350", Claim(board="RPI_PICO2", product="Pico 2"), False),
        ("Raspberry Pi Pico 2 with RP2350", Claim(board="RPI_PICO2_W", product="Pico 2 W"), True),
        ("Raspberry Pi Pico 2 W with RP2350", Claim(board="RPI_PICO", product="Pico"), True),
        ("PYBv1.1 with STM32F405RG", Claim(board="PYBV11", product="Pyboard v1.1"), False),
        ("PYBv1.0 with STM32F405RG", Claim(board="PYBV11", product="Pyboard v1.1"), True),
        ("PYBD-SF2W with STM32F722IEK", Claim(board="PYBD_SF2", mcu="stm32f7"), False),
        ("PYBD-SF2W with STM32F722IEK", Claim(board="PYBV11", mcu="stm32f4"), True),
        ("Wio Terminal D51R with SAMD51P19A", Claim(product="Wio Terminal"), False),
        ("LOLIN_S2_MINI with ESP32-S2FN4R2", Claim(product="S2 mini", mcu="esp32s2"), False),
        ("Pimoroni Pico LiPo 16MB with RP2040", Claim(product="Pico LiPo"), False),
        ("Generic ESP32 module with ESP32", Claim(board="ESP32_GENERIC"), False),
        ("ESP32 module (spiram) with ESP32", Claim(board="ESP32_GENERIC", variant="SPIRAM"), False),
        ("ESP32 module (spiram) with ESP32", Claim(board="ESP32_GENERIC"), True),
        ("Generic ESP32 module with OTA with ESP32", Claim(board="ESP32_GENERIC"), True),
        ("ESP32S3 module (spiram) with ESP32S3", Claim(board="ESP32_GENERIC_S3"), False),
        ("Feather with NRF52840", Claim(mcu="nrf52"), False),
        ("micro:bit with nRF51822", Claim(mcu="nrf52"), True),
        ("Board with NEWCHIP", Claim(mcu="rp2040"), False),
        ("no chip at all", Claim(board="X", product="Y"), False),
        (" with ", Claim(board="-", product="-"), False),
    ],
)
def test_a_board_string_contradicts_only_for_certain(
    machine: str, claim: Claim, *, expected: bool
) -> None:
    """Boards are spelled freely: what is not certainly another board passes."""
    assert contradicts(machine, claim) is expected


def test_one_machine_string_that_fits_is_enough() -> None:
    """A build may name its product and its board."""
    says = images.strings(machine="Raspberry Pi Pico W with RP2040") + b"\0Pico with RP2040\0"

    assert _rules(uf2(images.rp2040_program(says)), CLAIM) == []
