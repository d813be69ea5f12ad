"""Where several must say that bytes are forbidden, or are no longer: count them in the ledger.

Who has said so stands there as an ``approve`` of the very digest, in the name of his token.  What
was decided about the digest meanwhile ends the count: whoever comes then begins anew.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.errors import ConfigurationError
from mirror.judgement.requests import Ruling
from mirror.storage.entries import Decision
from mirror.storage.judgements import What

if TYPE_CHECKING:
    from datetime import datetime

    from mirror.channels.approving import Approvers
    from mirror.judgement.requests import Request
    from mirror.storage.store import Store

_APPROVE: Final = "approve-"
_COUNTED: Final = {What.RECALL, What.RECALL_UNDO}


async def approved(
    store: Store,
    request: Request,
    who: str | None,
    needed: int,
    now: datetime,
) -> Request | Ruling:
    """Return *request* in the name of all who approved it, or how many still must.

    *who* is proven by a token, or None.  Raises `ConfigurationError` for who proves nothing, or
    has approved already.
    """
    if request.what not in _COUNTED or needed <= 1:
        return request
    if who is None:
        raise ConfigurationError(
            f"{request.what} takes {needed} people who prove who they are: give --token-file, or"
            " ask over TCP with a token"
        )
    request.refuse_nonsense()
    before = await _before(store, request)
    if who in before:
        raise ConfigurationError(
            f"{who} has approved this already: {needed - len(before)} more must"
        )
    names = (*before, who)
    line = Decision(now, _APPROVE + request.what, request.subject, request.why, who)
    await store.ledger.append([line])
    if len(names) < needed:
        said = f"{request.what} of {request.subject} is approved by {', '.join(names)}"
        return Ruling(f"{said}: {len(names)} of {needed}; nothing has changed", done=False)
    return replace(request, by=", ".join(names), token=None)


async def who_asks(request: Request, operator: str | None, approvers: Approvers) -> str | None:
    """Return who proves to give *request*: *operator*, or the owner of its token."""
    if operator is not None or request.token is None:
        return operator
    return await approvers.owner(request.token)


async def _before(store: Store, request: Request) -> tuple[str, ...]:
    """Return who has approved *request* since something was decided about its subject."""
    names: list[str] = []
    async for recorded in store.ledger.entries():
        entry = recorded.entry
        if not isinstance(entry, Decision) or entry.subject != request.subject:
            continue
        if entry.what in _COUNTED:
            names.clear()
        elif entry.what == _APPROVE + request.what and entry.by not in names:
            names.append(entry.by)
    return tuple(names)
