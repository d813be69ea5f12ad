"""Boards that do not exist: what they are rendered as shows whether a dialect was changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.model import Passage, PassageKind, VariantFacts
from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.formats.verdict import Checksummed, Conclusion, Finding, Identity
from mirror.publication.documents import (
    BoardDocument,
    FileEntry,
    Flash,
    Hashes,
    OnDemandEntry,
    ReleaseEntry,
    State,
    VerdictEntry,
)
from mirror.publication.photographs import Photograph, PhotographsDocument, Picture

_UPSTREAM: Final = "https://micropython.org"


def _file(name: str, flash: Flash, *, warned: bool = False, hidden: bool = False) -> FileEntry:
    parsed = ArtifactName.parse(name)
    return FileEntry(
        name=name,
        kind=parsed.kind,
        variant=parsed.variant,
        date=parsed.date,
        state=State.HELD,
        size=len(name),
        hashes=Hashes(sha256=name.encode().hex().ljust(64, "0")[:64], md5="0" * 32),
        path=f"/v1/files/{name}",
        source=f"{_UPSTREAM}/resources/firmware/{name}",
        flash=flash,
        verdict=_verdict(warned=warned),
        withdrawn="2026-01-02" if warned else None,
        hidden=hidden,
    )


def _verdict(*, warned: bool) -> VerdictEntry:
    if not warned:
        return VerdictEntry(
            Conclusion.VERIFIED, "structure checked", Checksummed.SHA256, "esp32-combined"
        )
    return VerdictEntry(
        conclusion=Conclusion.WARNED,
        words='structure checked; warned: <odd> & "quoted"',
        checksummed=Checksummed.NONE,
        structure=None,
        reasons=(Finding("date-differs", "<odd>"),),
        identity=Identity(("v1.28.0",), (), ()),
    )


def _release(version: str, date: str, *files: FileEntry) -> ReleaseEntry:
    maturity = Maturity.PREVIEW if "preview" in version else Maturity.RELEASE
    notes = None if maturity is Maturity.PREVIEW else f"{_UPSTREAM}/notes/{version}?a=1&b=2"
    return ReleaseEntry(version, maturity, date, notes, files)


def _board(board: str, port: str, mcu: str, *releases: ReleaseEntry) -> BoardDocument:
    return BoardDocument(
        board=board,
        port=port,
        mcu=mcu,
        vendor="A & B",
        product='<i>Board</i> "1"',
        page=f"{_UPSTREAM}/download/{board}/",
        features=("BLE", "WiFi"),
        website="https://example.org/?a=1&b=2",
        flash_offset=0x1000,
        photographs=("front.jpg", "back.png"),
        variants=(VariantFacts(None, "Firmware"), VariantFacts("OTA", "Support for <OTA>")),
        description=(
            Passage(PassageKind.HEADING, "About <it>"),
            Passage(PassageKind.PARAGRAPH, "One & all."),
        ),
        instructions=(
            Passage(PassageKind.ITEM, "Press."),
            Passage(PassageKind.CODE, "esptool write_flash 0x1000 <file>"),
        ),
        releases=releases,
    )


def _offer(name: str) -> OnDemandEntry:
    parsed = ArtifactName.parse(name)
    return OnDemandEntry(
        name=name,
        kind=parsed.kind,
        variant=parsed.variant,
        version=str(parsed.version),
        maturity=parsed.maturity,
        date=parsed.date,
        state=State.ON_DEMAND,
        path=f"/v1/files/{name}",
        source=f"{_UPSTREAM}/resources/firmware/{name}",
    )


_OFFER: Final = _offer("SPECIMEN_NONE-20260406-v1.28.0.dfu")
_ESP: Final = Flash("ESP32", 0x1000, 4 << 20)
_NOWHERE: Final = Flash()
_STEMS: Final = ("SPECIMEN_ESP", "SPECIMEN_ESP-OTA")


def _build(date: str, version: str, *kinds: Kind) -> tuple[FileEntry, ...]:
    return tuple(
        _file(f"{stem}-{date}-{version}.{kind}", _ESP if kind is Kind.BIN else _NOWHERE)
        for stem in _STEMS
        for kind in kinds
    )


SPECIMENS: Final[tuple[BoardDocument, ...]] = (
    _board(
        "SPECIMEN_ESP",
        "esp32",
        "esp32",
        _release(
            "v1.29.0-preview.5.gabcdef0123",
            "2026-06-01",
            *_build("20260601", "v1.29.0-preview.5.gabcdef0123", Kind.BIN, Kind.APP_BIN),
        ),
        _release(
            "v1.28.0",
            "2026-04-06",
            *_build("20260406", "v1.28.0", Kind.BIN, Kind.APP_BIN, Kind.ELF, Kind.MAP),
            _file("SPECIMEN_ESP-20260407-v1.28.0.bin", _ESP, hidden=True),
        ),
        _release(
            "v1.27.0",
            "2025-12-09",
            _file("SPECIMEN_ESP-20251209-v1.27.0.bin", _ESP, warned=True),
            _file("SPECIMEN_ESP-20251209-v1.27.0.meta.zip", _NOWHERE),
        ),
    ),
    _board(
        "SPECIMEN_UF2",
        "rp2",
        "rp2040",
        _release(
            "v1.28.0", "2026-04-06", _file("SPECIMEN_UF2-20260406-v1.28.0.uf2", Flash("RP2040"))
        ),
    ),
    replace(_board("SPECIMEN_NONE", "stm32", "stm32f4"), on_demand=(_OFFER,), photographs=()),
)

_PICTURE: Final = Picture(Digest("0" * 64), 8, 6)
_PHOTOGRAPH: Final = Photograph(_PICTURE.digest, "image/jpeg", _PICTURE, _PICTURE)

#: Of one board the second of its photographs is held, of the other both, of the third it has none.
SPECIMEN_PHOTOGRAPHS: Final = PhotographsDocument(
    {
        "SPECIMEN_ESP": {"back.png": _PHOTOGRAPH},
        "SPECIMEN_UF2": {"front.jpg": _PHOTOGRAPH, "back.png": _PHOTOGRAPH},
    }
)
