"""The three steps by which a UF2 file gets onto its board, with a picture each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.publication.pages import texts
from mirror.publication.site.html import Markup, tag

if TYPE_CHECKING:
    from mirror.publication.documents import FileEntry
    from mirror.publication.flashing import VolumeKind

_BOARD: Final = (
    "M34 22h74a5 5 0 0 1 5 5v26a5 5 0 0 1-5 5H34a5 5 0 0 1-5-5V27a5 5 0 0 1 5-5zM29 33H17v14h12"
    "M17 40H2M68 32h18v16H68zM42 22v-6M54 22v-6M66 22v-6M78 22v-6M90 22v-6M42 58v6M54 58v6M66 58v6"
    "M78 58v6M90 58v6"
)
_BUTTON: Final = "M46 40a5 5 0 1 0 10 0a5 5 0 1 0-10 0M51 4v22M46 21l5 6 5-6"
_DRIVE: Final = "M20 14h80v48H20zM20 26h80M60 62v10M44 72h32"
_NOTCH: Final = "M34 36h52v16H34zM78 44h2"
_FILE: Final = "M12 12h20l10 10v30H12zM32 12v10h10"
_ARROW: Final = "M48 34h20M62 28l7 6-7 6"
_INTO: Final = "M76 20h40v34H76zM106 44h3"


def uf2_steps(file: FileEntry, volume: VolumeKind) -> Markup:
    """Return the steps for *file*, whose board shows up as a drive of the kind *volume*."""
    label = volume.label
    drive = texts.UF2_DRIVE.format(label=label) if label else texts.UF2_ANY_DRIVE
    steps = (
        _step(
            _picture(_BOARD, _BUTTON), texts.UF2_BOOT.get(file.flash.chip or "", texts.UF2_BOOTS)
        ),
        _step(_picture(_DRIVE, _NOTCH, label or ""), drive),
        _step(_picture(f"{_FILE}{_INTO}", _ARROW), texts.UF2_COPY.format(name=file.name)),
    )
    return tag("ol", *steps, class_="pictured", by="\n")


def _step(drawing: Markup, words: str) -> Markup:
    return tag("li", drawing, tag("span", words))


def _picture(quiet: str, strong: str, label: str = "") -> Markup:
    named = [tag("text", label, x="60", y="48", text_anchor="middle")] if label else []
    accent = [] if label else [tag("path", d=strong, class_="strong")]
    drawing = tag("path", d=quiet)
    return tag("svg", drawing, *accent, *named, viewBox="0 0 120 76", aria_hidden="true")
