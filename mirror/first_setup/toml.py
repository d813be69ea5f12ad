"""The settings file that `mpmirror init` writes: every setting, explained, most left alone.

What was chosen stands there as a value; what keeps its default stands there as a comment,
so that a later version may choose a better one.  The file reads back to what was chosen.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from mirror.config import KNOWN, spell
from mirror.errors import ConfigurationError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mirror.config import Settings


def settings_file(chosen: Mapping[str, object], settings: Settings, heading: str) -> str:
    """Return the text of the file: *chosen* by key, the rest as *settings* have it."""
    lines = [line for paragraph in heading.splitlines() for line in _comment(paragraph)]
    return "\n".join([*lines, *_body(chosen, spell(settings))]) + "\n"


def write_settings(path: Path, text: str, *, force: bool = False) -> None:
    """Write *text* to *path*; another file there stays as it is unless *force*.

    Raises `ConfigurationError` when a file is there, `StorageError` when writing fails.
    """
    if path.exists() and not force:
        raise ConfigurationError(f"{path} is there already: --force replaces it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, text)
    except OSError as error:
        raise StorageError(f"{path} can not be written: {error.strerror or error}") from error


def replace_text(path: Path, text: str) -> None:
    """Give *path* the content *text*, for all to read, or leave it as it was."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _body(chosen: Mapping[str, object], defaults: Mapping[str, object]) -> Iterator[str]:
    section = ""
    for key, known in KNOWN.items():
        above, _, name = key.rpartition(".")
        if above != section:
            section = above
            yield from ("", f"[{section}]")
        yield from ("", *_comment(known.meaning))
        value = chosen.get(key, defaults[key])
        yield f"{'' if key in chosen else '# '}{name} = {_toml(value)}"


def _comment(text: str) -> list[str]:
    return wrap(text, 90, initial_indent="# ", subsequent_indent="# ")


def _toml(value: object) -> str:
    if value is None:
        return '"..."'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict):
        pairs = (f"{_quoted(str(key))} = {_toml(inner)}" for key, inner in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return _quoted(str(value))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"'
        + "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in escaped)
        + '"'
    )
