"""The families of UF2: which chip each is for, where its payload lies, what it must hold.

An unknown family is refused, and so is a payload outside the flash of its chip, or one
that is no program for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mirror.errors import MalformedImageError
from mirror.formats import rp2
from mirror.formats.arm import FLASH_CONFIGURATION, has_vector_table
from mirror.formats.esp32 import application_image
from mirror.formats.esp_image import read_esp_image
from mirror.formats.identity import find_identity
from mirror.formats.image import Image, is_filled
from mirror.formats.verdict import Finding, ImageFacts, Region
from mirror.frozen import dataclass

RISCV = "RP2350 RISC-V"

_LIMIT = "the payload of a UF2 has no checksum of its own: damage inside it may go unnoticed"
_BLOCK_PAYLOAD = 256


@dataclass(frozen=True, slots=True)
class Payload:
    """The payload of all blocks in a row, and the address of its first byte.

    ``family`` is None for the old builds that name none; ``absolute`` says whether the
    block that works around RP2350-E10 came first.
    """

    family: int | None
    start: int
    content: bytes
    absolute: bool = False

    @property
    def end(self) -> int:
        """The address behind the last byte."""
        return self.start + len(self.content)


@dataclass(frozen=True, slots=True)
class Family:
    """A chip, and where a build for it lies.

    ``mcu`` is MicroPython's word.  A build begins at the first address of ``flash``;
    where that depends on the boot loader, ``usual`` lists the starts that are known, and
    others warn.  ``read`` returns the image, or raises when it is no program for the chip.
    """

    chip: str
    port: str
    mcu: str
    flash: range
    read: Callable[[Payload, Family], Image]
    usual: frozenset[int] = frozenset()


def image_of(payload: Payload) -> Image:
    """Return what *payload* shows; raise `MalformedImageError` when it does not fit its chip."""
    family = _family_of(payload)
    if payload.absolute and family.mcu != "rp2350":
        raise MalformedImageError(
            f"the block for RP2350-E10 stands before {family.chip}", rule="family"
        )
    if not family.usual and payload.start != family.flash.start:
        raise MalformedImageError(
            f"a build for {family.chip} does not begin at {payload.start:#x}", rule="address"
        )
    if payload.start not in family.flash or payload.end > family.flash.stop:
        raise MalformedImageError(
            f"addresses {payload.start:#x} to {payload.end:#x} "
            f"are outside the flash of {family.chip}",
            rule="address",
        )
    return family.read(payload, family)


def _family_of(payload: Payload) -> Family:
    if payload.family is None:
        # SAMD before v1.24.0: only the address tells the chip.
        for family in (_SAMD21, _SAMD51):
            if payload.start == family.flash.start:
                return family
        raise MalformedImageError(
            f"no family, and no build begins at {payload.start:#x}", rule="family"
        )
    if payload.family not in FAMILIES:
        raise MalformedImageError(f"unknown family {payload.family:#010x}", rule="family")
    return FAMILIES[payload.family]


def _read_rp2040(payload: Payload, family: Family) -> Image:
    rp2.require_rp2040(payload.content)
    return _plain(payload, family)


def _read_rp2350_arm(payload: Payload, family: Family) -> Image:
    rp2.require_rp2350_arm(payload.content)
    return _plain(payload, family)


def _read_rp2350_riscv(payload: Payload, family: Family) -> Image:
    rp2.require_rp2350_riscv(payload.content)
    return _plain(payload, family)


def _read_cortex_m(payload: Payload, family: Family) -> Image:
    if not has_vector_table(payload.content, 0):
        raise MalformedImageError(f"no vector table at {payload.start:#x}", rule="vector-table")
    return _plain(payload, family)


def _read_mimxrt(payload: Payload, family: Family) -> Image:
    # The boot loader of the board keeps its own block, below the program.
    if payload.content.startswith(FLASH_CONFIGURATION):
        raise MalformedImageError(
            f"a flash configuration block stands at {payload.start:#x}", rule="address"
        )
    return _plain(payload, family)


def _read_esp32(payload: Payload, family: Family) -> Image:
    content = payload.content
    application = read_esp_image(content, 0, "application")
    if application.chip.name != family.chip:
        raise MalformedImageError(
            f"the family is {family.chip}, the application for {application.chip.name}",
            rule="chip",
        )
    rest = len(content) - application.end
    if rest >= _BLOCK_PAYLOAD or not is_filled(content, application.end, len(content), 0):
        raise MalformedImageError(
            "the application is not padded to whole blocks with zeros", rule="trailing"
        )
    image = application_image(application, content)
    facts = replace(
        _facts(payload, family),
        flash_size=application.flash_size,
        payload=image.facts.payload,
        elf=image.facts.elf,
    )
    return replace(image, facts=facts, kinds=frozenset({"uf2"}))


def _plain(payload: Payload, family: Family) -> Image:
    return Image(
        facts=_facts(payload, family),
        kinds=frozenset({"uf2"}),
        identity=find_identity(payload.content),
        ports=frozenset({family.port}),
        mcus=frozenset({family.mcu}),
        findings=(*_no_family(payload), *_unusual_start(payload, family)),
        limits=(_LIMIT,),
    )


def _facts(payload: Payload, family: Family) -> ImageFacts:
    return ImageFacts(
        structure="uf2",
        chip=family.chip,
        offset=payload.start,
        regions=(Region(payload.start, payload.end),),
    )


def _no_family(payload: Payload) -> tuple[Finding, ...]:
    if payload.family is not None:
        return ()
    text = "the blocks name no family: a boot loader can not refuse them on the wrong chip"
    return (Finding("no-family", text),)


def _unusual_start(payload: Payload, family: Family) -> tuple[Finding, ...]:
    if not family.usual or payload.start in family.usual:
        return ()
    text = f"no known boot loader of {family.chip} leaves off at {payload.start:#x}"
    return (Finding("unusual-address", text),)


_PICO_FLASH = range(rp2.FLASH, rp2.FLASH + 0x1000000)
_PICO2_FLASH = range(rp2.FLASH, rp2.FLASH + 0x2000000)
_SAMD21 = Family("SAMD21", "samd", "samd21", range(0x2000, 0x40000), _read_cortex_m)
_SAMD51 = Family("SAMD51", "samd", "samd51", range(0x4000, 0x100000), _read_cortex_m)
_NRF52840 = Family(
    "nRF52840",
    "nrf",
    "nrf52",
    range(0x1000, 0x100000),
    _read_cortex_m,
    usual=frozenset({0x1000, 0x26000, 0x27000}),
)
_MIMXRT = Family(
    "MIMXRT",
    "mimxrt",
    "mimxrt",
    range(0x30000000, 0x70000000),
    _read_mimxrt,
    usual=frozenset({0x6000C000, 0x3000C000}),
)
FAMILIES = {
    0xE48BFF56: Family("RP2040", "rp2", "rp2040", _PICO_FLASH, _read_rp2040),
    0xE48BFF59: Family("RP2350", "rp2", "rp2350", _PICO2_FLASH, _read_rp2350_arm),
    0xE48BFF5A: Family(RISCV, "rp2", "rp2350", _PICO2_FLASH, _read_rp2350_riscv),
    0x68ED2B88: _SAMD21,
    0x55114460: _SAMD51,
    0xADA52840: _NRF52840,
    0x4FB2D5BD: _MIMXRT,
    0xBFDD4EEE: Family("ESP32-S2", "esp32", "esp32s2", range(0x1000000), _read_esp32),
    0xC47E5767: Family("ESP32-S3", "esp32", "esp32s3", range(0x2000000), _read_esp32),
}
