"""Where the certificates of this node lie, outside of DATA, and how they are found again.

What was issued for one set of hosts has a folder of its own.  In it each *generation* is a
numbered folder, and ``current`` names the one that is used, so that a new certificate and its
key come into use at one instant::

    KEYS/tls/mirror.lab-1f0c8a/
      current            "1"
      1/                 certificate.pem  key.pem (0600)  authority.pem  issued.json

``authority.pem`` is public: clients are given it.  Nothing here reads a private key.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.errors import DamagedError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.disk import reported

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER: Final = "tls"
CURRENT: Final = "current"
CERTIFICATE: Final = "certificate.pem"
KEY: Final = "key.pem"
AUTHORITY: Final = "authority.pem"
AUTHORITY_KEY: Final = "authority-key.pem"
ISSUED: Final = "issued.json"

_MOST_BYTES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What a certificate is for: the *hosts* that it stands for, and until when."""

    hosts: tuple[str, ...]
    until: datetime


_TERMS = Shape(Terms)


@dataclass(frozen=True, slots=True)
class Issued:
    """One generation of what was issued for one set of hosts, in *folder*."""

    folder: Path
    terms: Terms

    @property
    def certificate(self) -> Path:
        """What the node shows to clients."""
        return self.folder / CERTIFICATE

    @property
    def key(self) -> Path:
        """The private key of the certificate."""
        return self.folder / KEY

    @property
    def generation(self) -> int:
        """Which one it is, counted from 1."""
        return int(self.folder.name)


@dataclass(frozen=True, slots=True)
class HostSet:
    """All that was issued for one set of hosts: what is in use, and what is prepared."""

    folder: Path
    current: Issued
    prepared: Issued | None = None

    @property
    def generations(self) -> tuple[Issued, ...]:
        """What is in use, and what comes after it."""
        return (self.current,) if self.prepared is None else (self.current, self.prepared)


def encode_terms(terms: Terms) -> bytes:
    """Return what stands in ``issued.json``."""
    return _TERMS.dump_json(terms) + b"\n"


def find_host_sets(folder: Path) -> list[HostSet]:
    """Return what was issued into *folder*, `FOLDER` of the keys; this blocks.

    In the order of the names.  Raises `DamagedError` or `StorageError` for what can not be read.
    """
    with reported("reading the folder", folder):
        try:
            names = sorted(path for path in folder.iterdir() if (path / CURRENT).exists())
        except FileNotFoundError:
            return []
    return [_read_set(path) for path in names]


def read_authorities(folder: Path) -> bytes:
    """Return the certificates of all authorities that clients may trust, as PEM; this blocks.

    Also those that are prepared: so whoever fetches them meanwhile needs not do it again.
    """
    found = [
        _read(issued.folder / AUTHORITY)
        for hosts in find_host_sets(folder)
        for issued in hosts.generations
    ]
    return b"".join(dict.fromkeys(found))


def _read_set(folder: Path) -> HostSet:
    text = _read(folder / CURRENT).decode("ascii", "replace").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 7):  # noqa: PLR2004 - a bound
        raise DamagedError(f"{folder / CURRENT} does not name a generation")
    number = int(text)
    later = max((n for n in _generations(folder) if n > number), default=None)
    return HostSet(
        folder,
        _read_issued(folder / str(number)),
        None if later is None else _read_issued(folder / str(later)),
    )


def _generations(folder: Path) -> Iterator[int]:
    with reported("reading the folder", folder):
        for path in folder.iterdir():
            # What has no terms yet is not whole.
            if path.name.isascii() and path.name.isdigit() and (path / ISSUED).exists():
                yield int(path.name)


def _read_issued(folder: Path) -> Issued:
    try:
        return Issued(folder, _TERMS.validate_json(_read(folder / ISSUED)))
    except ValidationError as error:
        raise DamagedError(f"{folder / ISSUED} does not say what was issued") from error


def _read(path: Path) -> bytes:
    with reported("reading", path), path.open("rb") as file:
        return file.read(_MOST_BYTES)
