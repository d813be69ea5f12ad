"""Files that are not held: have them fetched by the daemon, and remember what they are.

Serving fetches nothing itself.  However many clients ask one process for a file, it asks
the daemon once, and a client that goes away ends nothing for the others.  What the daemon
said is remembered, so that a file that was fetched costs no more than one that is held.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from pydantic import ValidationError

from mirror.catalog.kinds import Kind
from mirror.errors import (
    ArtifactNotFoundError,
    BusyError,
    FetchFailedError,
    FetchTimedOutError,
    GoneError,
    LockedError,
    MirrorError,
    NotYetError,
)
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.web.artifacts import Artifact

if TYPE_CHECKING:
    from aiohttp import web

OnDemand: TypeAlias = Callable[[str], Awaitable[Artifact]]
"""Holds the file of a name and says what it is; raises a `MirrorError` when it can not."""

# About 300 bytes each.
_MOST_REMEMBERED: Final = 10_000
_AS_THEY_ARE: Final[dict[str, type[MirrorError]]] = {
    "ArtifactNotFound": ArtifactNotFoundError,
    "Busy": BusyError,
    "FetchFailed": FetchFailedError,
    "FetchTimedOut": FetchTimedOutError,
    "Gone": GoneError,
}
_WITH_A_WAIT: Final = {"NotYet", "UpstreamBusy", "BreakerOpen", "BudgetSpent"}


class Fetched:
    """What was fetched on demand; *fetch* is asked for what is not known here."""

    def __init__(self, fetch: OnDemand) -> None:
        self._fetch = fetch
        self._known: OrderedDict[str, Artifact] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Artifact]] = {}

    async def find(self, name: str) -> Artifact:
        """Return what is held under *name*, fetched if need be; raise what *fetch* raises."""
        known = self._known.get(name)
        if known is not None:
            self._known.move_to_end(name)
            return known
        if name not in self._asking:
            task = asyncio.create_task(self._ask(name), name=f"on demand {name}")
            self._asking[name] = task
            task.add_done_callback(_seen)
        return await asyncio.shield(self._asking[name])

    def forget(self, name: str) -> None:
        """Ask anew for *name*: its bytes are gone."""
        self._known.pop(name, None)

    async def close(self, _app: web.Application | None = None) -> None:
        """End what is being asked; whoever waits for it is gone."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _ask(self, name: str) -> Artifact:
        try:
            artifact = await self._fetch(name)
        finally:
            del self._asking[name]
        self._known[name] = artifact
        while len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return artifact


def _seen(task: asyncio.Task[Artifact]) -> None:
    """Look at what it raised: everybody who waited may have gone."""
    if not task.cancelled():
        task.exception()


@dataclass(frozen=True, slots=True)
class _Refusal:
    error: str
    message: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """An `Artifact` in JSON; ``sums`` in hex."""

    name: str
    board: str
    version: str
    kind: Kind
    size: int
    flash_offset: int | None
    sums: str


_TOLD = Shape(_Told)
_REFUSAL = Shape(_Refusal)


def encode_artifact(artifact: Artifact) -> bytes:
    """Return *artifact* as the daemon tells its workers."""
    told = _Told(
        name=artifact.name,
        board=artifact.board,
        version=artifact.version,
        kind=artifact.kind,
        size=artifact.size,
        flash_offset=artifact.flash_offset,
        sums=artifact.sums.hex(),
    )
    return _TOLD.dump_json(told) + b"\n"


def decode_artifact(body: bytes) -> Artifact:
    """Read what `encode_artifact` wrote; raise `LockedError` when another daemon did."""
    try:
        told = _TOLD.validate_json(body)
        sums = bytes.fromhex(told.sums)
    except ValueError as error:  # pydantic's ValidationError is one
        raise LockedError(f"the daemon says what no worker understands: {error}") from error
    return Artifact(
        told.name, told.board, told.version, told.kind, told.size, told.flash_offset, sums
    )


def decode_failure(body: bytes) -> MirrorError:
    """Return the error that the daemon has answered with."""
    try:
        refusal = _REFUSAL.validate_json(body)
    except ValidationError:
        return LockedError("the daemon refuses to fetch, in words that no worker understands")
    known = _AS_THEY_ARE.get(refusal.error)
    if known is not None:
        return known(refusal.message)
    if refusal.error in _WITH_A_WAIT and refusal.retry_after is not None:
        return NotYetError(refusal.message, retry_after=timedelta(seconds=refusal.retry_after))
    return LockedError(f"the daemon can not fetch: {refusal.message}")
