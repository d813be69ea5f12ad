"""Where upstream keeps its files: the one spelling of a listing's URL."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirror.catalog.names import ArtifactName

FIRMWARE = "/resources/firmware/"


def firmware_folder(page: str) -> str:
    """Return the absolute URL, with its final slash, of all files on the host of *page*, a URL."""
    parts = urllib.parse.urlsplit(page)
    return f"{parts.scheme}://{parts.netloc}{FIRMWARE}"


def firmware_url(page: str, name: ArtifactName) -> str:
    """Return the absolute URL of *name* on the host of the page at URL *page*."""
    return f"{firmware_folder(page)}{name}"
