"""Manifests of esp-web-tools, which flashes from a browser: one for each board and variant.

esp-web-tools chooses among the builds of a manifest by the chip alone, so each manifest has
one build.  Chip and offset are those that were found in the image; an image that does not
show them has no manifest.  ``new_install_improv_wait_time`` is 0: MicroPython would never
answer what is waited for.  ``ota`` is what ESPHome reads, which checks ``md5``.

Paths are relative to the manifest, so that it works under whatever address it was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind, Maturity
from mirror.publication.dialects.offers import (
    ESP_CHIPS,
    Json,
    Offer,
    as_json,
    build_name,
    firmware_path,
    has_paths,
    in_path,
    newest,
    offers,
    words,
)
from mirror.publication.local.dialect import JSON, Dialect, Documents, Rendered, Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirror.publication.documents import BoardDocument

_FOLDER: Final = "/esp-web-tools/"
_BESIDE: Final = "../resources/firmware/"


def manifest_path(board: str, variant: str | None, maturity: Maturity = Maturity.RELEASE) -> str:
    """Return where the manifest of a build is, if it has one."""
    ending = "" if maturity is Maturity.RELEASE else ".preview"
    return f"{_FOLDER}{in_path(build_name(board, variant))}{ending}.json"


def _per_board(board: BoardDocument, _site: Site) -> Documents:
    return dict(_manifests(board)) if has_paths(board) else {}


def _manifests(board: BoardDocument) -> Iterator[tuple[str, Rendered]]:
    updates = offers(board, Kind.APP_BIN)
    for variant, some in offers(board, Kind.BIN).items():
        for maturity in Maturity:
            offer = newest(filter(_can_be_flashed, some), maturity)
            if offer is not None:
                manifest = _manifest(board, offer, updates.get(variant, ()))
                path = manifest_path(board.board, variant, maturity)
                yield path, Rendered(as_json(manifest), JSON)


def _can_be_flashed(offer: Offer) -> bool:
    flash = offer.file.flash
    return flash.chip in ESP_CHIPS and flash.offset is not None


def _manifest(board: BoardDocument, offer: Offer, updates: Iterable[Offer]) -> Json:
    file = offer.file
    build: dict[str, Json] = {
        "chipFamily": file.flash.chip,
        "parts": [{"path": firmware_path(file.name, _BESIDE), "offset": file.flash.offset}],
    }
    update = next((one for one in updates if one.release == offer.release), None)
    if update is not None and update.file.hashes.md5 is not None:
        path = firmware_path(update.file.name, _BESIDE)
        build["ota"] = {"path": path, "md5": update.file.hashes.md5}
    return {
        "name": words(f"MicroPython {build_name(board.board, file.variant)}"),
        "version": words(offer.version),
        "new_install_prompt_erase": True,
        "new_install_improv_wait_time": 0,
        "builds": [build],
    }


ESP_WEB_TOOLS: Final = Dialect(name="esp-web-tools", per_board=_per_board)
