"""The verdict as a whole: any bytes get one, and it claims nothing that was not checked."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.catalog.kinds import Kind
from mirror.formats.verdict import Checksummed, Claim, Conclusion, Finding, Verdict
from mirror.formats.verify import MOST_BYTES, verify
from tests.formats import esp_images, images
from tests.formats.samples import SAMPLES

_KINDS = st.sampled_from([None, *(kind.value for kind in Kind)])
_HEADS = st.sampled_from([data[:64] for _, data in SAMPLES.values()] + [b"", b"MicroPython v1.2"])


def _reasons(verdict: Verdict) -> list[str]:
    return [finding.rule for finding in verdict.reasons]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sound_image_of_its_kind_is_verified(name: str) -> None:
    """Every structure, whole and under its own kind, is verified without a reason."""
    kind, data = SAMPLES[name]

    verdict = verify(data, Claim(kind=kind))

    assert (verdict.conclusion, verdict.reasons) == (Conclusion.VERIFIED, ())


@pytest.mark.parametrize("name", SAMPLES)
def test_content_alone_decides_where_no_kind_is_claimed(name: str) -> None:
    """Without a name to compare with, the same facts are found."""
    kind, data = SAMPLES[name]

    assert verify(data, Claim()) == verify(data, Claim(kind=kind))


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("kind", [kind.value for kind in Kind])
def test_a_structure_under_a_name_of_another_kind_is_refused(name: str, kind: str) -> None:
    """Only the kinds that may carry a structure are accepted for it."""
    own, data = SAMPLES[name]

    verdict = verify(data, Claim(kind=kind))

    assert verdict.accepted == (kind == own)
    assert _reasons(verdict) == ([] if kind == own else ["kind"])


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "empty"),
        (bytes(32_768), "constant"),
        (b"\xff" * 512, "constant"),
        (b"<!DOCTYPE html><html><body>404 Not Found .text</body></html>", "markup"),
        (b"\xef\xbb\xbf \r\n<html>", "markup"),
        (b"404 Not Found\n", "text"),
        (b"\x00\x01\x02\x03" * 64, "unknown"),
        (b"text with a NUL\x00", "unknown"),
        (b"\xfe\xfe no UTF-8", "unknown"),
    ],
)
def test_bytes_without_structure_are_refused_by_name(data: bytes, rule: str) -> None:
    """An empty file, a constant byte, a page and other text are each called what they are."""
    verdict = verify(data, Claim())

    assert (verdict.conclusion, _reasons(verdict)) == (Conclusion.REFUSED, [rule])


def test_a_file_of_another_kind_is_refused_for_that_and_not_for_its_damage() -> None:
    """A cut ELF file under the name of a UF2 is no cut UF2."""
    verdict = verify(images.elf()[:60], Claim(kind="uf2"))

    assert verdict.reasons == (Finding("kind", "the content is ELF, the name says uf2"),)


@pytest.mark.parametrize("kind", ["uf2", "bin", "map"])
def test_a_message_in_place_of_an_image_is_called_text(kind: str) -> None:
    """An error that was served with status 200 is not taken for a broken map."""
    verdict = verify(b'{"error": "not found"}', Claim(kind=kind))

    assert _reasons(verdict) == ["text"]


def test_an_application_under_the_name_of_a_combined_file_is_refused() -> None:
    """At the offset of a `.bin`, a bare application would not start."""
    verdict = verify(esp_images.application(), Claim(kind="bin"))

    assert _reasons(verdict) == ["kind"]


def test_a_file_larger_than_any_image_is_refused_unread() -> None:
    """One byte over the limit is refused, whatever it holds."""
    verdict = verify(images.raw_arm().ljust(MOST_BYTES + 1, b"\1"), Claim())

    assert _reasons(verdict) == ["too-large"]


def test_an_own_build_without_banner_is_only_warned_of() -> None:
    """Whatever else is wrong with it is refused as for upstream's."""
    blank = images.uf2(images.rp2040_program(b"\0of somebody else\0"))
    own = verify(blank, Claim(kind="uf2", port="rp2", own=True))
    other = verify(blank, Claim(kind="uf2", port="samd", own=True))

    assert (own.conclusion, _reasons(own)) == (Conclusion.WARNED, ["no-banner"])
    assert (other.conclusion, "port" in _reasons(other)) == (Conclusion.REFUSED, True)


