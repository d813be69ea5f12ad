"""Who was given which bytes: one JSON line for each transfer that came to its end.

One file for each day (UTC), and none is kept longer than the operator says.  Lines are gathered
and written now and then, beside the loop; several processes write to the same file, each whole
lines at once.  It is a log: what was gathered within the last seconds is lost with the process, and
what can not be written is said and forgotten.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import logging
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NoReturn, TypeAlias

from mirror.errors import StorageError
from mirror.frozen import dataclass
from mirror.storage.disk import reported
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.catalog.values import Digest

#: How much of a client's address is written down.
Addresses: TypeAlias = Literal["full", "prefix", "none"]

FOLDER: Final = "deliveries"
_FILE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.jsonl")
# What one process gathers at most between two writes.
_MOST: Final = 100_000
_APPENDING: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
_PREFIXES: Final = {4: 24, 6: 48}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryTerms:
    """Where deliveries are written down, how long they stay, and how much of whom is said."""

    folder: Path
    keep: timedelta
    addresses: Addresses = "prefix"


class Deliveries:
    """The deliveries of one process, written on *terms*."""

    def __init__(
        self,
        terms: DeliveryTerms,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        every: float = 2.0,
    ) -> None:
        self._terms = terms
        self._clock = clock
        self._every = every
        self._lines: list[tuple[str, bytes]] = []
        self._swept = ""

    def note(
        self, digest: Digest, sequence: int | None, address: str | None, station: str | None
    ) -> None:
        """Take note that all of *digest* is there; returns at once."""
        if len(self._lines) >= _MOST:
            return
        time = self._clock().isoformat(timespec="seconds")
        said = {
            "time": time,
            "client": shortened(address, self._terms.addresses),
            "station": station,
            "digest": str(digest),
            "sequence": sequence,
        }
        line = json.dumps({key: value for key, value in said.items() if value is not None})
        self._lines.append((time[:10], line.encode() + b"\n"))

    async def follow(self) -> NoReturn:
        """Write every so many seconds what was noted, and the rest when cancelled."""
        try:
            while True:
                await asyncio.sleep(self._every)
                await self.write()
        finally:
            self._write_all(self._taken())

    async def write(self) -> None:
        """Write what was noted."""
        await to_end(self._write_all, self._taken())

    def _taken(self) -> list[tuple[str, bytes]]:
        lines, self._lines = self._lines, []
        return lines

    def _write_all(self, lines: list[tuple[str, bytes]]) -> None:
        by_day: dict[str, list[bytes]] = {}
        for day, line in lines:
            by_day.setdefault(day, []).append(line)
        try:
            for day, some in by_day.items():
                self._append(self._terms.folder / f"{day}.jsonl", b"".join(some))
            self._sweep()
        except StorageError as error:
            _log.warning("deliveries could not be written down: %s", error)

    def _append(self, path: Path, data: bytes) -> None:
        with reported("writing", path):
            path.parent.mkdir(mode=0o750, exist_ok=True)
            descriptor = os.open(
                path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o640
            )
            try:
                os.write(descriptor, data)
            finally:
                os.close(descriptor)

    def _sweep(self) -> None:
        """Let go of what is too old, once a day."""
        today = self._clock().date().isoformat()
        if today == self._swept or not self._terms.folder.is_dir():
            return
        self._swept = today
        oldest = (self._clock() - self._terms.keep).date().isoformat()
        with reported("reading the folder", self._terms.folder):
            for path in list(self._terms.folder.iterdir()):
                found = _FILE.fullmatch(path.name)
                if found is not None and found[1] < oldest:
                    with contextlib.suppress(FileNotFoundError):
                        path.unlink()


def shortened(address: str | None, addresses: Addresses) -> str | None:
    """Return as much of *address* as shall be written down: its network, as ``192.0.2.0/24``."""
    if address is None or addresses == "none":
        return None
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if addresses == "full":
        return str(found)
    return str(ipaddress.ip_network((found, _PREFIXES[found.version]), strict=False))
