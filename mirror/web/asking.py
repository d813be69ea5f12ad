"""What a serving process asks the daemon, and tells it, over its Unix socket."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from mirror.control import ask
from mirror.errors import LockedError
from mirror.web.accesses import spell_digests
from mirror.web.on_demand import decode_artifact, decode_failure

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.web.artifacts import Artifact

_SECONDS: Final = 5.0
# The daemon hashes the blob itself before it answers.
_TO_LOOK: Final = 60.0


async def ask_status(control: Path) -> bytes:
    """Return the status that the daemon at *control* gives; `LockedError` when it does not."""
    reply = await ask(control, "GET", "/v1/status.json", seconds=_SECONDS)
    if reply.status != HTTPStatus.OK:
        raise LockedError(f"the daemon at {control} answers {reply.status} to a worker")
    return reply.body


async def ask_artifact(control: Path, name: str) -> Artifact:
    """Have the daemon at *control* fetch the file *name*; raise why it could not."""
    reply = await ask(control, "POST", f"/v1/fetch/{name}")
    if reply.status != HTTPStatus.OK:
        raise decode_failure(reply.body)
    return decode_artifact(reply.body)


async def tell_damage(control: Path, digest: Digest) -> None:
    """Tell the daemon at *control* that a blob is damaged; `LockedError` when it is not told."""
    reply = await ask(control, "POST", f"/v1/damaged/{digest}", seconds=_TO_LOOK)
    if reply.status != HTTPStatus.OK:
        raise LockedError(f"the daemon at {control} answers {reply.status} to a worker")


async def tell_accesses(control: Path, digests: Collection[Digest]) -> None:
    """Tell the daemon at *control* what was asked for; `LockedError` when it is not told."""
    path = f"/v1/accessed?digests={spell_digests(digests)}"
    reply = await ask(control, "POST", path, seconds=_SECONDS)
    if reply.status != HTTPStatus.OK:
        raise LockedError(f"the daemon at {control} answers {reply.status} to a worker")


async def tell_traffic(control: Path, tally: bytes) -> None:
    """Tell the daemon at *control* what was answered; `LockedError` when it is not told."""
    reply = await ask(control, "POST", "/v1/counted", seconds=_SECONDS, body=tally)
    if reply.status != HTTPStatus.OK:
        raise LockedError(f"the daemon at {control} answers {reply.status} to a worker")
