"""mpmirror itself in a bundle: a wheelhouse, as ``make release`` makes it, for a fresh node.

Its files are taken as they are named and summed in its own SHA256SUMS, and no others.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.errors import ConfigurationError, DamagedError
from mirror.frozen import dataclass
from mirror.publication.bundle import SOFTWARE, Extra
from mirror.storage.disk import reported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SUMS: Final = "SHA256SUMS"
_SIGNATURE: Final = "SHA256SUMS.minisig"
_MOST_SUMS: Final = 1 << 20
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *]([A-Za-z0-9][A-Za-z0-9._+-]{0,99})")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,59}")


@dataclass(frozen=True, slots=True)
class Software:
    """Files that a bundle brings besides: as its manifest names them, and where each lies."""

    extras: tuple[Extra, ...] = ()
    paths: tuple[Path, ...] = ()

    @property
    def by_path(self) -> dict[str, Path]:
        """Where the bytes are, by their path in the bundle."""
        return {one.path: path for one, path in zip(self.extras, self.paths, strict=True)}


def find_software(houses: Iterable[Path]) -> Software:
    """Return the files of *houses*, each checked; this blocks.

    Raises `ConfigurationError` for a folder that is no wheelhouse, `DamagedError` for a file that
    is not as its sum says.
    """
    found = [one for house in houses for one in _of(house)]
    extras, paths = tuple(extra for extra, _ in found), tuple(path for _, path in found)
    if len({extra.path for extra in extras}) != len(extras):
        raise ConfigurationError("two wheelhouses have the same name")
    return Software(extras, paths)


def wheelhouses(extras: Iterable[Extra]) -> dict[str, str]:
    """Return the names of the wheelhouses among *extras*, and the SHA-256 of their sums."""
    parts = ((one.path.split("/"), one.sha256) for one in extras)
    return {
        place[1]: sha256 for place, sha256 in parts if place[0] == SOFTWARE and place[2] == SUMS
    }


def _of(house: Path) -> Iterator[tuple[Extra, Path]]:
    sums = dict(_read_sums(house))
    for name in (SUMS, _SIGNATURE, *sorted(sums)):
        path = house / name
        with reported("reading", path), path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        if sums.get(name, sha256) != sha256:
            raise DamagedError(f"{path} is not as {SUMS} beside it says")
        yield Extra(f"{SOFTWARE}/{house.name}/{name}", sha256, size), path


def _read_sums(house: Path) -> Iterator[tuple[str, str]]:
    if _NAME.fullmatch(house.name) is None or not (house / _SIGNATURE).is_file():
        raise ConfigurationError(
            f"{house} is no wheelhouse: `make release` makes one, with {SUMS} and {_SIGNATURE}"
        )
    with reported("reading", house / SUMS), (house / SUMS).open("rb") as file:
        text = file.read(_MOST_SUMS).decode("ascii", "replace")
    for line in text.splitlines():
        parts = _LINE.fullmatch(line)
        if parts is None:
            raise ConfigurationError(f"{house / SUMS}: no line of sums: {line[:80]!r}")
        yield parts[2], parts[1]
