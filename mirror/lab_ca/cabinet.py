"""Issue certificates for sets of hosts, keep them beside the keys, and rotate them.

The authority's own key is in memory for as long as it signs, and is written down only when
that is asked for.  Then the same authority signs the next certificate, and clients need do
nothing.  Else rotation makes a new authority, which is *prepared*: clients are given both, and
when they have it, `Cabinet.switch` moves the pointer.  All calls block.
"""

from __future__ import annotations

import contextlib
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mirror.errors import ConfigurationError, StorageError
from mirror.frozen import dataclass
from mirror.lab_ca.hosts import name_of
from mirror.lab_ca.issuing import Authority, make_authority, make_leaf, read_authority
from mirror.storage.certificates import (
    AUTHORITY,
    AUTHORITY_KEY,
    CERTIFICATE,
    CURRENT,
    FOLDER,
    ISSUED,
    KEY,
    HostSet,
    Terms,
    encode_terms,
    find_host_sets,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from mirror.storage.files import Files

#: What browsers take at most.
LONGEST: Final = timedelta(days=398)

_PRIVATE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700
# A kept authority that ends sooner is not worth another certificate.
_WORTH_IT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: certificates for so long, and whether the authority's key is kept."""

    lifetime: timedelta
    keep_key: bool = False


class Cabinet:
    """What was issued, in the folder `FOLDER` of *keys_dir*."""

    def __init__(self, keys_dir: Path, files: Files, clock: Callable[[], datetime]) -> None:
        self._keys_dir = keys_dir
        self._folder = keys_dir / FOLDER
        self._files = files
        self._clock = clock

    def sets(self) -> list[HostSet]:
        """Return what there is."""
        return find_host_sets(self._folder)

    def issue(self, hosts: tuple[str, ...], order: Order) -> HostSet:
        """Issue for a set of hosts that nothing was issued for; raise `ConfigurationError` else."""
        if self._find(hosts) is not None:
            raise ConfigurationError(
                f"there is a certificate for {' '.join(hosts)}: --rotate makes the next one"
            )
        self._open()
        folder = self._folder / name_of(hosts)
        self._files.make_folders([folder])
        self._write(folder / "1", hosts, order, self._authority(hosts, order))
        self._point(folder, 1)
        return self.get(hosts)

    def rotate(self, hosts: tuple[str, ...], order: Order) -> HostSet:
        """Make the next certificate for *hosts*: used at once if its authority is the same."""
        found = self.get(hosts)
        self._open()
        kept = self._kept_authority(found)
        number = found.generations[-1].generation + 1
        self._write(
            found.folder / str(number),
            hosts,
            order if kept is None else Order(order.lifetime, keep_key=True),
            kept or self._authority(hosts, order),
        )
        return self.switch(hosts) if kept else self.get(hosts)

    def switch(self, hosts: tuple[str, ...]) -> HostSet:
        """Use what is prepared for *hosts*, and remove what was used before, keys and all."""
        found = self.get(hosts)
        if found.prepared is None:
            raise ConfigurationError(f"nothing is prepared for {' '.join(hosts)}: --rotate does it")
        self._point(found.folder, found.prepared.generation)
        for number in range(1, found.prepared.generation):
            self._remove(found.folder / str(number))
        return self.get(hosts)

    def get(self, hosts: tuple[str, ...]) -> HostSet:
        """Return what was issued for *hosts*; raise `ConfigurationError` when nothing was."""
        found = self._find(hosts)
        if found is None:
            raise ConfigurationError(f"nothing was issued for exactly {' '.join(hosts)}")
        return found

    def _find(self, hosts: tuple[str, ...]) -> HostSet | None:
        return next((found for found in self.sets() if found.current.terms.hosts == hosts), None)

    def _open(self) -> None:
        """Make the folder, closed to everybody else; refuse to leave files that nobody reads."""
        missing = [
            path for path in (*reversed(self._folder.parents), self._folder) if not path.exists()
        ]
        self._files.make_folders(missing)
        try:
            owner = self._keys_dir.stat().st_uid
            if owner != os.geteuid():
                raise ConfigurationError(
                    f"{self._keys_dir} belongs to the user with the number {owner}, who could not"
                    f" read the new keys: run this as that user, `sudo -u '#{owner}' …`"
                )
            self._folder.chmod(_PRIVATE_FOLDER)
        except OSError as error:
            raise StorageError(f"{self._folder}: {error.strerror}") from error

    def _authority(self, hosts: tuple[str, ...], order: Order) -> Authority:
        now = self._clock()
        # Who keeps the key wants to sign with it again.
        return make_authority(hosts, now, now + (LONGEST if order.keep_key else order.lifetime))

    def _kept_authority(self, found: HostSet) -> Authority | None:
        folder = found.generations[-1].folder
        try:
            key = (folder / AUTHORITY_KEY).read_bytes()
            kept = read_authority((folder / AUTHORITY).read_bytes(), key)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"{folder}: {error.strerror}") from error
        return kept if kept.until - self._clock() > _WORTH_IT else None

    def _write(
        self, folder: Path, hosts: tuple[str, ...], order: Order, authority: Authority
    ) -> None:
        now = self._clock()
        until = min(now + order.lifetime, authority.until)
        leaf = make_leaf(hosts, authority, now, until)
        secrets = {folder / KEY: leaf.key_pem}
        if order.keep_key:
            secrets[folder / AUTHORITY_KEY] = authority.key_pem
        self._files.make_folders([folder])
        self._files.write_all(secrets, mode=_PRIVATE)
        self._files.write_all({folder / CERTIFICATE: leaf.pem, folder / AUTHORITY: authority.pem})
        # Last: only with it the generation counts.
        terms = Terms(hosts, until.replace(microsecond=0))
        self._files.write(folder / ISSUED, encode_terms(terms))

    def _point(self, folder: Path, number: int) -> None:
        self._files.write(folder / CURRENT, f"{number}\n".encode())

    def _remove(self, folder: Path) -> None:
        if not folder.exists():
            return
        names = (ISSUED, KEY, AUTHORITY_KEY, CERTIFICATE, AUTHORITY)
        self._files.remove_all(folder / name for name in names)
        with contextlib.suppress(OSError):  # an empty folder gives nothing away
            folder.rmdir()
