"""What the mirror concludes about the bytes of an artifact, and on what it rests.

A verdict claims nothing that was not checked.  *verified* means: structure sound, and the
inside says that it is this version.  It never means "this variant", nor "from MicroPython".
"""

from __future__ import annotations

from enum import StrEnum

from mirror.frozen import dataclass


class Conclusion(StrEnum):
    """The three ends of a verification; the first two are *accepted*."""

    VERIFIED = "verified"
    WARNED = "warned"
    REFUSED = "refused"


class Checksummed(StrEnum):
    """The strongest checksum inside the file that covers its content (`formats.md` section 8)."""

    SHA256 = "sha256"
    CRC32 = "crc32"
    MD5 = "md5"
    XOR = "xor"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason: a fixed word (``date-differs``, ``checksum``, ``no-banner``) and a sentence."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What the name and the pages say that a file is: the measure of its verification.

    ``board`` and ``variant`` are today's ids; ``base`` is the base version without ``v``
    (``1.28.0``); ``version`` the whole version with ``v``; ``date`` is ``YYYY-MM-DD``.
    ``None`` means "not claimed": `mpmirror verify` judges files whose names say little.
    ``kind`` is a value of `mirror.catalog.model.Kind`, or None to judge by content alone.
    ``flash_offset`` (bytes) is that of upstream's instructions.  ``own`` is a build of the
    operator's own, which need not say that it is MicroPython.
    """

    kind: str | None = None
    port: str | None = None
    mcu: str | None = None
    board: str | None = None
    variant: str | None = None
    version: str | None = None
    base: str | None = None
    date: str | None = None
    product: str | None = None
    flash_offset: int | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Region:
    """Bytes that go to an address of the chip (or of the flash), ends exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Identity:
    """What the image says of itself; empty where the kind can not show it."""

    versions: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What was found in the image: where and how to flash, as far as the format shows it.

    ``structure`` is one word (``uf2``, ``esp32-combined``, ``esp32-app``, ``esp8266``,
    ``dfuse``, ``intel-hex``, ``universal-hex``, ``elf``, ``zip``, ``map``, ``raw-arm``).
    ``offset`` is where the whole file goes in flash (bytes), ``flash_size`` what the image
    was made for (bytes).  ``partitions`` are lines such as ``factory@0x10000+0x1f0000``.
    ``payload`` is the digest of what goes on the chip (`mirror.formats.payload`), ``elf`` the
    SHA-256 of the linked program from which the image says that it was made; both in hex, and
    None where siblings can not be compared by them.
    """

    structure: str
    chip: str | None = None
    offset: int | None = None
    flash_size: int | None = None
    regions: tuple[Region, ...] = ()
    partitions: tuple[str, ...] = ()
    payload: str | None = None
    elf: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The conclusion about one file, with every fact and every limit it rests on.

    ``agrees_with`` are the names of siblings, files of the same build, that carry the same
    program, and ``differs_from`` of those that should and do not; they are added when both are
    here, by whoever compares them.
    """

    conclusion: Conclusion
    checksummed: Checksummed = Checksummed.NONE
    reasons: tuple[Finding, ...] = ()
    facts: ImageFacts | None = None
    identity: Identity = Identity()
    limits: tuple[str, ...] = ()
    agrees_with: tuple[str, ...] = ()
    differs_from: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the mirror may serve these bytes."""
        return self.conclusion is not Conclusion.REFUSED
