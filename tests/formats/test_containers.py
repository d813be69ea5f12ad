"""Zip files: read in memory, bounded, and never trusted."""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import zipfile
import zlib

import pytest

from mirror.formats.containers import read_zip
from mirror.formats.verdict import Checksummed, ImageFacts
from mirror.formats.zip_members import MOST_MEMBERS
from tests.formats.images import (
    HEX_END,
    LINKER_MAP,
    elf,
    ihex,
    mcuimg,
    patched,
    raw_arm,
    record,
    strings,
    zip_of,
)
from tests.formats.refusals import rule_of

WIPY = zip_of({"mcuimg.bin": mcuimg()})
META = {"firmware.elf": elf(), "firmware.map": LINKER_MAP}
LOCAL_NAME = 30
CENTRAL = WIPY.index(b"PK\1\2")


def test_the_image_of_a_cc3200_is_found_inside() -> None:
    """Its zip tells the chip, and the member's banner is that of the file."""
    image = read_zip(WIPY)

    assert image.facts == ImageFacts("zip", "CC3200")
    assert (image.ports, image.kinds) == (frozenset({"cc3200"}), frozenset({"zip"}))
    assert image.identity.versions == ("v1.28.0",)


@pytest.mark.parametrize(
    "members",
    [
        {"firmware.hex": ihex().lower(), "flash.FLM": b"loader", "qspi.cfg": b"source"},
        {"bin/firmware.bin": raw_arm(), "M55_HE/firmware.bin": raw_arm(), "toc.ds": b"toc"},
    ],
)
def test_zips_of_other_ports_are_searched_member_by_member(members: dict[str, bytes]) -> None:
    """Intel HEX is flattened first, directories are allowed, and no chip is claimed."""
    image = read_zip(zip_of(members))

    assert image.identity.versions == ("v1.28.0",)
    assert image.ports == frozenset({"alif", "psoc-edge"})


def test_debugging_files_are_another_kind_of_zip() -> None:
    """With an ELF inside it is a `meta.zip`, and its members must be sound."""
    image = read_zip(zip_of(META))

    assert (image.kinds, image.findings) == (frozenset({"meta.zip"}), ())
    assert (image.checksummed, image.identity.versions) == (Checksummed.CRC32, ("v1.28.0",))


@pytest.mark.parametrize("members", [{"firmware.elf": elf()}, META | {"notes.txt": b"notes"}])
def test_other_debugging_files_only_warn(members: dict[str, bytes]) -> None:
    """What a `meta.zip` holds was never seen: one ELF and one map is an expectation."""
    image = read_zip(zip_of(members))

    assert [finding.rule for finding in image.findings] == ["members"]


def _streamed() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(_Unseekable(buffer), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mcuimg.bin", mcuimg())
        archive.writestr("notes.txt", b"notes")
    return buffer.getvalue()


class _Unseekable(io.RawIOBase):
    """A pipe, into which a zip is written with sizes behind the data."""

    def __init__(self, sink: io.BytesIO) -> None:
        self._sink = sink

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # any buffer in theory
        return self._sink.write(data)


@pytest.mark.parametrize(
    "data",
    [
        zip_of({"mcuimg.bin": mcuimg()}, zipfile.ZIP_STORED),
        zip_of({"folder/": b"", "mcuimg.bin": mcuimg()}),
        _streamed(),
    ],
)
def test_every_plain_way_to_write_a_zip_is_read(data: bytes) -> None:
    """Stored or deflated, with directories, with sizes behind the data."""
    assert read_zip(data).identity.versions == ("v1.28.0",)


def test_the_descriptors_of_a_piped_zip_are_there() -> None:
    """The case above is what it says it is."""
    assert struct.unpack_from("<H", _streamed(), 6)[0] & 8


def _bomb(size: int) -> bytes:
    return zip_of({"mcuimg.bin": bytes(size)})


def _named(name: str) -> bytes:
    return zip_of({name: mcuimg()})


def _of_type(kind: int) -> bytes:
    return patched(WIPY, CENTRAL + 38, struct.pack("<I", (kind | 0o644) << 16))


def _central(offset: int, new: bytes) -> bytes:
    return patched(WIPY, CENTRAL + offset, new)


def _claiming(size: int) -> bytes:
    claim = struct.pack("<I", size)
    return patched(patched(WIPY, CENTRAL + 24, claim), 22, claim)


def _end(directory: int, size: int) -> bytes:
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, size, directory, 0)


def _in_directory(more: bytes) -> bytes:
    return WIPY[:-22] + more + _end(CENTRAL, len(WIPY) - 22 - CENTRAL + len(more))


def _before_members(more: bytes) -> bytes:
    moved = patched(WIPY, CENTRAL + 42, struct.pack("<I", len(more)))[:-22]
    return more + moved + _end(CENTRAL + len(more), len(WIPY) - 22 - CENTRAL)


