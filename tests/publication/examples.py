"""Boards and artifacts for the tests of documents: made up, in the shape of upstream's."""

from __future__ import annotations

from mirror.catalog.model import BoardFacts, Passage, PassageKind, VariantFacts
from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.formats.verdict import Checksummed, Conclusion, Finding, Identity, ImageFacts, Verdict
from mirror.publication.tree import HeldArtifact

SOURCE = "https://micropython.org/resources/firmware/"
VERDICT = Verdict(
    conclusion=Conclusion.VERIFIED,
    checksummed=Checksummed.SHA256,
    facts=ImageFacts("esp32-combined", chip="ESP32", offset=0x1000, flash_size=4 << 20),
    identity=Identity(("v1.28.0",), ("2026-04-06",), ("Generic ESP32 module with ESP32",)),
)
WARNED = Verdict(
    conclusion=Conclusion.WARNED,
    checksummed=Checksummed.NONE,
    reasons=(Finding("date-differs", "the image says 2026-04-08, the name 2026-04-06"),),
    limits=("the payload has no checksum of its own",),
)


def facts(board: str = "ESP32_GENERIC", port: str = "esp32") -> BoardFacts:
    """Return what pages say about one board, with texts that need escaping."""
    return BoardFacts(
        board=board,
        page=f"https://micropython.org/download/{board}/",
        product='ESP32 / "WROOM" <b>',
        vendor="Espressif",
        port=port,
        mcu=port,
        features=("BLE", "WiFi"),
        flash_offset=0x1000,
        instructions=(Passage(PassageKind.CODE, "esptool write_flash 0x1000 …"),),
        variants=(VariantFacts(None, "Firmware"), VariantFacts("OTA", "Support for OTA")),
    )


def held(name: str, verdict: Verdict = VERDICT) -> HeldArtifact:
    """Return an artifact whose bytes are its own name."""
    data = name.encode()
    return HeldArtifact(
        ArtifactName.parse(name), SOURCE + name, Digest.of(data), len(data), None, verdict
    )
