"""Where things stand in a data folder, and whether a folder is one of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mirror.errors import ForeignDataError, IncompleteError
from mirror.frozen import dataclass
from mirror.storage.blobs import FAN_OUT
from mirror.storage.disk import reported
from mirror.storage.lock import LOCK_FILE

if TYPE_CHECKING:
    from mirror.storage.files import Files

_FORMAT = b"1\n"
_FORMAT_BYTES = 64
# What may stand in a folder that is about to become a data folder.
_HARMLESS = {LOCK_FILE, "lost+found", "mpmirror.toml"}


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths below one data folder."""

    folder: Path

    @property
    def format(self) -> Path:
        """The file that says which format the rest has."""
        return self.folder / "FORMAT"

    @property
    def database(self) -> Path:
        """The index."""
        return self.folder / "mpmirror.db"

    @property
    def blobs(self) -> Path:
        """The folder of the blobs, which has one folder for each first byte."""
        return self.folder / "blobs" / "sha256"

    @property
    def incoming(self) -> Path:
        """The folder of partial downloads."""
        return self.folder / "incoming"

    @property
    def quarantine(self) -> Path:
        """The folder of refused bytes."""
        return self.folder / "quarantine"

    @property
    def pending(self) -> Path:
        """The folder of bytes that await a second look."""
        return self.folder / "pending"

    @property
    def ledger(self) -> Path:
        """The folder of the ledger's files."""
        return self.folder / "ledger"

    @property
    def publications(self) -> Path:
        """The folder of publications by sequence."""
        return self.folder / "publications"

    @property
    def channels(self) -> Path:
        """The folder of pointers to publications."""
        return self.folder / "channels"

    @property
    def pins(self) -> Path:
        """The folder of the pins."""
        return self.folder / "pins"

    @property
    def signatures(self) -> Path:
        """The folder of signatures, by the digest of what is signed."""
        return self.folder / "signatures"

    @property
    def proposals(self) -> Path:
        """The folder of promotions that wait for somebody."""
        return self.folder / "proposals"

    def folders(self) -> list[Path]:
        """Return every folder below the data folder, parents first."""
        blobs = self.blobs
        return [
            self.incoming,
            self.quarantine,
            self.pending,
            self.ledger,
            self.publications,
            self.channels,
            self.pins,
            self.signatures,
            self.proposals,
            blobs.parent,
            blobs,
            *(blobs / prefix for prefix in FAN_OUT),
        ]

    def refuse_other_format(self) -> None:
        """Raise `ForeignDataError` unless the folder says that it has our format; this blocks."""
        text = self._find_format()
        if text is None:
            raise ForeignDataError(f"{self.folder} is not a data folder of mpmirror: no FORMAT")
        if text != _FORMAT:
            raise ForeignDataError(
                f"{self.format} says {text.decode('ascii', 'replace').strip()!r}, and this "
                f"mpmirror reads format {_FORMAT.decode().strip()} only"
            )

    def refuse_unbegun(self) -> None:
        """Raise `IncompleteError` where nothing was begun yet, else as above; this blocks."""
        if not self.folder.exists() or self._find_format() is None:
            if self.folder.exists():
                self._refuse_foreign_content()
            raise IncompleteError(
                f"{self.folder} holds nothing yet: mpmirror serve and mpmirror sync begin it"
            )
        self.refuse_other_format()

    def claim(self, files: Files) -> None:
        """Make an empty folder ours, or find that it is; `ForeignDataError` for any other."""
        if self._find_format() is None:
            self._refuse_foreign_content()
            # A first start that was killed just here must not keep the next from writing.
            files.sweep(self.folder)
            files.write(self.format, _FORMAT)
        self.refuse_other_format()

    def _find_format(self) -> bytes | None:
        with reported("reading", self.format):
            try:
                with self.format.open("rb") as file:
                    return file.read(_FORMAT_BYTES)
            except FileNotFoundError:
                return None

    def _refuse_foreign_content(self) -> None:
        with reported("reading the folder", self.folder):
            names = sorted(path.name for path in self.folder.iterdir())
        foreign = [name for name in names if name not in _HARMLESS and not name.startswith(".")]
        if foreign:
            raise ForeignDataError(
                f"{self.folder} is no data folder of mpmirror (it has no FORMAT) and not empty "
                f"(it has {foreign[0]!r}): name an empty folder, or one that does not exist yet"
            )


def make_data_folder(folder: Path, files: Files) -> None:
    """Make *folder* and what is missing above it, durably; this blocks."""
    with reported("looking at", folder):
        ancestors = [folder, *folder.parents]
        missing = [path for path in ancestors if not path.is_dir()]
    files.make_folders(reversed(missing))
