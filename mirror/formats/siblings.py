"""Whether two files of one build carry the same program.

What can be said depends on the pair.  The files of the ESP32 family hold the application
byte for byte, and a `.hex` holds what the `.dfu` of the same build does: there agreement and
disagreement are both facts.  An ELF and a raw `.bin` are linked and filled in ways that
nobody promises, so for them only agreement says something; real pairs were at hand for
`.app-bin` and `.bin`, and for `.elf` and `.bin` of the ESP8266 (`formats.md` section 8).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mirror.formats.verdict import Conclusion, Finding, ImageFacts, Verdict
from mirror.frozen import dataclass

DIFFERS: Final = "sibling-differs"
"""The rule of the finding that names a sibling with another program."""

_ESP32: Final = frozenset({"esp32-combined", "esp32-app", "uf2"})
_TELLING: Final = (_ESP32, frozenset({"intel-hex", "dfuse"}))
_AGREEING: Final = (
    frozenset({"intel-hex", "raw-arm"}),
    frozenset({"elf", "esp8266"}),
)
# Values of `mirror.catalog.kinds.Kind`.
_PARTNERS: Final = {
    "uf2": ("bin", "app-bin", "elf"),
    "bin": ("app-bin", "uf2", "hex", "elf"),
    "app-bin": ("bin", "uf2", "elf"),
    "dfu": ("hex",),
    "hex": ("dfu", "bin"),
    "elf": ("bin", "app-bin", "uf2"),
}


@dataclass(frozen=True, slots=True)
class Sibling:
    """One file of a build: its whole digest in hex, and what was found in it."""

    sha256: str
    facts: ImageFacts | None


def partners(name: str, kind: str) -> tuple[str, ...]:
    """Return the names that files of the same build as *name* have, of kinds to compare with."""
    stem = name.removesuffix(kind)
    return tuple(f"{stem}{partner}" for partner in _PARTNERS.get(kind, ()))


def comparable(facts: ImageFacts | None) -> bool:
    """Whether what was found in a file can agree with a sibling at all."""
    return facts is not None and (facts.payload is not None or facts.structure == "elf")


def agree(one: Sibling, other: Sibling) -> bool | None:
    """Say whether two files of one build carry the same program; None where nothing is known."""
    if one.facts is None or other.facts is None:
        return None
    for elf, image in ((one, other), (other, one)):
        if elf.facts and elf.facts.structure == "elf" and _names(image, elf):
            return True
    structures = frozenset({one.facts.structure, other.facts.structure})
    if one.facts.payload is None or other.facts.payload is None:
        return None
    same = one.facts.payload == other.facts.payload
    if structures == _TELLING[1]:
        return same and one.facts.offset == other.facts.offset
    if structures <= _TELLING[0]:
        return same
    return True if same and structures in _AGREEING else None


def with_agreement(verdict: Verdict, name: str) -> Verdict:
    """Return *verdict* with *name* among the siblings that agree."""
    if name in verdict.agrees_with:
        return verdict
    return replace(verdict, agrees_with=tuple(sorted({*verdict.agrees_with, name})))


def with_difference(verdict: Verdict, name: str) -> Verdict:
    """Return *verdict* with *name* as a sibling that differs: a warning, nothing worse."""
    if name in verdict.differs_from:
        return verdict
    finding = Finding(DIFFERS, f"its sibling {name} carries another program")
    return replace(
        verdict,
        conclusion=Conclusion.WARNED if verdict.accepted else verdict.conclusion,
        reasons=(*verdict.reasons, finding),
        differs_from=(*verdict.differs_from, name),
    )


def refused_for_siblings(verdict: Verdict) -> Verdict:
    """Return *verdict* as a refusal because siblings differ, for who asks that they agree."""
    reasons = tuple(reason for reason in verdict.reasons if reason.rule == DIFFERS)
    return replace(verdict, conclusion=Conclusion.REFUSED, reasons=reasons)


def _names(image: Sibling, elf: Sibling) -> bool:
    """Whether the application in *image* says that it was made from the program *elf*."""
    return image.facts is not None and image.facts.elf == elf.sha256
