"""Raw images: a beginning that can be recognised, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mirror.formats.arm import has_vector_table, is_raw_arm, read_raw_arm
from mirror.formats.verdict import ImageFacts, Region
from tests.formats.images import patched, raw_arm, raw_mimxrt, vectors
from tests.formats.refusals import rule_of


@pytest.mark.parametrize(
    ("ivt_at", "base", "offset"),
    [(0x1000, 0x60000000, 0x60000000), (0xC00, 0x60000400, 0x60000400), (0xC00, 0x400, 0x400)],
)
def test_the_vector_table_of_mimxrt_tells_where_the_file_goes(
    ivt_at: int, base: int, offset: int
) -> None:
    """It holds its own address, and the place in the file is known."""
    data = raw_mimxrt(ivt_at, base)

    assert replace(read_raw_arm(data).facts, payload=None) == ImageFacts(
        "raw-arm", "MIMXRT", offset, regions=(Region(offset, offset + len(data)),)
    )


def test_a_program_that_begins_with_its_vectors_says_no_place() -> None:
    """Where it goes depends on a soft device or boot loader that is not in the file."""
    image = read_raw_arm(raw_arm())

    assert (image.facts.offset, image.facts.chip) == (None, None)
    assert image.ports == frozenset({"mimxrt", "nrf", "renesas-ra"})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (vectors(), True),
        (vectors(reset=0x1000), False),
        (vectors(stack=0x08000000), False),
        (vectors(stack=0x20000002), False),
        (vectors()[:7], False),
        (b"FCFB", True),
        (b"", False),
    ],
)
def test_the_beginning_is_recognised(data: bytes, *, expected: bool) -> None:
    """Stack pointer in RAM and on a word, odd reset vector; or a configuration block."""
    assert is_raw_arm(data) is expected


def test_a_table_outside_the_bytes_is_none() -> None:
    """Any offset may be asked for."""
    assert has_vector_table(vectors(), 12) is False


@pytest.mark.parametrize(
    "data",
    [
        b"\1" * 16,
        b"FCFB".ljust(0x2000, b"\0"),
        raw_mimxrt()[:0x1008],
        patched(raw_mimxrt(), 0x1000 + 20, bytes(4)),
    ],
)
def test_what_begins_otherwise_is_refused(data: bytes) -> None:
    """No vectors, a block without table, a table cut short, a table for another place."""
    assert rule_of(read_raw_arm, data) in {"vector-table", "truncated"}
