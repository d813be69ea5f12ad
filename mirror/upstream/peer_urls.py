"""Where a mirror has what: the one spelling of the URLs that one mirror asks of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.errors import RefusedError
from mirror.upstream.origin import Origin

if TYPE_CHECKING:
    from mirror.catalog.values import Digest

ROOT_PATH: Final = "/v1/channels/current/root.json"


def peer_address(upstream: str, source: str, name: str, digest: Digest | None) -> str | None:
    """Return the URL at which *upstream* is asked for a file that is listed elsewhere.

    None for a *source* on *upstream*'s own hosts, where the file is asked for itself.
    Everything else was listed by a mirror, which has it under its digest or, where nobody
    knows that yet, under its *name*.
    """
    try:
        Origin.parse(upstream).locate(source)
    except RefusedError:
        return blob_url(upstream, digest) if digest else f"{upstream}/v1/files/{name}"
    return None


def blob_url(upstream: str, digest: Digest) -> str:
    """Return the URL of a blob of the mirror at *upstream*."""
    return f"{upstream}/v1/blobs/{digest}"


def board_key(upstream: str, board: str) -> str:
    """Return the URL under which the document of *board* is remembered."""
    return f"{upstream}/v1/boards/{board}.json"
