"""Judge by whoever holds the store: the daemon, or a command by itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mirror.channels.approving import Approvers
from mirror.daemon.parts import now
from mirror.errors import ArtifactNotFoundError
from mirror.judgement.approving import approved, who_asks
from mirror.judgement.judge import Judge
from mirror.judgement.requests import Ruling
from mirror.storage.judgements import What
from mirror.storage.tokens import find_tokens

if TYPE_CHECKING:
    from mirror.config import Settings
    from mirror.daemon.status_document import Status
    from mirror.judgement.requests import Request
    from mirror.storage.store import Store


def judge_of(settings: Settings, store: Store) -> Judge:
    """Return the judge over *store*."""
    return Judge(store=store, upstream=settings.upstream.url, clock=now)


async def ask_to_judge(
    settings: Settings, judge_: Judge, request: Request, status: Status, operator: str | None = None
) -> Ruling:
    """Do what *request* asks, or count it where several must; *operator* is who a token names.

    Raises as `judge` does, and `ConfigurationError` for who proves nothing where that matters.
    """
    approvers = Approvers(partial(find_tokens, settings.keys_dir))
    who = await who_asks(request, operator, approvers)
    needed = settings.approvals.recall
    said = await approved(judge_.store, request, who, needed, judge_.clock())
    return said if isinstance(said, Ruling) else await judge(judge_, said, status)


async def judge(judge: Judge, request: Request, status: Status) -> Ruling:
    """Do what *request* asks; *status* has the alarms that can be acknowledged.

    Raises what `Judge.apply` does, and `ArtifactNotFoundError` for an alarm that is not there.
    """
    if request.what is not What.ACKNOWLEDGE:
        return await judge.apply(request)
    for alarm in status.alarms:
        if alarm.id == request.subject:
            return await judge.acknowledge(request, f"{alarm.alarm}: {alarm.name}")
    raise ArtifactNotFoundError(
        f"no alarm has the id {request.subject[:40]!r}: mpmirror status lists them"
    )
