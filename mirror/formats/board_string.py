"""Whether the machine string inside an image speaks against the board it is listed for.

There is no list of expected strings: boards are spelled freely, and spelled anew over the
years.  So only what can be said with certainty is said, and every other string passes:
names that differ in nothing but digits (``PYBv1.0`` for PYBV11), names of which one is
the other and a designator (``Raspberry Pi Pico`` for Pico W), another chip family, and
the generic ESP32 that names a variant which was not claimed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirror.formats.verdict import Claim

_WORDS = re.compile(r"[0-9]+|[a-z]+")
_DIGITS = re.compile(r"[0-9]+")
# Longer lists warn needlessly: PYBD_SF2 calls itself PYBD-SF2W, others add a size.
_DESIGNATORS = (["w"], ["2"], ["2", "w"])
_GENERIC = "ESP32_GENERIC"
_VARIANTS = ("d2wd", "ota", "spiram", "unicore")
_FAMILIES = ("stm32", "nrf5", "nrf9", "samd", "rp2")


def contradicts(machine: str, claim: Claim) -> bool:
    """Whether *machine* (``X with CHIP``) is certainly not of the board of *claim*."""
    name, _, chip = machine.rpartition(" with ")
    if _other_family(_joined(chip), _joined(claim.mcu or "")) or _other_variant(machine, claim):
        return True
    known = [text for text in (claim.board, claim.product) if text]
    if any(_ends_alike(_words(name), _words(text)) for text in known):
        return False
    return any(_other_digits(_joined(name), _joined(text)) for text in known) or (
        _other_designator(_words(name), _words(claim.product or ""))
    )


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.casefold())


def _joined(text: str) -> str:
    return "".join(_words(text))


def _ends_alike(one: list[str], other: list[str]) -> bool:
    """Whether one list of words is the end of the other, or both are spelled the same."""
    shorter = min(len(one), len(other))
    if not shorter:
        return False
    return one[-shorter:] == other[-shorter:] or "".join(one) == "".join(other)


def _other_family(said: str, claimed: str) -> bool:
    both = said.startswith(_FAMILIES) and claimed.startswith(_FAMILIES)
    return both and not said.startswith(claimed)


def _other_variant(machine: str, claim: Claim) -> bool:
    if claim.board != _GENERIC:
        return False
    named = {word for word in _VARIANTS if word in machine.casefold()}
    return not named <= {(claim.variant or "").casefold()}


def _other_digits(said: str, known: str) -> bool:
    return said != known and _DIGITS.sub("0", said) == _DIGITS.sub("0", known)


def _other_designator(said: list[str], product: list[str]) -> bool:
    return any(
        longer[-len(designator) :] == designator
        and _ends_alike(longer[: -len(designator)], shorter)
        for longer, shorter in ((said, product), (product, said))
        for designator in _DESIGNATORS
    )
