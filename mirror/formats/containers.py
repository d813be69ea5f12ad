"""Zip files: of cc3200, alif and psoc-edge to flash, and `meta.zip` for debugging.

The CRC-32 of every member is checked, and the members are searched for the banner; an
ELF, a map or an Intel HEX inside must be sound too.  `mcuimg.bin` of cc3200 ends in the
MD5 of what precedes, in hexadecimal.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from mirror.errors import MalformedImageError
from mirror.formats.elf import read_elf
from mirror.formats.identity import find_identity, merge
from mirror.formats.ihex import flatten
from mirror.formats.image import Image
from mirror.formats.linker_map import read_map
from mirror.formats.verdict import Checksummed, Finding, Identity, ImageFacts
from mirror.formats.zip_members import Member, read_directory, read_member

CC3200_IMAGE = "mcuimg.bin"

_MD5_DIGITS = 32


def read_zip(data: bytes) -> Image:
    """Read the zip of a board, or of debugging files, whichever its members say."""
    members = read_directory(data)
    if not members:
        raise MalformedImageError("the zip holds no file")
    if any(member.name.endswith(".elf") for member in members):
        return _read_meta(data, members)
    cc3200 = any(member.name == CC3200_IMAGE for member in members)
    return Image(
        facts=ImageFacts("zip", "CC3200" if cc3200 else None),
        kinds=frozenset({"zip"}),
        checksummed=Checksummed.CRC32,
        identity=merge(_identity_of(member, read_member(data, member)) for member in members),
        ports=frozenset({"cc3200"}) if cc3200 else frozenset({"alif", "psoc-edge"}),
        mcus=frozenset({"cc3200"}) if cc3200 else None,
    )


def _identity_of(member: Member, content: bytes) -> Identity:
    if member.name == CC3200_IMAGE:
        _require_md5(content)
    if member.name.endswith(".hex"):
        return merge(find_identity(run) for _, run in flatten(content))
    return find_identity(content)


def _require_md5(content: bytes) -> None:
    stored = content[-_MD5_DIGITS:]
    image = memoryview(content)[:-_MD5_DIGITS]
    if hashlib.md5(image, usedforsecurity=False).hexdigest().encode() != stored:
        raise MalformedImageError(
            f"{CC3200_IMAGE} does not end in the MD5 of its bytes", rule="checksum"
        )


def _read_meta(data: bytes, members: list[Member]) -> Image:
    programs: list[Image] = []
    for member in members:
        content = read_member(data, member)
        if member.name.endswith(".elf"):
            programs.append(read_elf(content))
        elif member.name.endswith(".map"):
            read_map(content)
    return replace(
        programs[0],
        facts=ImageFacts("zip"),
        kinds=frozenset({"meta.zip"}),
        checksummed=Checksummed.CRC32,
        identity=merge(program.identity for program in programs),
        findings=_unusual_members(members),
        limits=(),
    )


def _unusual_members(members: list[Member]) -> tuple[Finding, ...]:
    endings = sorted(member.name.rpartition(".")[2] for member in members)
    if endings == ["elf", "map"]:
        return ()
    return (Finding("members", f"the zip holds {', '.join(endings)}, not one elf and one map"),)
