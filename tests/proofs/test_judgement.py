"""The real program: what an operator types is in force, everywhere, when the command returns."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from tests.replica import Misbehaviour, Replica

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.proofs.program import Program
    from tests.web.client import Client

pytestmark = pytest.mark.programs

NEW: Final = "RPI_PICO-20260406-v1.28.0.uf2"
OLD: Final = "RPI_PICO-20251209-v1.27.0.uf2"
#: So often each process that shares the port is asked, with near certainty.
OK: Final = 200
OFTEN: Final = 12


def site() -> Replica:
    """Return a site with one board and two releases."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    return replica


async def answers(client: Client, paths: Iterable[str]) -> set[tuple[int, int]]:
    """Return status and size of what all processes answer to *paths*."""
    got = [await client.get(path) for path in paths for _ in range(OFTEN)]
    return {(one.status, len(one.body)) for one in got}


async def told_digest(client: Client) -> str:
    """Return the digest of `NEW`, when every worker has followed the publication."""
    digests: list[str] = []
    async with asyncio.timeout(60):
        # Twenty in a row, each on a connection of its own: one worker alone does not get all.
        while len(digests) < 20:
            head = await client.get(f"/v1/files/{NEW}", "HEAD")
            digests = [*digests, head.fields["x-sha256"]] if head.status == 200 else []
    return digests[-1]


@pytest.mark.parametrize("workers", [0, 2])
async def test_a_recall_is_in_force_in_every_process_when_the_command_returns(
    program: Program, workers: int
) -> None:
    async with site().running() as url:
        mirror = replace(program, upstream=url, settings={"MPMIRROR_WORKERS": str(workers)})
        async with mirror.serving() as daemon:
            await daemon.synced()
            digest = f"sha256:{await told_digest(daemon.client)}"
            paths = [
                f"/v1/files/{NEW}",
                f"/resources/firmware/{NEW}",
                f"/resources/firmware/{NEW}.sha256",
                f"/v1/publications/1/files/{NEW}",
                f"/v1/blobs/{digest}",
            ]
            before = await answers(daemon.client, [f"/v1/files/{OLD}"])
            recalled = await mirror.run("recall", digest, "--why", "it bricks\x1b[31m boards")
            after = await answers(daemon.client, paths)
            other = await answers(daemon.client, [f"/v1/files/{OLD}"])
            shown = await mirror.run("quarantine", "show", digest)
            status = await mirror.run("status")
            synced = await mirror.run("sync")
            lifted = await mirror.run("recall", digest, "--undo", "--why", "a false alarm")
            # What is allowed again is seen with the next look at the publication.
            async with asyncio.timeout(60):
                while (await daemon.client.get(f"/v1/blobs/{digest}")).status != OK:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.05)

    assert (recalled.status, synced.status, status.status, lifted.status) == (0, 0, 0, 0)
    assert after == {(410, 0)}
    assert before == other
    assert "recalled: it bricks\\x1b[31m boards" in shown.out
    assert "recalled: 1 digests" in status.out


async def test_an_operator_judges_without_a_daemon(program: Program) -> None:
    """A refused file: looked at, acknowledged, and the status is green; all of it is written."""
    replica = site()
    replica.misbehave(NEW, Misbehaviour.ZEROS, None)
    async with replica.running() as url:
        mirror = replace(program, upstream=url)
        synced = await mirror.run("sync")
        status = json.loads((await mirror.run("status", "--json")).out)
        [alarm] = status["alarms"]
        listed = json.loads((await mirror.run("quarantine", "list", "--json")).out)
        unknown = await mirror.run("acknowledge", "0000000000", "--why", "x")
        judged = await mirror.run("acknowledge", alarm["id"], "--why", "nobody has this board")
        green = await mirror.run("status")
        again = await mirror.run("sync")
        hidden = await mirror.run("hide", OLD, "--why", "wrong", "--json")
        checked = await mirror.run("check")

    assert (synced.status, unknown.status, judged.status) == (4, 1, 0)
    assert (green.status, again.status, hidden.status, checked.status) == (0, 0, 0, 0)
    assert [(one["name"], one["size"]) for one in listed] == [(NEW, 32768)]
    assert f"acknowledged {alarm['id']}: {NEW}" in green.out
    assert json.loads(hidden.out)["sequence"] == 2


async def test_the_ledger_is_exported_as_it_is_and_damage_names_the_line(program: Program) -> None:
    async with site().running() as url:
        mirror = replace(program, upstream=url)
        await mirror.run("sync")
    path = mirror.data / "ledger" / "000000001.jsonl"
    written = await mirror.run("check", "--ledger", "--export", "-")
    alone = await mirror.run("check", "--export", "-")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0].replace(b"RPI_PICO", b"RPI_PICX", 1) + b"".join(lines[1:]))
    damaged = await mirror.run("check", "--ledger")

    assert (written.status, written.out.encode()) == (0, b"".join(lines))
    assert alone.status == 2
    assert damaged.status == 5
    assert "line 1" in damaged.err or "line 2" in damaged.err
