"""Take in a file that an operator hands over: the rules of what comes from upstream hold for it.

It is copied through the incoming folder, never moved, hashed as it is written, judged in the
limited child process, and kept before the ledger names it.  The first digest of a name stays:
other bytes go to quarantine and raise the alarm, whoever brings them.  What is recalled is taken
from nobody.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import stat
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import field
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.catalog.model import BoardFacts
from mirror.catalog.plan import Policy
from mirror.errors import (
    ChildRefusedError,
    DigestMismatchError,
    MalformedImageError,
    RecalledError,
    TooLargeError,
    UnreadableFileError,
)
from mirror.formats.verdict import Claim, Conclusion, Finding, Verdict
from mirror.formats.verify import MOST_BYTES
from mirror.frozen import dataclass
from mirror.sandbox import Sandbox
from mirror.storage.entries import Change, Refusal, Sighting
from mirror.storage.store import Store
from mirror.sync.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirror.storage.entries import Entry
    from mirror.storage.incoming import Incoming, Received

A_LINK: Final = "a link, which is not followed"

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What taking in what operators bring works with.

    ``find_facts`` gives what is known of a board besides upstream's pages.
    """

    store: Store
    sandbox: Sandbox
    clock: Callable[[], datetime]
    upstream: str
    policy: Policy
    find_facts: Callable[[str], BoardFacts | None]
    turns: Turns = field(default_factory=Turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One file that is handed over: the name it is to have, of which board, and what it claims.

    ``origin`` is as in `mirror.catalog.origins`.
    """

    path: Path
    name: str
    origin: str
    board: str
    claim: Claim


async def take_in(hands: Hands, offered: Offered, beside: Sequence[Entry] = ()) -> bool:
    """Hold the file of *offered*, accepted and written down; False when it is held already.

    *beside* goes to the ledger with it.  Raises `UnreadableFileError` or another
    `RefusedError` when it is not taken, `StorageError` when this node can not keep it.
    """
    with _opened(offered.path) as file:
        async with hands.turns.of(offered.name):
            held = await hands.store.index.find_held(offered.name)
            if held is not None and await _digest(file, offered.path) == held.digest.hex:
                return False
            await _Taking(hands, offered, beside).take(file)
    return True


class _Taking:
    def __init__(self, hands: Hands, offered: Offered, beside: Sequence[Entry]) -> None:
        self._hands = hands
        self._store = hands.store
        self._offered = offered
        self._beside = beside

    async def take(self, file: FileIO) -> None:
        offered = self._offered
        # Not under the file's own name: that is the key of what comes from upstream.
        incoming = self._store.incoming.open(f"brought: {offered.name}", offered.origin)
        async with incoming:
            try:
                received = await _copy(file, incoming, offered.path)
                await self._refuse_recalled(incoming, received)
                await self._refuse_changed(incoming, received)
                verdict = await self._judge(incoming, received)
                if not verdict.accepted:
                    await self._refuse(incoming, received, verdict.reasons)
                    words = "; ".join(reason.text for reason in verdict.reasons)
                    raise MalformedImageError(f"{offered.name}: {words}")
                await self._store.blobs.keep(incoming)
            finally:
                await incoming.discard()
        await self._store.ledger.append([self._sighting(received, verdict), *self._beside])

    async def _refuse_recalled(self, incoming: Incoming, received: Received) -> None:
        judgement = await self._store.index.find_recall(received.digest)
        if judgement is None:
            return
        await self._refuse(incoming, received, (Finding("recalled", judgement.why),))
        raise RecalledError(
            f"{self._offered.name}: {received.digest} was recalled: {judgement.why}"
        )

    async def _refuse_changed(self, incoming: Incoming, received: Received) -> None:
        name, origin = self._offered.name, self._offered.origin
        first = await self._store.index.find_sighting(name)
        if first is None or first.digest == received.digest:
            return
        text = f"first seen as {first.digest}, here {received.digest}: the first bytes stay"
        finding = Finding("bytes-changed", text)
        await self._store.quarantine.put(incoming, name, origin, (finding,))
        change = Change(self._hands.clock(), name, origin, first.digest, received.digest)
        await self._store.ledger.append([change])
        raise DigestMismatchError(f"{name}: other bytes than those known under its name; {text}")

    async def _judge(self, incoming: Incoming, received: Received) -> Verdict:
        try:
            return await self._hands.sandbox.verify_image(
                incoming.reading, received.size, self._offered.claim
            )
        except ChildRefusedError as error:
            return Verdict(Conclusion.REFUSED, reasons=(Finding("parser", str(error)),))

    async def _refuse(
        self, incoming: Incoming, received: Received, reasons: tuple[Finding, ...]
    ) -> None:
        name, origin = self._offered.name, self._offered.origin
        await self._store.quarantine.put(incoming, name, origin, reasons)
        refusal = Refusal(
            self._hands.clock(), name, origin, reasons, received.digest, received.size
        )
        await self._store.ledger.append([refusal])

    def _sighting(self, received: Received, verdict: Verdict) -> Sighting:
        return Sighting(
            time=self._hands.clock(),
            name=self._offered.name,
            url=self._offered.origin,
            board=self._offered.board,
            digest=received.digest,
            size=received.size,
            verdict=verdict,
            md5=received.md5,
        )


@contextmanager
def _opened(path: Path) -> Iterator[FileIO]:
    """Open a plain file: no link is followed, and nobody waits for a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        why = A_LINK if error.errno == errno.ELOOP else error.strerror
        raise UnreadableFileError(f"{path} can not be read: {why}") from error
    with FileIO(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableFileError(f"{path} can not be read: not a file")
        if found.st_size > MOST_BYTES:
            raise _too_large(path)
        yield file


async def _digest(file: FileIO, path: Path) -> str:
    try:
        return await asyncio.to_thread(_hash_whole, file)
    except OSError as error:
        raise UnreadableFileError(f"{path} can not be read: {error.strerror or error}") from error


def _hash_whole(file: FileIO) -> str:
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest


async def _copy(file: FileIO, incoming: Incoming, path: Path) -> Received:
    await incoming.restart(None)
    while chunk := await _read(file, path):
        # Somebody may be writing to it still: what counts is what came.
        if incoming.size + len(chunk) > MOST_BYTES:
            raise _too_large(path)
        await incoming.write(chunk)
    return await incoming.finish()


async def _read(file: FileIO, path: Path) -> bytes:
    try:
        return await asyncio.to_thread(file.read, _CHUNK)
    except OSError as error:
        raise UnreadableFileError(f"{path} can not be read: {error.strerror or error}") from error


def _too_large(path: Path) -> TooLargeError:
    return TooLargeError(f"{path}: more than the {MOST_BYTES} bytes of any image")
