"""The names that the policy wanted when a sync run planned last.

Between being fetched and being published nothing else shows that a file is more than one on
demand.  The index may lose it: then it is remembered again by the next run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.storage.index import Index

_MARK: Final = "wanted"
_NAMES = Shape(list[str])


async def remember_wanted(index: Index, names: Iterable[str]) -> None:
    """Remember *names*; nothing is written when they are those of the last run."""
    value = _NAMES.dump_json(sorted(names)).decode()
    if await index.find_mark(_MARK) != value:
        await index.set_mark(_MARK, value)


async def wanted_names(index: Index) -> frozenset[str]:
    """Return what is remembered; nothing before the first run."""
    mark = await index.find_mark(_MARK)
    try:
        return frozenset(_NAMES.validate_json(mark)) if mark else frozenset()
    except ValidationError:
        # Another version wrote it.
        return frozenset()
