"""Who this node is: two random ids, made once and kept in ``node.json``.

The *lineage* names the row of publications that starts here: readers remember the highest
sequence per lineage.  The *node id* comes with every answer, so that a mirror notices when
its upstream is itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, ValidationError

from mirror.errors import DamagedError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.disk import find_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mirror.storage.files import Files

NODE_FILE = "node.json"

_ID_BYTES = 16
_FILE_BYTES = 4096
_Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


@dataclass(frozen=True, slots=True)
class Node:
    """The two ids, each 32 hex digits."""

    lineage: _Id
    node_id: _Id


_NODES = Shape(Node)


def make_node(random: Callable[[int], bytes]) -> Node:
    """Return new ids; *random* gives so many unpredictable bytes."""
    return Node(lineage=random(_ID_BYTES).hex(), node_id=random(_ID_BYTES).hex())


def find_node(folder: Path) -> Node | None:
    """Read the ids of the data folder *folder*; None when it has none yet; this blocks."""
    path = folder / NODE_FILE
    text = find_bytes(path, _FILE_BYTES)
    if text is None:
        return None
    try:
        return _NODES.validate_json(text)
    except ValidationError as error:
        raise DamagedError(f"{path} does not hold the ids of a node") from error


def write_node(folder: Path, node: Node, files: Files) -> None:
    """Keep *node* in *folder*, durably; this blocks."""
    files.write(folder / NODE_FILE, _NODES.dump_json(node) + b"\n")
