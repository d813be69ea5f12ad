"""Promotions that wait for somebody: what was proposed for each channel, and who approved it.

``proposals/<channel>.json`` is written before the line of the ledger and taken away after the
pointer was moved, so that a promotion which a crash interrupted between the two is known at the
next start.  A proposal holds as long as the channel is where it was when that was made.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, ValidationError

from mirror.catalog.values import Digest
from mirror.errors import DamagedError, MalformedValueError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.disk import find_bytes, reported
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files

#: So many wait for one channel at most.
MOST: Final = 16
_FILE: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,62})\.json")
_FILE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody approved: *by* is proven by a token or a key, *why* is what was said.

    *signature* is the ``.minisig`` file of a key, None for a token.
    """

    by: str
    why: str
    time: datetime
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """The *root* that a channel shall point to, made from *source*, and who approved so far.

    It is *decided* from before the ledger's line until the pointer was moved.
    """

    root: Digest
    source: str
    time: datetime
    approvals: Annotated[tuple[Approval, ...], Field(max_length=64)] = ()
    decided: bool = False


_PROPOSALS = Shape(tuple[Proposal, ...])


class ProposalReader:
    """Reads the proposals in *folder*; safe beside a writer.  Raises `StorageError`s."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def of(self, channel: str) -> tuple[Proposal, ...]:
        """Return what waits for *channel*, oldest first; `DamagedError` when nobody can say."""
        return await to_end(self._read, channel)

    async def all(self) -> dict[str, tuple[Proposal, ...]]:
        """Return all that waits, by channel."""
        return await to_end(self._all)

    def _all(self) -> dict[str, tuple[Proposal, ...]]:
        with reported("reading the folder", self._folder):
            try:
                names = sorted(path.name for path in self._folder.iterdir())
            except FileNotFoundError:
                return {}  # it is made when the data are next opened to write
        channels = [match[1] for name in names if (match := _FILE.fullmatch(name))]
        return {channel: waiting for channel in channels if (waiting := self._read(channel))}

    def _path(self, channel: str) -> Path:
        if _FILE.fullmatch(f"{channel}.json") is None:
            raise MalformedValueError(f"not the name of a channel: {channel[:80]!r}")
        return self._folder / f"{channel}.json"

    def _read(self, channel: str) -> tuple[Proposal, ...]:
        path = self._path(channel)
        text = find_bytes(path, _FILE_BYTES)
        if text is None:
            return ()
        try:
            return _PROPOSALS.validate_json(text)
        except (ValidationError, MalformedValueError) as error:
            raise DamagedError(f"{path} does not say what waits for the channel") from error


class Proposals(ProposalReader):
    """The one writer's proposals."""

    def __init__(self, folder: Path, files: Files) -> None:
        super().__init__(folder)
        self._files = files

    async def put(self, channel: str, proposals: tuple[Proposal, ...]) -> None:
        """Have exactly *proposals* wait for *channel*, durably; of too many the oldest go."""
        await to_end(self._put, channel, proposals[-MOST:])

    def _put(self, channel: str, proposals: tuple[Proposal, ...]) -> None:
        path = self._path(channel)
        if proposals:
            self._files.write(path, _PROPOSALS.dump_json(proposals) + b"\n")
        elif path.exists():
            self._files.remove_all([path])
