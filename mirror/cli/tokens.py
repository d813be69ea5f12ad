"""The token of whoever types a command: out of a file, for others see the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.errors import UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

_MOST: Final = 200


def read_token(path: Path) -> str:
    """Return the token in the file *path*; raise `UnreadableFileError`."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_MOST).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"{path} can not be read") from error
