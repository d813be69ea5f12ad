"""A plan without what is recalled: it is asked for no more, and named as dealt with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirror.sync.outcome import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirror.catalog.plan import SyncPlan
    from mirror.catalog.values import Digest


def without_recalled(
    todo: SyncPlan, recalled: Mapping[str, Digest], dealt_with: list[Trouble]
) -> SyncPlan:
    """Return *todo* without the names that *recalled* has; each is added to *dealt_with*."""
    left = [listing for listing in todo.wanted if str(listing.name) in recalled]
    if not left:
        return todo
    dealt_with += [
        Trouble(name, f"{recalled[name]} is recalled: not fetched, not served")
        for name in (str(listing.name) for listing in left)
    ]
    return replace(
        todo,
        wanted=tuple(one for one in todo.wanted if str(one.name) not in recalled),
        fetch=tuple(one for one in todo.fetch if str(one.name) not in recalled),
    )
