"""Render boards by one dialect, as publishing does it: layer by layer, then the lists."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from mirror.publication.local.dialect import Site
from mirror.publication.local.layer import Layer
from mirror.publication.local.rendering import render_layer, render_lists

if TYPE_CHECKING:
    from mirror.publication.documents import BoardDocument
    from mirror.publication.local.dialect import Dialect

URL: Final = "http://mirror.lab:8080"
SITE: Final = Site(URL, "https://micropython.org")
NOWHERE: Final = Site(None, "https://micropython.org")


def render(
    dialect: Dialect, *documents: BoardDocument, site: Site = SITE
) -> dict[str, tuple[bytes, str]]:
    """Return the body and media type of all that *dialect* makes of *documents*, by path."""
    layers = [
        Layer.decode(render_layer(document, site, [dialect]))
        for document in sorted(documents, key=lambda one: one.board)
    ]
    lists = render_lists(lambda name: [layer.summary(name) for layer in layers], site, [dialect])
    found = {
        path: (layer.body(place), place.media_type)
        for layer in layers
        for path, place in layer.head.documents.items()
    }
    return found | {path: (one.body, one.media_type) for path, one in lists}


def read(documents: dict[str, tuple[bytes, str]], path: str) -> object:
    """Return what the JSON document at *path* says."""
    return json.loads(documents[path][0])
