"""A disk that fails while a file is brought: a name means its bytes, and a retry succeeds."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.client.downloads import Downloads, Wanted
from mirror.formats.verdict import Claim
from mirror.upstream.fetch import Fetcher, Politeness, Surroundings
from tests.children import kept_sandbox
from tests.client.room import PICO, mirror_in, name_of
from tests.replica.images import make_image
from tests.storage.disks import EIO, ENOSPC, FailingDisk

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = make_image(PICO)
WANTED = Wanted(name_of(PICO), Digest.of(IMAGE), len(IMAGE), Claim(kind=PICO.kind.value))
SWIFT = Politeness(requests_per_second=0, attempts=1, backoff_seconds=0, read_seconds=5)


@pytest.mark.parametrize("error", [EIO, ENOSPC])
async def test_whichever_operation_fails(tmp_path: Path, error: int) -> None:
    disk, surroundings = FailingDisk(), Surroundings(typed=True)
    async with mirror_in(tmp_path / "mirror") as room, kept_sandbox() as sandbox:
        await room.publish(PICO)
        fetcher = Fetcher(
            room.url,
            user_agent="test",
            node_id="client",
            politeness=SWIFT,
            surroundings=surroundings,
        )
        async with fetcher:
            for number in itertools.count(1):
                folder = tmp_path / str(number)
                downloads = Downloads(fetcher, sandbox, folder, disk)
                with disk.broken(number, error, short=True):
                    await downloads.bring(WANTED, lambda _done, _total: None)
                final = folder / WANTED.name
                assert not final.exists() or final.read_bytes() == IMAGE
                if not disk.failed:
                    break

                await downloads.bring(WANTED, lambda _done, _total: None)
                assert final.read_bytes() == IMAGE
                assert [path.name for path in folder.iterdir()] == [WANTED.name]
    assert number > 10
