"""The members of a zip, read in memory and never extracted.

Before a byte is decompressed the whole directory is checked: its end record ends the
file, members tile the file from its first byte, names are plain, relative and different,
sizes and ratios are bounded.  A member that is returned has the size and CRC-32 it claims.
"""

from __future__ import annotations

import stat
import struct
import zlib

from mirror.errors import MalformedImageError
from mirror.formats.image import unpack
from mirror.frozen import dataclass

MOST_MEMBERS = 256
MOST_BYTES = 96 << 20
MOST_RATIO = 200

_END = struct.Struct("<I4HIIH")
_LOCAL = struct.Struct("<I5H3I2H")
_ENTRY = struct.Struct("<I6H3I5H2I")
_END_MAGIC, _LOCAL_MAGIC, _ENTRY_MAGIC = 0x06054B50, 0x04034B50, 0x02014B50
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _STREAMED = 0x1, 0x8
_DESCRIPTOR = (0, 12, 16)
_SMALL = 1 << 20
_PLAIN_FILES = {0, stat.S_IFREG, stat.S_IFDIR}


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of the directory: sizes in bytes, ``offset`` that of its local header.

    ``header`` are the bytes that the local header repeats.
    """

    name: str
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    offset: int
    header: bytes


def read_directory(data: bytes) -> list[Member]:
    """Return the files that *data* holds, in the order of its directory."""
    at = len(data) - _END.size
    magic, disk, first_disk, here, count, size, offset, comment = unpack(_END, data, at, "end")
    if magic != _END_MAGIC or comment:
        raise MalformedImageError("the file does not end in its end record", rule="trailing")
    if (disk, first_disk, here) != (0, 0, count) or count > MOST_MEMBERS:
        raise MalformedImageError(f"{count} members in parts, or over {MOST_MEMBERS}", rule="bomb")
    if offset + size != at:
        raise MalformedImageError("the directory does not end where the end record begins")
    members: list[Member] = []
    start = offset
    for _ in range(count):
        member, offset = _read_entry(data, offset)
        members.append(member)
    if offset != at:
        raise MalformedImageError("bytes stand between the directory and the end record")
    _require_bounded(members)
    _require_different(members)
    _require_tiled(data, members, start)
    return [member for member in members if not member.name.endswith("/")]


def read_member(data: bytes, member: Member) -> bytes:
    """Return the bytes of *member*; refuse another size or CRC-32 than it claims."""
    start = _content_start(data, member)
    packed = memoryview(data)[start : start + member.compressed]
    content = bytes(packed) if member.method == _STORED else _inflate(packed, member)
    if len(content) != member.size or zlib.crc32(content) != member.crc:
        raise MalformedImageError(
            f"{member.name} has not the size and CRC-32 that the directory says", rule="checksum"
        )
    return content


def _inflate(packed: memoryview, member: Member) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        # One byte more than it may have, so that the end of the stream is seen.
        content = stream.decompress(packed, member.size + 1)
    except zlib.error as error:
        raise MalformedImageError(
            f"{member.name} can not be decompressed", rule="checksum"
        ) from error
    if not stream.eof or stream.unused_data:
        raise MalformedImageError(f"{member.name} does not end where it should", rule="checksum")
    return content


def _read_entry(data: bytes, offset: int) -> tuple[Member, int]:
    fields = unpack(_ENTRY, data, offset, "directory")
    magic, _, _, flags, method, _, _, crc, compressed, size, *lengths = fields
    name_size, extra_size, comment_size, disk, _, attributes, local = lengths
    start = offset + _ENTRY.size
    end = start + name_size + extra_size + comment_size
    if magic != _ENTRY_MAGIC or disk or end > len(data):
        raise MalformedImageError(f"no entry of the directory at {offset:#x}")
    name = _safe_name(data[start : start + name_size])
    if stat.S_IFMT(attributes >> 16) not in _PLAIN_FILES:
        raise MalformedImageError(f"{name} is a link or a device", rule="symlink")
    if flags & _ENCRYPTED or method not in {_STORED, _DEFLATED}:
        raise MalformedImageError(f"{name} is encrypted, or packed by method {method}")
    header = data[offset + 8 : offset + 30]
    return Member(name, flags, method, crc, compressed, size, local, header), end


def _safe_name(raw: bytes) -> str:
    name = raw.decode("latin-1")
    parts = name.removesuffix("/").split("/")
    if not name.isascii() or not name.isprintable() or set(name) & set('\\:*?"<>|'):
        raise MalformedImageError(f"a member has the name {name[:80]!r}", rule="path")
    if any(part in {"", ".", ".."} for part in parts):
        raise MalformedImageError(f"a member leads outside: {name[:80]!r}", rule="path")
    return name


def _require_bounded(members: list[Member]) -> None:
    if sum(member.size for member in members) > MOST_BYTES:
        raise MalformedImageError(f"over {MOST_BYTES} bytes inside", rule="bomb")
    for member in members:
        if member.size > max(_SMALL, MOST_RATIO * member.compressed):
            raise MalformedImageError(
                f"{member.name} claims {member.size} bytes from {member.compressed}", rule="bomb"
            )


def _require_different(members: list[Member]) -> None:
    names = {member.name.removesuffix("/").casefold() for member in members}
    if len(names) != len(members):
        raise MalformedImageError("two members have the same name", rule="duplicate")


def _require_tiled(data: bytes, members: list[Member], directory: int) -> None:
    """Refuse members that overlap, and bytes that belong to none."""
    end = 0
    gaps: tuple[int, ...] = (0,)
    for member in sorted(members, key=lambda member: member.offset):
        if member.offset - end not in gaps:
            raise MalformedImageError(f"{member.name} does not follow the member before it")
        end = _content_start(data, member) + member.compressed
        gaps = _DESCRIPTOR if member.flags & _STREAMED else (0,)
    if directory - end not in gaps:
        raise MalformedImageError("the directory does not follow the last member")


def _content_start(data: bytes, member: Member) -> int:
    """Return where the bytes of *member* begin; refuse a header that says otherwise."""
    fields = unpack(_LOCAL, data, member.offset, f"header of {member.name}")
    magic, *_, name_size, extra_size = fields
    start = member.offset + _LOCAL.size
    header = data[member.offset + 6 : member.offset + 28]
    if member.flags & _STREAMED and header[8:20] == bytes(12):
        header = header[:8] + member.header[8:20] + header[20:]
    name = data[start : start + name_size].decode("latin-1")
    if (magic, header, name) != (_LOCAL_MAGIC, member.header, member.name):
        raise MalformedImageError(f"the header of {member.name} contradicts the directory")
    return start + name_size + extra_size
