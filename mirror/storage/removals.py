"""Let blobs go, but none that somebody has just put.

Between putting a blob and naming it there is a moment in which nothing shows that it is
needed.  So whoever puts one says so here first, even when it is held already, and what was
put lately stays, until the ledger names it.  What was put before this process began shows it
by the age of its file.
"""

from __future__ import annotations

import stat
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from mirror.frozen import dataclass
from mirror.storage.disk import reported
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.storage.files import Files

# More than are on their way to a name at once; about 100 bytes each.
_MOST_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class Weight:
    """A blob on the disk: its size in bytes, and how long ago its file was last changed (s)."""

    size: int
    age: float


class Removals:
    """Removes blobs, of which *path_of* gives the path; *forget* has them trusted no more."""

    def __init__(
        self,
        files: Files,
        path_of: Callable[[Digest], Path],
        forget: Callable[[Digest], None],
    ) -> None:
        self._files = files
        self._path_of = path_of
        self._forget = forget
        self._lately: OrderedDict[str, None] = OrderedDict()
        # Threads put and threads remove.
        self._guard = threading.Lock()

    def spare(self, digest: Digest) -> None:
        """Keep *digest*, which is about to be put; this may wait for a removal."""
        with self._guard:
            self._lately[digest.hex] = None
            self._lately.move_to_end(digest.hex)
            while len(self._lately) > _MOST_REMEMBERED:
                self._lately.popitem(last=False)

    def named(self, digest: Digest) -> None:
        """Have *digest* kept by who names it, and no longer because it was put lately."""
        # Without the guard, for which the loop would have to wait; this is one step.
        self._lately.pop(digest.hex, None)

    def spared(self, digest: Digest) -> bool:
        """Whether *digest* was put lately."""
        return digest.hex in self._lately

    async def weigh(self, digests: Iterable[Digest]) -> dict[Digest, Weight]:
        """Return size and age of those of *digests* that are held."""
        return await to_end(self._weigh, list(digests))

    async def remove(self, digests: Iterable[Digest]) -> list[Digest]:
        """Hold *digests* no more, durably, but for those that were put lately; return which.

        After a `StorageError` some of them are held still, each whole.
        """
        return await to_end(self._remove, list(digests))

    def _weigh(self, digests: list[Digest]) -> dict[Digest, Weight]:
        found = {}
        now = self._files.disk.now_ns()
        for digest in digests:
            path = self._path_of(digest)
            with reported("looking at", path):
                try:
                    facts = path.lstat()
                except FileNotFoundError:
                    continue
            if not stat.S_ISREG(facts.st_mode):
                continue  # no blob, and the check's to name
            changed = max(facts.st_mtime_ns, facts.st_ctime_ns)
            found[digest] = Weight(facts.st_size, (now - changed) / 1e9)
        return found

    def _remove(self, digests: list[Digest]) -> list[Digest]:
        with self._guard:
            going = [digest for digest in digests if digest.hex not in self._lately]
            for digest in going:
                self._forget(digest)
            self._files.remove_all(self._path_of(digest) for digest in going)
        return going
