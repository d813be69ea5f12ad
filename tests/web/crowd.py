"""Clients that fetch whatever the feed lists while somebody publishes and somebody damages.

Each client checks what it gets against the feed that it read, as a careful flashing tool
would; what breaks a promise is remembered as a sentence.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from dataclasses import dataclass, field
from pathlib import Path

from tests.web.building import Builder, image
from tests.web.client import Client

NAMES = tuple(
    f"BOARD_{board}-V{variant}-20260406-v1.28.0.bin" for board in range(4) for variant in range(5)
)
SIZE = 300_000


@dataclass(slots=True)
class Crowd:
    """What happens is drawn from *seed*; ``broken`` are the promises that were broken."""

    client: Client
    builder: Builder
    data: Path
    seed: int
    broken: list[str] = field(default_factory=list)
    served: int = 0
    refused: int = 0

    async def act(self, seconds: float, clients: int = 8) -> None:
        """Let everybody act for so long."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        async with asyncio.TaskGroup() as tasks:
            for number in range(clients):
                tasks.create_task(self._fetch_all(self._dice(number), until))
            tasks.create_task(self._publish_all(self._dice("publisher"), until))
            tasks.create_task(self._damage_all(self._dice("vandal"), until))

    def _dice(self, who: object) -> random.Random:
        return random.Random(f"{self.seed} {who}")  # noqa: S311 - repeatable, not secret

    async def _fetch_all(self, dice: random.Random, until: float) -> None:
        while asyncio.get_running_loop().time() < until:
            feed = await self.client.get("/v1/feed.json")
            files = [
                file
                for board in json.loads(feed.body)["boards"]
                for release in board["releases"]
                for file in release["files"]
            ]
            for file in dice.sample(files, min(3, len(files))):
                await self._fetch(dice, file["name"], file["path"], file["hashes"]["sha256"])

    async def _fetch(self, dice: random.Random, name: str, path: str, digest: str) -> None:
        place = dice.randrange(SIZE)
        first = await self.client.get(path, Range=f"bytes=0-{place}")
        rest = await self.client.get(
            path, Range=f"bytes={place + 1}-", If_Range=first.fields.get("etag", '""')
        )
        self._judge(name, digest, first.status, b"" if first.status != 206 else first.body)
        if first.status == rest.status == 206:
            whole = hashlib.sha256(first.body + rest.body).hexdigest()
            self.served += 1
            if whole != digest:
                self.broken.append(f"{name}: two parts with one ETag are not one file")

    def _judge(self, name: str, digest: str, status: int, body: bytes) -> None:
        if status == 206 and body != image(name, SIZE)[: len(body)]:
            self.broken.append(f"{name}: bytes that are not those of {digest}")
        if status == 503:
            self.refused += 1
        if status not in {206, 200, 503}:
            self.broken.append(f"{name} is listed and answers {status}")

    async def _publish_all(self, dice: random.Random, until: float) -> None:
        while asyncio.get_running_loop().time() < until:
            names = dice.sample(NAMES, dice.randint(1, len(NAMES)))
            await self.builder.publish({name: image(name, SIZE) for name in names})
            await asyncio.sleep(0.05)

    async def _damage_all(self, dice: random.Random, until: float) -> None:
        while asyncio.get_running_loop().time() < until:
            content = image(dice.choice(NAMES), SIZE)
            digest = hashlib.sha256(content).hexdigest()
            path = self.data / "blobs" / "sha256" / digest[:2] / digest
            await asyncio.to_thread(_damage, path, dice.randrange(SIZE))
            await asyncio.sleep(0.05)


def _damage(path: Path, place: int) -> None:
    """Put a copy with one other byte in place of a blob; publishing it again mends it.

    Not where it stands: what `sendfile` has taken and the client has not read yet would
    change with it, after every check.
    """
    content = bytearray(path.read_bytes())
    content[place] ^= 0x40
    copy = path.with_name("damaged")
    copy.write_bytes(content)
    copy.replace(path)
