"""The TUF view of a whole node: begun by a command, served by the daemon, kept up by its runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tuf.ngclient import Updater

from tests.replica import Replica

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proofs.program import Program

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.programs]

OLD, NEW = "RPI_PICO-20260406-v1.28.0.uf2", "RPI_PICO-20260506-v1.29.0.uf2"


def got(url: str, place: Path, root: bytes, name: str) -> int:
    """Return the size of the file that python-tuf's client gets."""
    place.mkdir(exist_ok=True)
    base = f"{url}/tuf"
    updater = Updater(
        metadata_dir=str(place),
        metadata_base_url=f"{base}/metadata/",
        target_dir=str(place),
        target_base_url=f"{base}/targets/",
        bootstrap=root,
    )
    found = updater.get_targetinfo(name)
    assert found is not None
    updater.download_target(found)
    return found.length


async def test_a_client_of_tuf_is_served_by_the_daemon(program: Program, tmp_path: Path) -> None:
    """By its worker; a release that comes later is there after its run; else nothing is."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    (tmp_path / "words").write_text("long enough")
    keys = ("--offline", str(tmp_path / "stick"), "--passphrase-file", str(tmp_path / "words"))
    async with replica.running() as url:
        plain = replace(program, upstream=url, settings={**program.settings})
        settings = {**plain.settings, "MPMIRROR_TUF": "true", "MPMIRROR_WORKERS": "1"}
        spoken = replace(plain, settings=settings)
        assert (await plain.run("sync")).status == 0
        early = await spoken.run("serve")
        begun = await plain.run("tuf", "init", *keys)
        root = (plain.data / "tuf" / "1.root.json").read_bytes()
        async with spoken.serving() as daemon:
            await daemon.ready()
            first = await asyncio.to_thread(
                got, f"http://127.0.0.1:{daemon.client.number}", tmp_path / "c", root, OLD
            )
            replica.release("RPI_PICO", "v1.29.0", date="2026-05-06")
            synced = await spoken.run("sync")
            second = await asyncio.to_thread(
                got, f"http://127.0.0.1:{daemon.client.number}", tmp_path / "c", root, NEW
            )
        renewed = await spoken.run("tuf", "renew", *keys, "--rotate", "online")
        async with spoken.serving() as daemon:
            await daemon.ready()
            await asyncio.to_thread(
                got, f"http://127.0.0.1:{daemon.client.number}", tmp_path / "d", root, NEW
            )
        async with plain.serving() as daemon:
            await daemon.ready()
            silent = await daemon.client.get("/tuf/metadata/timestamp.json")

    assert early.status == 2
    assert "there is no TUF root: mpmirror tuf init" in early.written
    assert begun.status == 0, begun.written
    assert "take them off this machine" in begun.out
    assert synced.status == 0, synced.written
    assert renewed.status == 0, renewed.written
    assert first > 1000
    assert second > 1000
    assert silent.status == 404