def test_an_image_without_banner_is_refused_with_its_facts() -> None:
    """A sound structure that does not name MicroPython is refused, and says what it is."""
    program = images.rp2040_program(b"\0Adafruit CircuitPython 9.2.1 on 2024-11-20; Pico\0")

    verdict = verify(images.uf2(program), Claim(kind="uf2"))

    assert (verdict.conclusion, _reasons(verdict)) == (Conclusion.REFUSED, ["no-banner"])
    assert verdict.facts is not None
    assert verdict.facts.chip == "RP2040"


def test_all_reasons_are_named_not_only_the_first() -> None:
    """A file of another port, version and day is refused for each, and warned about too."""
    claim = Claim(kind="uf2", port="samd", mcu="samd21", base="1.27.0", date="2025-12-09")

    verdict = verify(images.uf2(images.rp2040_program()), claim)

    assert _reasons(verdict) == [
        *("port", "chip", "base-version"),
        *("date-differs", "board-differs"),
    ]


@pytest.mark.parametrize(
    ("name", "checksummed"),
    [
        ("uf2-rp2040", Checksummed.NONE),
        ("uf2-esp32s3", Checksummed.SHA256),
        ("esp32-combined", Checksummed.SHA256),
        ("esp32-app", Checksummed.SHA256),
        ("esp8266", Checksummed.MD5),
        ("dfuse", Checksummed.CRC32),
        ("intel-hex", Checksummed.XOR),
        ("universal-hex", Checksummed.XOR),
        ("elf", Checksummed.NONE),
        ("map", Checksummed.NONE),
        ("zip", Checksummed.CRC32),
        ("meta-zip", Checksummed.CRC32),
        ("raw-arm", Checksummed.NONE),
    ],
)
def test_a_verdict_names_the_checksum_that_covers_the_content(
    name: str, checksummed: Checksummed
) -> None:
    """The strongest checksum inside is named, and nothing is called one that is none."""
    verdict = verify(SAMPLES[name][1], Claim())

    assert verdict.checksummed is checksummed


@pytest.mark.parametrize("name", ["uf2-rp2040", "elf", "map", "raw-arm", "raw-mimxrt"])
def test_a_kind_that_can_not_notice_damage_says_so(name: str) -> None:
    """Where damage may go unnoticed, the first limit has these words."""
    verdict = verify(SAMPLES[name][1], Claim())

    assert "checksum" in verdict.limits[0]


def test_a_map_claims_no_identity() -> None:
    """A map is sound text; it is not said to be of any version."""
    verdict = verify(images.LINKER_MAP, Claim(kind="map", base="1.28.0", version="v1.28.0"))

    assert verdict.conclusion is Conclusion.VERIFIED
    assert verdict.identity.versions == ()
    assert "a map names neither version nor board" in verdict.limits


@settings(max_examples=300, deadline=None)
@given(_HEADS, st.binary(max_size=2048), _KINDS)
def test_any_bytes_get_a_verdict(head: bytes, body: bytes, kind: str | None) -> None:
    """No bytes, whatever they begin with, make verification raise; it is repeatable."""
    claim = Claim(kind=kind, base="1.28.0")

    assert verify(head + body, claim) == verify(head + body, claim)


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_mutated_image_gets_a_verdict(name: str, seed: int) -> None:
    """Overwritten, cut, doubled and moved pieces of sound images never make it raise."""
    _, data = SAMPLES[name]

    verdict = verify(mutated(data, random.Random(seed)), Claim())  # noqa: S311 - a test's dice

    assert isinstance(verdict.conclusion, Conclusion)


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Return *data* after one to four small edits."""
    for _ in range(dice.randint(1, 4)):
        at, other = dice.randrange(len(data) + 1), dice.randrange(len(data) + 1)
        word = dice.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x80", dice.randbytes(4)])
        piece = data[other : other + dice.randrange(64)]
        data = dice.choice(
            [
                data[:at] + word + data[at + len(word) :],
                data[:at] + piece + data[at:],
                data[:at] + data[at + len(piece) :],
                data[: at + 1],
            ]
        )
    return data
