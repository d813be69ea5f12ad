"""How the node was over time, in a small file: who serves the status page holds no database.

``history.json`` is written loosely and may be lost: then plots begin anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.errors import MalformedValueError
from mirror.publication.history import NodeHistory, decode_history, encode_history
from mirror.storage.disk import reported

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files

HISTORY_FILE: Final = "history.json"

_MOST_BYTES: Final = 1 << 20


def find_history(folder: Path) -> NodeHistory:
    """Read what is said in the data folder *folder*, an empty one if nothing is; this blocks.

    Raises `StorageError` when the disk refuses.
    """
    path = folder / HISTORY_FILE
    with reported("reading", path):
        try:
            with path.open("rb") as file:
                text = file.read(_MOST_BYTES)
        except FileNotFoundError:
            return NodeHistory()
    try:
        return decode_history(text)
    except MalformedValueError:
        # A power cut, or another version: it begins anew.
        return NodeHistory()


def write_history(folder: Path, history: NodeHistory, files: Files) -> None:
    """Write *history* down in *folder*; this blocks."""
    files.write_loosely(folder / HISTORY_FILE, encode_history(history))
