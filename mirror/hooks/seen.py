"""What hooks were told up to now: a picture of the node, beside which the next look is held.

``hooks/seen.json`` is written after what was news is durably in the queues.  So whatever happens
between two looks is told by the later one, also after a crash or a week without a daemon; and
what was queued and not noted yet is queued again under the same id.
"""

from __future__ import annotations

import secrets
from dataclasses import field
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.frozen import dataclass
from mirror.hooks.events import AlarmFacts
from mirror.shapes import Shape
from mirror.storage.disk import find_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files

FOLDER: Final = "hooks"
_SEEN_FILE: Final = "seen.json"
_FILE_BYTES: Final = 64 << 20
_EPOCH_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class SeenAlarm:
    """An open alarm: its kind, and what was told of it."""

    alarm: str
    facts: AlarmFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The node at one look.  *look* counts those that had news, *epoch* is random for a picture.

    ``root`` is that of ``current``; ``channels`` are sequences; ``alarms`` those that are open;
    ``recalled`` says why, by digest; ``run`` is when the last one ended, and ``failures`` how many
    failed in a row; ``receipts`` are names, and ``refused`` marks of files in the inbox that were;
    None: nobody looked for these.
    """

    epoch: str
    look: int = 0
    root: str | None = None
    channels: dict[str, int | None] = field(default_factory=dict)
    alarms: dict[str, SeenAlarm] = field(default_factory=dict)
    recalled: dict[str, str] = field(default_factory=dict)
    run: str | None = None
    failures: int = 0
    receipts: tuple[str, ...] = ()
    refused: tuple[str, ...] | None = None
    disk_low: bool = False


_SEEN: Shape[Seen] = Shape(Seen)


def new_epoch() -> str:
    """Return what no other picture has."""
    return secrets.token_hex(_EPOCH_BYTES)


def find_seen(data: Path) -> Seen | None:
    """Return what was told of the data folder *data*; None: nothing, or nobody can say.

    This blocks; raises `StorageError` when the disk refuses.
    """
    path = data / FOLDER / _SEEN_FILE
    text = find_bytes(path, _FILE_BYTES)
    if text is None:
        return None
    try:
        return _SEEN.validate_json(text)
    except ValidationError:
        # Another version wrote it: what is open is told anew, as to who was just set up.
        return None


def write_seen(data: Path, seen: Seen, files: Files) -> None:
    """Note durably what was told; this blocks."""
    files.write(data / FOLDER / _SEEN_FILE, _SEEN.dump_json(seen) + b"\n")


def forget_seen(data: Path, files: Files) -> None:
    """Have whoever looks next begin anew; this blocks."""
    path = data / FOLDER / _SEEN_FILE
    if path.exists():
        files.remove_all([path])
