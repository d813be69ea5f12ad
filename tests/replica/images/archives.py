"""The zip files of upstream: three ports publish in them, and the site packs ELF and map."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import zipfile
from typing import TYPE_CHECKING, Final

from tests.replica.images.arm import arm_program
from tests.replica.images.elf import elf, linker_map
from tests.replica.images.ihex import intel_hex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.replica.images.recipe import Recipe

_LARGE: Final = 16384


def cc3200_zip(recipe: Recipe) -> bytes:
    """Return the ``.zip`` of cc3200: an application and the MD5 of it, in hex."""
    application = arm_program(recipe, 0x20004000)
    checksum = hashlib.md5(application, usedforsecurity=False).hexdigest()
    return _zip(recipe, {"mcuimg.bin": application + checksum.encode()})


def psoc_edge_zip(recipe: Recipe) -> bytes:
    """Return the ``.zip`` of psoc-edge: flat, with what its flashing tool needs."""
    members = {
        "firmware.hex": intel_hex(recipe),
        "PSE84_SMIF.FLM": elf(recipe),
        "qspi_config.cfg": b"set SMIF_BANKS {0 {addr 0x60000000 size 0x1000000}}\n",
    }
    return _zip(recipe, members)


def alif_zip(recipe: Recipe) -> bytes:
    """Return the ``.zip`` of alif, which keeps the names of the folders it was built in."""
    members = {
        "build/application_package.ds": b"program mram 0x80000000\n",
        "build/AppTocPackage.bin": recipe.noise(1024, "contents"),
        "build/M55_HP/firmware.bin": arm_program(recipe, 0x80010000),
        "build/M55_DUAL/firmware.bin": arm_program(recipe, 0x80200000),
    }
    return _zip(recipe, members)


def meta_zip(recipe: Recipe) -> bytes:
    """Return the ``.meta.zip`` that the site makes of ELF and map."""
    return _zip(recipe, {"firmware.elf": elf(recipe), "firmware.map": linker_map(recipe)})


def _zip(recipe: Recipe, members: Mapping[str, bytes]) -> bytes:
    day = dt.date.fromisoformat(recipe.date)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            member = zipfile.ZipInfo(name, (day.year, day.month, day.day, 12, 0, 0))
            # Large programs repeat their noise: packed, they would look like a zip bomb.
            large = len(data) > _LARGE
            member.compress_type = zipfile.ZIP_STORED if large else zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
    return file.getvalue()
