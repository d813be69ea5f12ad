"""The files that every page uses, by a path that names their bytes: style, script and icon."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Final

from mirror.frozen import dataclass

FOLDER: Final = "/static/"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the pages; other bytes have another *path*, so that it can be kept for ever."""

    path: str
    body: bytes
    media_type: str


def _asset(name: str, media_type: str) -> Asset:
    body = files("mirror.publication.pages").joinpath(name).read_bytes()
    stem, _, ending = name.partition(".")
    digest = hashlib.sha256(body).hexdigest()[:16]
    return Asset(f"{FOLDER}{stem}-{digest}.{ending}", body, media_type)


STYLE: Final = _asset("style.css", "text/css; charset=utf-8")
SCRIPT: Final = _asset("script.js", "text/javascript; charset=utf-8")
FLASH_SCRIPT: Final = _asset("flash.js", "text/javascript; charset=utf-8")
ICON: Final = _asset("icon.svg", "image/svg+xml")

#: All of them, by path.
ASSETS: Final = {asset.path: asset for asset in (STYLE, SCRIPT, FLASH_SCRIPT, ICON)}
