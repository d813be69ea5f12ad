"""Judge by whoever holds the store: the daemon, or a command by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.daemon.parts import now
from mirror.errors import ArtifactNotFoundError
from mirror.judgement.judge import Judge
from mirror.storage.judgements import What

if TYPE_CHECKING:
    from mirror.config import Settings
    from mirror.daemon.status_document import Status
    from mirror.judgement.requests import Request, Ruling
    from mirror.storage.store import Store


def judge_of(settings: Settings, store: Store) -> Judge:
    """Return the judge over *store*."""
    return Judge(store=store, upstream=settings.upstream.url, clock=now)


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
