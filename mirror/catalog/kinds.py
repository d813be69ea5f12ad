"""The two closed word lists of an artifact: its kind and its maturity."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What sort of file an artifact is; the value is its ending (`upstream.md` section 6)."""

    UF2 = "uf2"
    BIN = "bin"
    APP_BIN = "app-bin"
    DFU = "dfu"
    HEX = "hex"
    ZIP = "zip"
    ELF = "elf"
    MAP = "map"
    META_ZIP = "meta.zip"

    @property
    def flashable(self) -> bool:
        """Whether somebody puts this file on a board; the others help in debugging."""
        return self not in {Kind.ELF, Kind.MAP, Kind.META_ZIP}


class Maturity(StrEnum):
    """Finished, or a build of the development branch."""

    RELEASE = "release"
    PREVIEW = "preview"
