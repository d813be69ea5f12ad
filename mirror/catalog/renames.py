"""Which board has become which: upstream renames boards, and their files with them.

Upstream says nothing of it (``upstream.md`` U4): the old page and names are gone, and under a
new id there are files of the same dates, versions and kinds.  Only their bytes tell.  So a
board that upstream lists no longer *was renamed* when, of the builds that are known of both,
more than half have the same bytes.  What is known of one of them only says nothing: the
mirror may hold much of the old board and little of the new one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from mirror.catalog.names import ArtifactName
from mirror.errors import UnrecognisedNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirror.catalog.values import Digest

Digests: TypeAlias = "Mapping[str, Digest]"
"""The digest of each file of a board, by its name."""

_Builds: TypeAlias = "dict[tuple[str, str, str], set[Digest]]"


def find_renamed(old: Digests, others: Mapping[str, Digests]) -> str | None:
    """Return which of *others*, by board id, the board with the files *old* has become.

    The one with most builds in common; None when it has become none of them.
    """
    before = _builds(old)
    agreeing = {board: _agreeing(before, _builds(names)) for board, names in others.items()}
    best = max(sorted(agreeing), key=lambda board: agreeing[board], default=None)
    return best if best is not None and agreeing[best] else None


def _agreeing(old: _Builds, new: _Builds) -> int:
    """Return how many builds have the same bytes; 0 when that is not most of those compared."""
    common = old.keys() & new.keys()
    same = sum(not old[build].isdisjoint(new[build]) for build in common)
    return same if 2 * same > len(common) else 0


def _builds(names: Digests) -> _Builds:
    """Return the digests by what a rename leaves as it is; variants may become others."""
    found: _Builds = defaultdict(set)
    for text, digest in names.items():
        try:
            name = ArtifactName.parse(text)
        except UnrecognisedNameError:
            continue
        found[name.date, str(name.version), name.kind.value].add(digest)
    return found
