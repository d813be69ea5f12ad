"""What the commands themselves say and end with, when the data or upstream are not as usual."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.proofs.mounts import read_only
from tests.proofs.walking import walk
from tests.proofs.words import is_inert
from tests.replica import INDEX, Misbehaviour

if TYPE_CHECKING:
    from tests.proofs.conftest import Mirrored, Scene
    from tests.proofs.program import Program

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.programs]


@pytest.fixture
def holding(program: Program, mirrored: Mirrored) -> Program:
    """The program with the data of the small mirror."""
    shutil.copytree(mirrored.folder, program.data)
    return program


async def test_an_upstream_that_is_not_there_is_status_3(holding: Program) -> None:
    """`sync` says so in a sentence, and `status` says it again afterwards."""
    synced = await holding.run("sync")
    told = await holding.run("status")

    sentence = f"failed: {holding.upstream}{INDEX}: no connection"
    assert synced.status == 3
    assert sentence in synced.out
    assert "no connection" not in synced.err, "it is said once"
    assert "nothing was fetched, and what is held is served; publication " in synced.out
    assert is_inert(synced.written)
    assert told.status == 3
    assert f"{holding.upstream}{INDEX}: no connection" in told.out


async def test_refused_files_are_status_4_and_named(holding: Program, scene: Scene) -> None:
    """Each has its line on standard error; the summary is on standard output."""
    program = replace(holding, upstream=scene.node.upstream)
    # Its own key is news, once.
    signed = await program.run("sync")
    name = scene.release()
    scene.replica.misbehave(name, Misbehaviour.ZEROS, None)
    synced = await program.run("sync")

    assert signed.status == 0
    assert synced.status == 4
    assert f"{name}: 32768 bytes, all of them 0x00\n" in synced.err
    assert synced.out.startswith("unchanged: incomplete: ")
    assert "12 of 13 files held" in synced.out


async def test_a_catalog_that_shrank_is_status_4_until_an_operator_accepts_it(
    holding: Program, scene: Scene
) -> None:
    """The sentence has the numbers; told to accept it, the run does, and loses nothing."""
    program = replace(holding, upstream=scene.node.upstream)
    for name in (*scene.replica.names("WIPY"), *scene.replica.names("RPI_PICO")):
        scene.replica.withdraw(name)
    refused = await program.run("sync")
    accepted = await program.run("sync", "--accept-shrunken")
    async with replace(scene.node, folder=program.data).served() as client:
        served = await walk(client)

    assert refused.status == 4
    assert "the catalog lost 2 of 4 boards at once" in refused.out
    assert accepted.status == 0
    assert served.files == scene.before.files


async def test_usage_is_status_2(program: Program) -> None:
    """A setting that can not be obeyed is named with where it was said."""
    ended = await program.run("sync", "--upstream", "ftp://upstream.example")

    assert ended.status == 2
    assert "--upstream" in ended.err
    assert is_inert(ended.written)


async def test_a_holder_that_does_not_answer_is_status_6(holding: Program) -> None:
    """The data belong to another process that is no daemon: nothing is done."""
    with (holding.data / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = [await holding.run(*words) for words in (["sync"], ["status"], ["serve"])]

    assert [one.status for one in ended] == [6, 6, 6]
    assert [one.out for one in ended] == ["", "", ""]
    assert all(is_inert(one.err) for one in ended)


async def test_a_daemon_whose_data_are_read_only_serves_and_says_so(holding: Program) -> None:
    """One sentence at the start; every byte is served; the end tells that it was no success."""
    with read_only(holding.data):
        async with holding.serving() as daemon:
            said = await daemon.says("nothing is fetched")
            served = await walk(daemon.client)
            status = await daemon.stop()

    assert "read-only file system" in said
    assert str(holding.data) in said
    assert len(served.files) == 12
    assert status == 1


async def test_read_only_data_are_checked_as_they_are(holding: Program) -> None:
    """Sound ones are status 0; a flipped bit is status 5 and named, and nothing is written."""
    blob = max((holding.data / "blobs").rglob("*"), key=lambda one: one.stat().st_size)
    with read_only(holding.data):
        sound = await holding.run("check")
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    with read_only(holding.data):
        damaged = await holding.run("check")

    assert (sound.status, damaged.status) == (0, 5)
    assert "read-only file system" in sound.err
    assert "all sound" in sound.out
    assert blob.name in damaged.err


async def test_a_daemon_with_a_newer_database_serves_and_says_so(holding: Program) -> None:
    """The same for an index that another version wrote."""
    database = holding.data / "mpmirror.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    async with holding.serving() as daemon:
        said = await daemon.says("nothing is fetched")
        served = await walk(daemon.client)
        status = await daemon.stop()

    assert f"{database} was written by a newer mpmirror" in said
    assert len(served.files) == 12
    assert status == 1


async def test_a_damaged_blob_is_status_5_and_the_next_sync_mends_it(
    holding: Program, scene: Scene
) -> None:
    """`check` names it, and says what to do; done, all is sound again."""
    program = replace(holding, upstream=scene.node.upstream)
    digest = scene.before.files["RPI_PICO-20260406-v1.28.0.uf2"]
    blob = program.data / "blobs" / "sha256" / digest[:2] / digest
    blob.chmod(0o644)
    blob.write_bytes(b"x" * blob.stat().st_size)
    found = await program.run("check")
    synced = await program.run("sync")
    sound = await program.run("check")

    assert found.status == 5
    assert f"sha256:{digest}" in found.err
    assert "mpmirror sync fetches it again" in found.out
    assert synced.status == 0
    assert sound.status == 0
