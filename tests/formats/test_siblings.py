"""Files of one build agree, those of another do not, and nothing is said that nobody knows."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from mirror.catalog.kinds import Kind
from mirror.formats.siblings import (
    DIFFERS,
    Sibling,
    agree,
    comparable,
    partners,
    with_agreement,
    with_difference,
)
from mirror.formats.verdict import Claim, Conclusion, ImageFacts, Verdict
from mirror.formats.verify import verify
from tests.formats.real import needs_real_images, real_file, real_files
from tests.replica.images import Recipe, make_image

PYBOARD = Recipe("stm32", "stm32f4", "PYBV11", None, "v1.28.0", "2026-04-06", Kind.DFU)
S3 = Recipe("esp32", "esp32s3", "ESP32_GENERIC_S3", None, "v1.28.0", "2026-04-06", Kind.BIN)
NRF = Recipe("nrf", "nrf52", "PCA10056", None, "v1.28.0", "2026-04-06", Kind.HEX)
ESP8266 = Recipe("esp8266", "esp8266", "ESP8266_GENERIC", None, "v1.28.0", "2026-04-06", Kind.BIN)
TELLING = [
    (PYBOARD, Kind.DFU, Kind.HEX),
    (S3, Kind.BIN, Kind.APP_BIN),
    (S3, Kind.BIN, Kind.UF2),
    (S3, Kind.UF2, Kind.APP_BIN),
]


def read(data: bytes) -> Sibling:
    """Judge *data* and return what siblings are compared by."""
    return Sibling(hashlib.sha256(data).hexdigest(), verify(data, Claim()).facts)


def made(recipe: Recipe, kind: Kind, revision: int = 0) -> Sibling:
    """Return the file of another kind of the same build, or of one with other bytes."""
    return read(make_image(replace(recipe, kind=kind, revision=revision)))


@pytest.mark.parametrize(("recipe", "one", "other"), TELLING)
def test_files_of_one_build_agree_and_those_of_another_do_not(
    recipe: Recipe, one: Kind, other: Kind
) -> None:
    """Whichever comes second."""
    first, second, stranger = made(recipe, one), made(recipe, other), made(recipe, other, 1)

    assert (agree(first, second), agree(second, first)) == (True, True)
    assert (agree(first, stranger), agree(stranger, first)) == (False, False)


def test_a_dfu_for_another_address_does_not_agree() -> None:
    one, other = made(PYBOARD, Kind.DFU), made(PYBOARD, Kind.HEX)
    assert other.facts is not None
    moved = Sibling(other.sha256, replace(other.facts, offset=0x08008000))

    assert agree(one, moved) is False


def test_a_raw_file_agrees_with_its_hex_or_says_nothing() -> None:
    """Gaps may be filled in ways that nobody promises, so another content is no alarm."""
    one, other = made(NRF, Kind.HEX), made(NRF, Kind.BIN)

    assert agree(one, other) is True
    assert agree(one, made(NRF, Kind.BIN, 1)) is None


def test_an_application_names_the_program_that_it_was_made_from() -> None:
    elf = made(S3, Kind.ELF)
    image = made(S3, Kind.BIN)
    assert image.facts is not None
    named = Sibling(image.sha256, replace(image.facts, elf=elf.sha256))

    assert agree(named, elf) is True
    assert agree(elf, named) is True
    assert agree(image, elf) is None


def test_files_that_can_not_be_compared_are_not() -> None:
    """A UF2 for RP2 has no sibling, an old line of the ledger no digest of its payload."""
    nothing = Sibling("0" * 64, None)
    old = Sibling("0" * 64, ImageFacts("esp32-combined"))

    assert agree(nothing, made(S3, Kind.BIN)) is None
    assert agree(old, made(S3, Kind.APP_BIN)) is None
    assert agree(made(PYBOARD, Kind.DFU), made(S3, Kind.BIN)) is None
    assert not comparable(None)
    assert not comparable(ImageFacts("uf2"))
    assert comparable(ImageFacts("elf"))


def test_siblings_have_the_same_name_but_for_the_kind() -> None:
    assert partners("PYBV11-20260406-v1.28.0.dfu", "dfu") == ("PYBV11-20260406-v1.28.0.hex",)
    assert "B-20260406-v1.28.0.bin" in partners("B-20260406-v1.28.0.app-bin", "app-bin")
    assert partners("B-20260406-v1.28.0.map", "map") == ()


def test_what_is_added_to_a_verdict_is_added_once() -> None:
    verdict = Verdict(Conclusion.VERIFIED)
    agreeing = with_agreement(with_agreement(verdict, "b"), "a")
    differing = with_difference(agreeing, "c")

    assert agreeing == replace(verdict, agrees_with=("a", "b"))
    assert with_agreement(agreeing, "a") == agreeing
    assert with_difference(differing, "c") == differing
    assert (differing.conclusion, differing.differs_from) == (Conclusion.WARNED, ("c",))
    assert [(reason.rule, "c" in reason.text) for reason in differing.reasons] == [(DIFFERS, True)]


def test_a_refused_verdict_stays_refused() -> None:
    assert not with_difference(Verdict(Conclusion.REFUSED), "c").accepted


@needs_real_images
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ESP32_GENERIC_S3-20240602-v1.23.0.bin", "ESP32_GENERIC_S3-20240602-v1.23.0.app-bin"),
        ("esp8266-20180511-v1.9.4.bin", "esp8266-20180511-v1.9.4.elf"),
    ],
)
def test_the_real_pairs_agree(one: str, other: str) -> None:
    assert agree(read(real_file(one).read()), read(real_file(other).read())) is True


@needs_real_images
def test_no_real_image_agrees_with_one_of_another_build() -> None:
    """Every image against the two that have a sibling."""
    bases = {
        name: read(real_file(name).read())
        for name in ("ESP32_GENERIC_S3-20240602-v1.23.0.bin", "esp8266-20180511-v1.9.4.bin")
    }
    agreeing = {
        (base, file.name)
        for file in real_files()
        for base, known in bases.items()
        if file.name.rpartition(".")[0] != base.rpartition(".")[0]
        and agree(known, read(file.read()))
    }

    assert agreeing == set()


@needs_real_images
def test_every_real_application_of_the_esp32_names_its_program() -> None:
    """Which is how an ELF of theirs is known, without one being at hand."""
    combined = [file for file in real_files() if file.name.startswith("ESP32_GENERIC-2")]

    assert combined != []
    assert all((facts := read(file.read()).facts) and facts.elf for file in combined)
