"""Boards to render: made up, and what a hostile page could have said of one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from mirror.catalog.local_names import LocalName
from mirror.catalog.model import Passage, PassageKind, VariantFacts
from mirror.catalog.values import Digest
from mirror.formats.verdict import ImageFacts
from mirror.publication.own_builds import OwnBuild
from mirror.publication.tree import render_board
from tests.catalog.strategies import version_texts
from tests.publication import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.publication.documents import BoardDocument

PICO_W: Final = (
    "RPI_PICO_W-20260406-v1.28.0.uf2",
    "RPI_PICO_W-20251209-v1.27.0.uf2",
    "RPI_PICO_W-20260807-v1.29.0-preview.678.g5f2181f938.uf2",
)
ESP32: Final = (
    "ESP32_GENERIC-20260406-v1.28.0.bin",
    "ESP32_GENERIC-20260406-v1.28.0.app-bin",
    "ESP32_GENERIC-OTA-20260406-v1.28.0.bin",
    "ESP32_GENERIC-OTA-20260406-v1.28.0.app-bin",
    "ESP32_GENERIC-20260807-v1.29.0-preview.678.g5f2181f938.bin",
    "ESP32_GENERIC-20251209-v1.27.0.bin",
)


def board(
    *names: str,
    port: str = "rp2",
    mcu: str = "rp2040",
    chip: str | None = None,
    offset: int | None = None,
    hidden: Sequence[str] = (),
) -> BoardDocument:
    """Return the document of the board of *names*, with what was found in each image."""
    found = replace(examples.VERDICT, facts=ImageFacts("uf2", chip=chip, offset=offset))
    held = [
        replace(examples.held(name, found), hidden=name in hidden, md5="0f" * 16) for name in names
    ]
    board_id = held[0].name.present(port).board
    facts = replace(
        examples.facts(board_id, port),
        mcu=mcu,
        product=board_id.replace("_", " ").title(),
        vendor="Someone",
    )
    return render_board(facts, held, {"v1.28.0": "https://github.com/notes/v1.28.0"})


def pico_w() -> BoardDocument:
    """Return a board of the RP2."""
    return replace(board(*PICO_W), vendor="Raspberry Pi", product="Pico W")


def esp32(offset: int | None = 0x1000, chip: str = "ESP32") -> BoardDocument:
    """Return a board of Espressif's."""
    return board(*ESP32, port="esp32", mcu="esp32", chip=chip, offset=offset)


def with_own_build(document: BoardDocument, version: str) -> BoardDocument:
    """Return *document* with a build that an operator added."""
    name = LocalName(f"local+{document.board}+{version}.uf2")
    digest = Digest.of(version.encode())
    verdict = replace(examples.VERDICT, facts=ImageFacts("uf2"))
    build = OwnBuild(name, digest, 7, None, verdict, "2026-09-01")
    own = render_board(document.facts, [], {}, own=[build])
    return replace(document, local=own.local)


_TEXTS = st.one_of(
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "]]></title><entry/>",
            '"},{"url":"http://evil.example/',
            "\x1b[31mred\x00\x07",
            "a\u202eb\u2028c\ufffe\uffff",
            "&lt;b&gt; &#x0; &unknown;",
            "http://evil.example/",
            "",
        ]
    ),
    st.text(max_size=40),
    st.text("<>&\"'\\/;:\n\r\t\0\x0b\x85\u2029\ud7ff\U0001f600", max_size=20),
)


@st.composite
def hostile_boards(draw: st.DrawFn) -> BoardDocument:
    """Draw boards whose texts are whatever a page, or another mirror, could have said."""
    versions = draw(st.lists(version_texts, min_size=1, max_size=3, unique=True))
    kinds = draw(
        st.lists(st.sampled_from(["uf2", "bin", "app-bin", "hex"]), min_size=1, unique=True)
    )
    stem = draw(st.sampled_from(["ESP32_GENERIC", "ARDUINO_OPTA", "MICROBIT", "X-V"]))
    names = [f"{stem}-20260406-{version}.{kind}" for version in versions for kind in kinds]
    chip = draw(st.sampled_from(["ESP32", "ESP32-S3", "RP2", None]))
    document = board(
        *names,
        port=draw(st.sampled_from(["esp32", "rp2", "nrf"])),
        mcu=draw(st.sampled_from(["esp32", "rp2040", "nrf51"])),
        chip=chip,
        offset=draw(st.sampled_from([0, 0x1000, 0x2000, None])),
    )
    return replace(
        document,
        vendor=draw(_TEXTS),
        product=draw(_TEXTS),
        features=(draw(_TEXTS),),
        website=draw(_TEXTS),
        description=(Passage(PassageKind.PARAGRAPH, draw(_TEXTS)),),
        variants=(VariantFacts(None, "Firmware"), VariantFacts("V", draw(_TEXTS))),
        releases=tuple(
            replace(
                release,
                notes=draw(_TEXTS),
                files=tuple(
                    replace(file, verdict=replace(file.verdict, words=draw(_TEXTS)))
                    for file in release.files
                ),
            )
            for release in document.releases
        ),
    )