def _behind_members(more: bytes) -> bytes:
    directory = CENTRAL + len(more)
    return WIPY[:CENTRAL] + more + WIPY[CENTRAL:-22] + _end(directory, len(WIPY) - 22 - CENTRAL)


def _twice(name: str) -> bytes:
    data = zip_of({"mcuimg.bin": mcuimg(), name: b"other"})
    return data.replace(name.encode(), b"MCUIMG.BIN")


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (WIPY[:10], "truncated"),
        (WIPY[:-1], "trailing"),
        (WIPY[: len(WIPY) // 2], "trailing"),
        (WIPY + b"\xff" * 512, "trailing"),
        (WIPY + bytes(512), "trailing"),
        (patched(WIPY, -2, b"\1"), "trailing"),
        (WIPY[:-22] + bytes(4) + WIPY[-22:], "structure"),
        (b"#!" + WIPY, "structure"),
        (patched(WIPY, -10, b"\xff\xff"), "structure"),
        (patched(WIPY, -12, b"\xff\xff"), "bomb"),
        (patched(WIPY, -14, b"\2\0\2\0"), "truncated"),
        (patched(WIPY, 0, b"PP"), "structure"),
        (patched(WIPY, LOCAL_NAME, b"M"), "structure"),
        (patched(WIPY, 14, b"\0\0\0\0"), "structure"),
        (patched(WIPY, LOCAL_NAME + 60, b"\xaa\xbb\xcc"), "checksum"),
        (patched(WIPY, LOCAL_NAME + len("mcuimg.bin"), b"\x07"), "checksum"),
        (_in_directory(b"more"), "structure"),
        (_before_members(b"more"), "structure"),
        (_behind_members(b"more"), "structure"),
        (_central(0, b"PP"), "structure"),
        (_central(8, b"\1"), "structure"),
        (_central(10, b"\x0e"), "structure"),
        (_central(42, b"\1"), "structure"),
        (_central(20, b"\1\0"), "structure"),
        (_claiming(4000), "checksum"),
        (_claiming(5000), "checksum"),
        (_claiming(200 << 20), "bomb"),
        (_bomb(2 << 20), "bomb"),
        (_of_type(stat.S_IFLNK), "symlink"),
        (_of_type(stat.S_IFCHR), "symlink"),
        (_named("/etc/passwd"), "path"),
        (_named("../mcuimg.bin"), "path"),
        (_named("a/../../b"), "path"),
        (_named("C:evil"), "path"),
        (_named("a\\b"), "path"),
        (_named("a//b"), "path"),
        (_named("a\nb"), "path"),
        (_named("é"), "path"),
        (_twice("mcuimg.bix"), "duplicate"),
        (zip_of({f"{number}": b"x" for number in range(MOST_MEMBERS + 1)}), "bomb"),
        (zip_of({}), "structure"),
        (zip_of({"folder/": b""}), "structure"),
        (zip_of({"mcuimg.bin": patched(mcuimg(), 0, b"\1")}), "checksum"),
        (zip_of({"mcuimg.bin": mcuimg().upper()}), "checksum"),
        (zip_of({"mcuimg.bin": b"short"}), "checksum"),
        (zip_of({"a.hex": ihex().removesuffix(HEX_END)}), "truncated"),
        (zip_of({"a.hex": record(0, 0, strings()[:200]) + b"junk"}), "structure"),
        (zip_of(META | {"firmware.elf": elf()[:60]}), "truncated"),
        (zip_of(META | {"firmware.map": b"nothing"}), "text"),
    ],
)
def test_what_is_not_plain_is_refused_by_name(data: bytes, rule: str) -> None:
    """Bombs, paths, links, duplicates, damage, and bytes that belong to nobody."""
    assert rule_of(read_zip, data) == rule


def test_a_stream_that_goes_on_behind_its_member_is_refused() -> None:
    """Bytes behind the end of the compressed data are no part of it."""
    content = b"x" * 50
    packed = zlib.compress(content, wbits=-15) + b"more"
    claims = (0, 8, 0, 0, zlib.crc32(content), len(packed), len(content), 1, 0)
    member = struct.pack("<4s5H3I2H", b"PK\3\4", 20, *claims) + b"a" + packed
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, *claims, 0, 0, 0, 0, 0) + b"a"
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(entry), len(member), 0)

    assert rule_of(read_zip, member + entry + end) == "checksum"


def test_the_md5_inside_an_image_is_in_lower_case() -> None:
    """As upstream's tool writes it: 32 hexadecimal digits behind the image."""
    image = mcuimg()

    assert image[-32:] == hashlib.md5(image[:-32], usedforsecurity=False).hexdigest().encode()
