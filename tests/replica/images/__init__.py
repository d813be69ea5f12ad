"""Synthetic images of every kind and chip: sound in structure, and saying what they are.

No line of MicroPython is in them.  They follow ``formats.md``, and are what upstream would
serve as far as structure and identity go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.kinds import Kind
from tests.replica.images.archives import alif_zip, cc3200_zip, meta_zip, psoc_edge_zip
from tests.replica.images.arm import raw_arm
from tests.replica.images.dfuse import dfuse
from tests.replica.images.elf import elf, linker_map
from tests.replica.images.esp32 import application, combined
from tests.replica.images.esp8266 import esp8266
from tests.replica.images.ihex import intel_hex
from tests.replica.images.recipe import Recipe
from tests.replica.images.uf2 import uf2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Recipe", "make_image"]


def make_image(recipe: Recipe) -> bytes:
    """Return the bytes of the file that *recipe* describes; the same bytes every time."""
    if recipe.kind is Kind.ZIP:
        return _ZIPS[recipe.port](recipe)
    if recipe.kind is Kind.BIN:
        return _BINS.get(recipe.port, raw_arm)(recipe)
    return _MAKERS[recipe.kind](recipe)


_BINS: Mapping[str, Callable[[Recipe], bytes]] = {"esp32": combined, "esp8266": esp8266}
_ZIPS: Mapping[str, Callable[[Recipe], bytes]] = {
    "alif": alif_zip,
    "cc3200": cc3200_zip,
    "psoc-edge": psoc_edge_zip,
}
_MAKERS: Mapping[Kind, Callable[[Recipe], bytes]] = {
    Kind.UF2: uf2,
    Kind.APP_BIN: application,
    Kind.DFU: dfuse,
    Kind.HEX: intel_hex,
    Kind.ELF: elf,
    Kind.MAP: linker_map,
    Kind.META_ZIP: meta_zip,
}
