"""The files of the esp32 port: the combined `.bin`, and the application alone.

A combined file holds boot loader, partition table and application, each at its place in
the flash, and 0xFF between.  Every byte of it is covered by a rule: three checksums, the
fill, and an end exactly where the application ends.  The chip id inside the image, not a
page, decides where the file goes (`upstream.md` U14).
"""

from __future__ import annotations

from mirror.errors import MalformedImageError
from mirror.formats.esp32_partitions import Partition, PartitionTable, read_partition_table
from mirror.formats.esp_image import DESCRIPTION, EspImage, read_esp_image
from mirror.formats.identity import find_identity
from mirror.formats.image import Doubt, Image, is_filled
from mirror.formats.payload import digest_of_one
from mirror.formats.verdict import Checksummed, Finding, ImageFacts, Region

TABLE_OFFSET = 0x8000

# v1.12 was built by another build system: what it lacks is no damage there.
_PRESENT_SINCE = (1, 13)
_DESCRIPTION_AT = 32
_BLANK = 0xFF


def read_esp32(data: bytes) -> Image:
    """Read a combined file or an application, whichever *data* is."""
    if data[_DESCRIPTION_AT : _DESCRIPTION_AT + 4] == DESCRIPTION.to_bytes(4, "little"):
        return read_application(data)
    return _read_combined(data)


def read_application(data: bytes) -> Image:
    """Read an application that is the whole file."""
    image = read_esp_image(data, 0, "application")
    if image.end != len(data):
        raise MalformedImageError(
            f"the application ends at {image.end:#x}, the file at {len(data):#x}", rule="trailing"
        )
    return application_image(image, data)


def application_image(application: EspImage, payload: bytes) -> Image:
    """Return what *application*, read from *payload*, shows when it stands alone."""
    return Image(
        facts=ImageFacts(
            structure="esp32-app",
            chip=application.chip.name,
            flash_size=application.flash_size,
            regions=application.segments,
            payload=_payload(application, payload),
            elf=application.elf,
        ),
        kinds=frozenset({"app-bin"}),
        checksummed=_checksummed([application]),
        identity=find_identity(payload),
        ports=frozenset({"esp32"}),
        mcus=frozenset({application.chip.mcu}),
        doubts=_doubts_of_application(application),
    )


def _read_combined(data: bytes) -> Image:
    loader = read_esp_image(data, 0, "boot loader")
    base = loader.chip.boot_offset
    table = read_partition_table(data, TABLE_OFFSET - base)
    partition = table.application
    start = partition.offset - base
    application = read_esp_image(data, start, "application")
    _require_application_fits(application, partition, loader, data)
    _require_blank(data, loader.end, TABLE_OFFSET - base, "boot loader and partition table")
    _require_blank(data, table.end, start, "partition table and application")
    return Image(
        facts=ImageFacts(
            structure="esp32-combined",
            chip=loader.chip.name,
            offset=base,
            flash_size=loader.flash_size,
            regions=(
                Region(base, base + loader.end),
                Region(TABLE_OFFSET, base + table.end),
                Region(partition.offset, base + application.end),
            ),
            partitions=tuple(str(line) for line in table.partitions),
            payload=_payload(application, data),
            elf=application.elf,
        ),
        kinds=frozenset({"bin"}),
        checksummed=_checksummed([loader, application]),
        identity=find_identity(data),
        ports=frozenset({"esp32"}),
        mcus=frozenset({loader.chip.mcu}),
        doubts=_doubts(loader, table, application),
    )


def _payload(application: EspImage, data: bytes) -> str:
    """Return the digest of the application alone, which all files of a build have in common."""
    return digest_of_one(memoryview(data)[application.start : application.end])


def _require_application_fits(
    application: EspImage, partition: Partition, loader: EspImage, data: bytes
) -> None:
    if application.chip != loader.chip:
        raise MalformedImageError(
            f"the boot loader is for {loader.chip.name}, "
            f"the application for {application.chip.name}",
            rule="chip",
        )
    if application.end != len(data):
        raise MalformedImageError(
            f"the application ends at {application.end:#x}, the file at {len(data):#x}",
            rule="trailing",
        )
    if application.end - application.start > partition.size:
        raise MalformedImageError(
            f"the application has {application.end - application.start} bytes, "
            f"its partition {partition.size}"
        )


def _require_blank(data: bytes, start: int, end: int, between: str) -> None:
    if start > end:
        raise MalformedImageError(f"{between} overlap", rule="overlap")
    if not is_filled(data, start, end, _BLANK):
        raise MalformedImageError(
            f"the bytes between {between} are not all 0xff, as upstream's tools leave them",
            rule="canonical",
        )


def _checksummed(images: list[EspImage]) -> Checksummed:
    hashed = all(image.hashed for image in images)
    return Checksummed.SHA256 if hashed else Checksummed.XOR


def _doubts(loader: EspImage, table: PartitionTable, application: EspImage) -> tuple[Doubt, ...]:
    doubts = list(_doubts_of_application(application))
    if not loader.hashed:
        doubts.append(_doubt("no-sha256", "the boot loader carries no SHA-256"))
    if not table.hashed:
        doubts.append(_doubt("no-md5", "the partition table carries no MD5"))
    return tuple(doubts)


def _doubts_of_application(application: EspImage) -> tuple[Doubt, ...]:
    doubts: list[Doubt] = []
    if not application.hashed:
        doubts.append(_doubt("no-sha256", "the application carries no SHA-256"))
    if not application.described:
        doubts.append(_doubt("no-description", "the application carries no description"))
    return tuple(doubts)


def _doubt(rule: str, text: str) -> Doubt:
    return Doubt(Finding(rule, text), before=_PRESENT_SINCE)
