"""Many names in little memory: a stranger may be taken for one of them, never the reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# Of 20,000 names, as many as upstream ever had, a fiftieth of the places are taken.
_PLACES: Final = 1 << 20


class Sieve:
    """Names that only come; whatever is not `in` it was never added."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._taken = bytearray(_PLACES)
        self.add(names)

    def add(self, names: Iterable[str]) -> None:
        """Add *names*."""
        for name in names:
            self._taken[hash(name) % _PLACES] = 1

    def __contains__(self, name: str) -> bool:
        """Whether *name* may have been added."""
        return bool(self._taken[hash(name) % _PLACES])
