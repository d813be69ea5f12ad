"""What an image says of itself, in every form that builds have used."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.formats.identity import HITS, MOST, find_identity, merge
from mirror.formats.verdict import Identity

_DATE = "2024-06-02"
_MICROBIT = (
    b"MicroPython v1.9.2-34 on 2017-09-01; micro:bit v1.0.0 with nRF51822\r\n\0"
    b"micro:bit v1.0.0+e411 on 2018-09-21; MicroPython v1.9.2-34 on 2017-09-01\0"
)


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        (
            b"MicroPython v1.18 on 2022-01-17; ESP32 module with ESP32\r\n\0",
            Identity(("v1.18",), ("2022-01-17",), ("ESP32 module with ESP32",)),
        ),
        (
            b"MicroPython v1.23.0 on 2024-06-02\0\0; Generic ESP32 module with ESP32\0",
            Identity(("v1.23.0",), (_DATE,), ("Generic ESP32 module with ESP32",)),
        ),
        (
            b"3.4.0; MicroPython v1.25.0-preview.172.g5d12df51f.dirty on 2025-02-25\0",
            Identity(("v1.25.0-preview.172.g5d12df51f.dirty",), ("2025-02-25",), ()),
        ),
        (
            b"MicroPython (with v2.0 preview) v1.25.0 on 2024-06-02\0",
            Identity(("v1.25.0",), (_DATE,), ()),
        ),
        (
            b"\x04\x10v1.24.1 on 2024-06-02 (GNU 13.2.0)\0MicroPython v1.24.1 on 2024-06-02\0",
            Identity(("v1.24.1",), (_DATE,), ()),
        ),
        (
            _MICROBIT,
            Identity(
                ("v1.9.2-34", "v1.0.0+e411"),
                ("2017-09-01", "2018-09-21"),
                ("micro:bit v1.0.0 with nRF51822",),
            ),
        ),
    ],
)
def test_every_form_of_the_banner_is_read(text: bytes, identity: Identity) -> None:
    """One string up to v1.18, two since; tags, toolchains and micro:bit products too."""
    assert find_identity(b"\xff\0" + text + b"\xff") == identity


@pytest.mark.parametrize(
    "text",
    [
        b"Adafruit CircuitPython 9.2.1 on 2024-11-20; Raspberry Pi Pico\0",
        b"v1.24.1 on 2024-06-02\0",
        b"MicroPython v1.24.1\0",
        b"MicroPython version on 2024-06-02\0",
        b"MicroPython v1.24.1 on 24-06-02\0",
        b"micropython v1.24.1 on 2024-06-02\0",
        "MicroPython v1.2٣.1 on 2024-06-02".encode(),
    ],
)
def test_without_the_name_of_micropython_there_is_no_version(text: bytes) -> None:
    """A version and a date alone, or with another name, are no banner."""
    identity = find_identity(b"\0" + text)

    assert (identity.versions, identity.dates) == ((), ())


@pytest.mark.parametrize(
    ("text", "machines"),
    [
        (b"\0; Generic ESP32 module with OTA with ESP32\0", ("Generic ESP32 module with OTA",)),
        (b"\0micro:bit with nRF52833\0", ("micro:bit",)),
        (b"\0PYBv1.1 with STM32F405RG\0", ("PYBv1.1",)),
        (b"\0; Board with NEWCHIP-1\0", ("Board",)),
    ],
)
def test_a_machine_string_stands_alone_or_behind_a_banner(
    text: bytes, machines: tuple[str, ...]
) -> None:
    """All of it is taken, whatever the chip, up to the last "with"."""
    found = find_identity(text).machines

    assert tuple(machine.rpartition(" with ")[0] for machine in found) == machines


@pytest.mark.parametrize(
    "text",
    [
        b"\0a file with errors\0",
        b"\0error; failed with code\0",
        b"\x12@?Board with ESP32\0",
        b"\0Board with ESP32 and more\0",
        b"\0; with ESP32\0",
        b"\0 with ESP32\0",
        b"\0\xd0\xb9 with ESP32\0",
    ],
)
def test_english_and_garbage_are_no_machine(text: bytes) -> None:
    """A sentence, a string with garbage before it, and non-ASCII text are left out."""
    assert find_identity(text).machines == ()


def test_an_echo_behind_garbage_is_left_out() -> None:
    """The same string elsewhere with a byte before it that happens to be a letter."""
    machines = find_identity(b"\0; Pico with RP2040\0\0BPico with RP2040\0").machines

    assert machines == ("Pico with RP2040",)


def test_what_is_repeated_is_looked_at_a_bounded_number_of_times() -> None:
    """Neither many different strings nor one repeated for ever makes the answer long."""
    many = b"".join(b"MicroPython v1.%d on 2024-06-02\0" % number for number in range(2 * HITS))

    assert len(find_identity(many).versions) == MOST


@pytest.mark.parametrize("crowd", [b" with ", b" on 2"])
def test_a_crowd_of_one_kind_hides_nothing_of_the_other(crowd: bytes) -> None:
    """What stands behind more places than are looked at is found all the same."""
    said = b"\0MicroPython v1.23.0 on 2024-06-02; Pico with RP2040\0"

    identity = find_identity(crowd * (HITS + 1) + said)

    assert identity.versions or identity.machines
    assert identity.versions == (("v1.23.0",) if crowd == b" with " else ())
    assert identity.machines == (("Pico with RP2040",) if crowd == b" on 2" else ())


def test_merging_keeps_order_and_drops_repetition() -> None:
    """Members of a zip that say the same say it once."""
    one, other = Identity(("v1", "v2"), ("d",), ()), Identity(("v2", "v3"), ("d",), ("m",))

    assert merge([one, other]) == Identity(("v1", "v2", "v3"), ("d",), ("m",))


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from([b" on 20", b" with ", b"; ", b"MicroPython ", b"v1.2", b"24-01-01", b"\0"])
        | st.binary(max_size=12)
    )
)
def test_what_is_found_is_printable_ascii(pieces: list[bytes]) -> None:
    """No bytes make the search raise, and control characters never leave it."""
    identity = find_identity(b"".join(pieces))
    texts = "".join(identity.versions + identity.dates + identity.machines)

    assert texts == "" or (texts.isascii() and texts.isprintable())
