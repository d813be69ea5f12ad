"""A daemon's operations, made up."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from mirror.catalog.kinds import Kind
from mirror.errors import DiskFullError, FetchFailedError, LockedError, NotYetError, RecalledError
from mirror.web.admin import make_admin_app
from mirror.web.artifacts import Artifact
from mirror.web.listening import unix_socket
from mirror.web.server import serving
from mirror.web.traffic import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.errors import MirrorError

STATUS = b'{"held":7}\n'
METRICS = b"mpmirror_complete 1.0\n"
RUNS = b'{"runs":[]}\n'
FETCHED = Artifact("A-20260406-v1.28.0.bin", "A", "v1.28.0", Kind.BIN, 7, 4096, bytes(48))


class Channels:
    """Says what was asked of which channel, and by whom."""

    async def all(self) -> bytes:
        """Say that there is none."""
        return b"[]\n"

    async def show(self, channel: str) -> bytes:
        """Say which channel was asked for."""
        return b'{"channel":"%s"}\n' % channel.encode()

    async def promote(self, channel: str, order: bytes, operator: str | None) -> bytes:
        """Say what was asked, and who a token says it was."""
        said = {"channel": channel, "order": json.loads(order), "operator": operator}
        return json.dumps(said).encode()


class Operations:
    """Says what a test wants, and remembers what happened to its lines."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self.status_fails = False
        self.damages: asyncio.Queue[Digest] = asyncio.Queue()
        self.prune_fails: MirrorError | None = None
        self.report: bytes | None = None
        self.accesses: asyncio.Queue[tuple[Digest, ...]] = asyncio.Queue()
        self.tally = Tally()
        self.channels = Channels()

    async def status(self) -> bytes:
        """Say how the node is, or that it can not."""
        if self.status_fails:
            raise LockedError("/data is held by process 7")
        return STATUS

    async def fetch(self, name: str) -> Artifact:
        """Fetch what is called FETCHED; what is called late comes later, nothing else at all."""
        if name == "late":
            raise NotYetError("it is on its way", retry_after=timedelta(seconds=6.2))
        if name != FETCHED.name:
            raise FetchFailedError(f"{name} did not come")
        return FETCHED

    async def damaged(self, digest: Digest) -> None:
        """Remember what was told."""
        self.damages.put_nowait(digest)

    async def pin(self, order: bytes) -> AsyncGenerator[bytes, None]:
        """Say how long the order was."""
        yield b'{"bytes":%d}\n' % len(order)

    async def adopt(self, folder: str) -> AsyncGenerator[bytes, None]:
        """Say which folder was named."""
        yield b'{"folder":"%s"}\n' % folder.encode()

    async def add(self, request: Mapping[str, str]) -> bytes:
        """Say what was said."""
        return json.dumps(dict(request)).encode()

    async def carry_in(
        self, files: Sequence[str], *, dry_run: bool, channel: str
    ) -> AsyncGenerator[bytes, None]:
        """Say which bundle was named, and for which channel."""
        said = {"files": list(files), "dry_run": dry_run, "channel": channel}
        yield json.dumps(said).encode() + b"\n"

    async def receipts(self) -> bytes:
        """Say that there were none."""
        return b"[]\n"

    async def accessed(self, digests: Collection[Digest]) -> None:
        """Remember what was told."""
        self.accesses.put_nowait(tuple(digests))

    async def counted(self, tally: bytes) -> None:
        """Add what was told."""
        self.tally.add(Tally.decode(tally))

    async def metrics(self) -> bytes:
        """Say one thing."""
        return METRICS

    async def prune(self) -> bytes:
        """Give the report that a test wants, or say what was asked for."""
        if self.prune_fails is not None:
            raise self.prune_fails
        return self.report or b'{"dry_run":false}\n'

    async def preview_prune(self, rules: bytes) -> bytes:
        """Give the report that a test wants, or say what was asked for, and by which rules."""
        if self.prune_fails is not None:
            raise self.prune_fails
        return self.report or b'{"dry_run":true,"rules":"%s"}\n' % rules

    async def judge(self, request: bytes, _operator: str | None) -> bytes:
        """Say what was asked, unless it is forbidden."""
        if request == b"forbidden":
            raise RecalledError("it was recalled")
        return b'{"text":"%s"}\n' % request

    async def runs(self) -> bytes:
        """Say that there were none."""
        return RUNS

    async def remembered(self, board: str) -> bytes:
        """Say which board was asked for."""
        return b'{"board":"%s"}\n' % board.encode()

    async def sync(self) -> AsyncGenerator[bytes, None]:
        """Make progress three times, and publish."""
        try:
            for done in range(3):
                await asyncio.sleep(0)
                yield b'{"done":%d}\n' % done
            yield b'{"outcome":"published"}\n'
        finally:
            self.closed.set()

    async def ledger(self, since: str | None) -> AsyncGenerator[bytes, None]:
        """Give one line; what comes then depends on *since*."""
        try:
            yield b'{"since":"%s"}\n' % str(since).encode()
            if since == "full":
                raise DiskFullError("no space left on the disk")
            if since == "fault":
                raise ZeroDivisionError
            while since == "endless":
                await asyncio.sleep(0.01)
                yield b"x" * 1000 + b"\n"
        finally:
            self.closed.set()


@asynccontextmanager
async def administered(path: Path, operations: Operations) -> AsyncIterator[None]:
    """Serve *operations* on the Unix socket *path*."""
    app = make_admin_app(operations, "0" * 32)
    with unix_socket(path) as listener:
        async with serving(app, [listener]):
            yield
