"""How far an image agrees with what its name claims (`formats.md` section 9).

Another port or chip, no MicroPython banner, or another base version is refused.  Another
tag, hash, date, board string or flash offset only warns: official files have all of these.
A build of the operator's own may lack the banner: then that only warns.
What is not claimed, or not shown by the image, is not compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.formats.board_string import contradicts
from mirror.formats.build_version import BuildVersion
from mirror.formats.uf2_families import RISCV
from mirror.formats.verdict import Finding
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from mirror.formats.image import Image
    from mirror.formats.verdict import Claim

PORTS = frozenset(
    {
        "alif",
        "cc3200",
        "esp32",
        "esp8266",
        "mimxrt",
        "nrf",
        "psoc-edge",
        "renesas-ra",
        "rp2",
        "samd",
        "stm32",
    }
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """The reasons to refuse, and those that only warn."""

    refused: tuple[Finding, ...]
    warned: tuple[Finding, ...]


def compare(image: Image, claim: Claim) -> Agreement:
    """Compare everything that *image* shows with *claim*."""
    excused, inexcusable = _by_age(image, claim)
    refused = [_kind(image, claim), _port(image, claim), _mcu(image, claim), _riscv(image, claim)]
    refused += [None if claim.own else _banner(image), _base(image, claim)]
    warned = [_banner(image) if claim.own else None]
    warned += [_tag(image, claim), _date(image, claim), _board(image, claim), _offset(image, claim)]
    return Agreement(
        refused=(*_present(refused), *inexcusable),
        warned=(*image.findings, *excused, *_present(warned)),
    )


def _present(findings: list[Finding | None]) -> list[Finding]:
    return [finding for finding in findings if finding is not None]


def _by_age(image: Image, claim: Claim) -> tuple[list[Finding], list[Finding]]:
    """Divide the doubts about *image* into those its age excuses, and the others."""
    age = _age(image, claim)
    excused = [doubt.finding for doubt in image.doubts if age and age < doubt.before]
    return excused, [doubt.finding for doubt in image.doubts if doubt.finding not in excused]


def _age(image: Image, claim: Claim) -> tuple[int, ...]:
    base = _claimed_base(claim)
    if base:
        return base
    return max((BuildVersion.read(text).base for text in image.identity.versions), default=())


def _claimed_base(claim: Claim) -> tuple[int, ...]:
    return BuildVersion.read(claim.base or claim.version or "").base


def _kind(image: Image, claim: Claim) -> Finding | None:
    if claim.kind is None or claim.kind in image.kinds:
        return None
    kinds = " or ".join(sorted(image.kinds))
    return Finding("kind", f"the content is {image.facts.structure}, of kind {kinds}")


def _port(image: Image, claim: Claim) -> Finding | None:
    if image.ports is None or claim.port not in PORTS or claim.port in image.ports:
        return None
    ports = " or ".join(sorted(image.ports))
    return Finding("port", f"the image is one of port {ports}, not {claim.port}")


def _mcu(image: Image, claim: Claim) -> Finding | None:
    if image.mcus is None or claim.mcu is None or claim.mcu.casefold() in image.mcus:
        return None
    mcus = " or ".join(sorted(image.mcus))
    return Finding("chip", f"the image is for {mcus}, not for {claim.mcu}")


def _riscv(image: Image, claim: Claim) -> Finding | None:
    """Compare the two processors of the RP2350, which differ in nothing but the variant."""
    if claim.board is None or image.mcus != frozenset({"rp2350"}):
        return None
    claimed = "RISCV" in (claim.variant or "").upper()
    if claimed == (image.facts.chip == RISCV):
        return None
    variant = claim.variant or "the default variant"
    return Finding("chip", f"the image is for {image.facts.chip}, the name says {variant}")


def _banner(image: Image) -> Finding | None:
    if image.identity.versions or not image.speaks:
        return None
    return Finding("no-banner", "no MicroPython banner with version and date is inside")


def _base(image: Image, claim: Claim) -> Finding | None:
    claimed = _claimed_base(claim)
    versions = image.identity.versions
    if not claimed or not versions:
        return None
    if any(BuildVersion.read(text).base == claimed for text in versions):
        return None
    said = ", ".join(versions)
    return Finding("base-version", f"the image says {said}, the name {claim.version or claim.base}")


def _tag(image: Image, claim: Claim) -> Finding | None:
    versions = image.identity.versions
    if claim.version is None or not versions or _base(image, claim) is not None:
        return None
    claimed = BuildVersion.read(claim.version)
    if any(claimed.agrees(BuildVersion.read(text)) for text in versions):
        return None
    return Finding("tag-differs", f"the image says {', '.join(versions)}, the name {claim.version}")


def _date(image: Image, claim: Claim) -> Finding | None:
    dates = image.identity.dates
    if claim.date is None or not dates or claim.date in dates:
        return None
    return Finding("date-differs", f"the image says {', '.join(dates)}, the name {claim.date}")


def _board(image: Image, claim: Claim) -> Finding | None:
    machines = image.identity.machines
    if not machines or not all(contradicts(machine, claim) for machine in machines):
        return None
    return Finding("board-differs", f"the image says {', '.join(machines)}, the name {claim.board}")


def _offset(image: Image, claim: Claim) -> Finding | None:
    facts = image.facts
    if claim.flash_offset is None or facts.structure != "esp32-combined":
        return None
    if facts.offset == claim.flash_offset:
        return None
    return Finding(
        "offset-differs",
        f"the image goes to {facts.offset or 0:#x}, the instructions say {claim.flash_offset:#x}",
    )
