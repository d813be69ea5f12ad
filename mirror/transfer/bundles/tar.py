"""The plain tar around a bundle: for each name and size there is one header, and no other.

Whoever reads compares whole headers.  So there are no links, devices, absolute or climbing paths,
no owners, times or extensions to think about: none of them is a header that `header` gives.
The format: POSIX.1-1988 ustar, as in tar(5).
"""

from __future__ import annotations

from typing import Final

BLOCK: Final = 512
#: The two empty blocks that end an archive.
END: Final = bytes(2 * BLOCK)
MOST_BYTES: Final = 8**11 - 1

_NAME_BYTES: Final = 100
_MODE: Final = b"0000644\0"
_NOBODY: Final = b"0000000\0"
_NO_TIME: Final = b"00000000000\0"
_PLAIN_FILE: Final = b"0"
_MAGIC: Final = b"ustar\x0000"
_SIZE: Final = slice(124, 135)


def header(name: str, size: int) -> bytes:
    """Return the header of the plain file *name*, an ASCII path.

    At most 100 letters, or as many behind the last slash and 155 before it.
    """
    prefix, _, short = name.rpartition("/") if len(name) > _NAME_BYTES else ("", "", name)
    head = b"".join(
        (
            short.encode("ascii").ljust(_NAME_BYTES, b"\0"),
            _MODE,
            _NOBODY,
            _NOBODY,
            b"%011o\0" % size,
            _NO_TIME,
            b" " * 8,
            _PLAIN_FILE,
            bytes(100),
            _MAGIC,
            bytes(32 + 32),
            _NOBODY,
            _NOBODY,
            prefix.encode("ascii"),
        )
    ).ljust(BLOCK, b"\0")
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]


def size_in(head: bytes) -> int | None:
    """Return the size that a header gives; None when it gives none."""
    digits = head[_SIZE]
    return int(digits, 8) if len(digits) == 11 and not digits.strip(b"01234567") else None  # noqa: PLR2004 - digits of ustar


def padding(size: int) -> int:
    """Return how many zeros stand behind *size* bytes."""
    return -size % BLOCK


def room(size: int) -> int:
    """Return how many bytes a file of this *size* takes, its header included."""
    return BLOCK + size + padding(size)
