"""Fixtures: a mirror with the usual images, and commands whose memory is the test's own."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mirror.cli import main
from tests.client.room import ALL, MirrorRoom, mirror_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - whatever the command wrote as JSON
        """What it wrote as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Typist:
    """Types commands, in the folder of the test, for a mirror that stands in the room."""

    room: MirrorRoom
    folder: Path
    capture: pytest.CaptureFixture[str]

    async def types(self, command: str, *words: str) -> Said:
        """Type a command for the mirror."""
        return await self.types_plainly(command, "--from", self.room.url, *words)

    async def types_plainly(self, *words: str) -> Said:
        """Type a command."""
        self.capture.readouterr()
        status = await asyncio.to_thread(main, list(words))
        written = self.capture.readouterr()
        return Said(status, written.out, written.err)

    async def gets(self, *words: str) -> Said:
        """Get something into the folder, and see it as JSON."""
        return await self.types("get", "-o", str(self.folder), "--json", *words)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[MirrorRoom]:
    """A mirror with the usual images."""
    async with mirror_in(tmp_path / "mirror") as room:
        await room.publish(*ALL)
        yield room


@pytest.fixture
def typist(
    room: MirrorRoom,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Typist:
    """Somebody with a home of their own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "here"
    folder.mkdir()
    return Typist(room, folder, capsys)
