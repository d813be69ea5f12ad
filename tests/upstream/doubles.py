"""Stand-ins for what surrounds the fetcher: a clock that does not wait, a download on disk."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mirror.upstream.fetch import Timing

START = datetime(2026, 8, 24, 12, tzinfo=UTC)


@dataclass(slots=True)
class Clock:
    """Time that passes only when somebody sleeps; `slept` says how long each one meant to."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)
    chance: float = 0.0

    @property
    def timing(self) -> Timing:
        """The clock as the fetcher wants it."""
        return Timing(self._now, lambda: self.seconds, self._sleep, lambda: self.chance)

    def _now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self.seconds + seconds
        await asyncio.sleep(0)
        self.seconds = max(self.seconds, until)


@dataclass(frozen=True, slots=True)
class FilePartial:
    """A partial download in a file, its validator beside it: it outlives its fetcher."""

    path: Path

    @property
    def size(self) -> int:
        """How many bytes are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def validator(self) -> str | None:
        """What they came with."""
        return self._note.read_text() if self._note.exists() else None

    @property
    def data(self) -> bytes:
        """The bytes."""
        return self.path.read_bytes()

    async def restart(self, validator: str | None) -> None:
        """Begin anew."""
        self.path.write_bytes(b"")
        self._note.unlink(missing_ok=True)
        if validator is not None:
            self._note.write_text(validator)

    async def write(self, chunk: bytes) -> None:
        """Append."""
        with self.path.open("ab") as file:
            file.write(chunk)

    @property
    def _note(self) -> Path:
        return self.path.with_suffix(".validator")
