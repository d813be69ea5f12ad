"""Backup, wipe, restore: the same content, by its digest."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirror.publication.documents import decode_publication
from mirror.web.worker import open_held
from tests.cache.node import two_releases
from tests.proofs.test_on_demand import POLICY

if TYPE_CHECKING:
    from tests.proofs.program import Program

SCRIPTS = Path(__file__).parents[2] / "deploy" / "backup"


def run(script: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of the scripts to its end."""
    command = [str(SCRIPTS / script), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - our own script


async def content_of(data: Path) -> tuple[int, str]:
    """Give the sequence and the content digest of what is published."""
    held = open_held(data)
    root = await held.publications.current()
    assert root is not None
    publication = decode_publication(await held.blobs.read(root, max_bytes=1 << 26))
    return publication.sequence, str(publication.content)


@pytest.mark.programs
async def test_what_is_restored_is_what_was_backed_up(program: Program, tmp_path: Path) -> None:
    """Backed up under a daemon; checked, synced and served after the restore."""
    replica = two_releases()
    async with replica.running() as url:
        mirror = replace(program, upstream=url, settings=POLICY)
        assert (await mirror.run("sync")).status == 0
        before = await content_of(mirror.data)
        async with mirror.serving():
            backed_up = run("backup.sh", mirror.data, tmp_path / "backup")
        again = run("backup.sh", mirror.data, tmp_path / "backup")
        shutil.rmtree(mirror.data)
        restored = run("restore.sh", tmp_path / "backup", mirror.data)
        rebuilt = await mirror.run("check", "--rebuild")
        after = await content_of(mirror.data)
        synced = await mirror.run("sync")
        async with mirror.serving() as daemon:
            served = await daemon.client.get("/v1/content.json")

    assert (backed_up.returncode, again.returncode) == (0, 0), backed_up.stderr
    assert restored.returncode == 0, restored.stderr
    assert (rebuilt.status, synced.status, served.status) == (0, 0, 200), rebuilt.written
    assert after == before


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A backup of one blob and one pointer."""
    place = tmp_path / "backup"
    state = place / "states" / "2026-04-06T000000Z"
    state.mkdir(parents=True)
    (state / "FORMAT").write_text("1\n", encoding="ascii")
    blob = place / "blobs" / "sha256" / "e3"
    blob.mkdir(parents=True)
    (blob / "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855").touch()
    return place


def test_a_damaged_backup_is_not_restored(backup: Path, tmp_path: Path) -> None:
    [blob] = [path for path in backup.rglob("e3b0*") if path.is_file()]
    blob.write_bytes(b"rot")

    ended = run("restore.sh", backup, tmp_path / "data")

    assert (ended.returncode, (tmp_path / "data").exists()) == (1, False)


def test_nothing_is_restored_over_what_is_there(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "FORMAT").write_text("1\n", encoding="ascii")

    ended = run("restore.sh", backup, tmp_path / "data")

    assert ended.returncode == 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["FORMAT"]


def test_only_a_data_directory_is_backed_up(tmp_path: Path) -> None:
    assert run("backup.sh", tmp_path, tmp_path / "backup").returncode == 1


def test_what_waits_for_hooks_is_not_backed_up(tmp_path: Path) -> None:
    """It comes and goes while a daemon runs, and nobody wants old news after a restore."""
    data = tmp_path / "data"
    for folder in ("blobs", "hooks", "pins"):
        (data / folder).mkdir(parents=True)
    (data / "FORMAT").write_text("1\n", encoding="ascii")
    (data / "hooks" / "seen.json").write_text("{}", encoding="ascii")
    done = run("backup.sh", data, tmp_path / "backup")
    [state] = (tmp_path / "backup" / "states").iterdir()

    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in state.iterdir()) == ["FORMAT", "pins"]
