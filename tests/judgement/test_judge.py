"""Later bytes that are accepted, releases that are hidden, alarms that are acknowledged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.errors import (
    ArtifactNotFoundError,
    ConfigurationError,
    MalformedImageError,
    MalformedOrderError,
    RecalledError,
)
from mirror.judgement.requests import Request, decode_request
from mirror.storage.entries import Decision
from mirror.storage.judgements import What
from mirror.storage.store import forget_index
from tests.judgement.scene import NEW, OLD, WHY, court
from tests.replica import Misbehaviour
from tests.sync.node import node_at

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "until", ["2026-01-01T00:00:00", "0001-01-01T00:00:00+13:00", "2026-01-01", 1_800_000_000, ""]
)
def test_an_end_is_a_moment_with_a_zone(until: object) -> None:
    """One without was compared with one that has it, which is a fault of the node."""
    said = {"what": "acknowledge", "subject": "A", "why": "seen", "by": "me", "until": until}
    with pytest.raises(MalformedOrderError):
        decode_request(json.dumps(said).encode())


def test_an_end_is_kept_in_utc() -> None:
    said = {
        "what": "acknowledge",
        "subject": "A",
        "why": "seen",
        "by": "me",
        "until": "2026-01-01T02:00:00+02:00",
    }

    assert decode_request(json.dumps(said).encode()).until == datetime(2026, 1, 1, tzinfo=UTC)


async def test_accepted_bytes_are_those_of_the_name_from_now_on(tmp_path: Path) -> None:
    """The earlier bytes stay held, superseded; the alarm is closed."""
    async with court(tmp_path) as scene:
        store = scene.node.store
        first = await scene.digest(NEW)
        later = await scene.change(NEW)
        ruling = await scene.decide(What.ACCEPT, NEW, later)
        outcome = await scene.node.sync()
        files = await scene.node.files()

        assert (files[NEW].digest, await scene.digest(NEW)) == (later, later)
        assert ruling.sequence is not None
        assert await store.blobs.has(first)
        assert await store.index.changes() == []
        assert await store.quarantine.notes() == []
        assert (outcome.exit_status, outcome.fetched) == (0, 0)


async def test_the_decision_and_what_it_takes_are_in_the_ledger(tmp_path: Path) -> None:
    """So the index that is made anew agrees with the one that followed."""
    async with court(tmp_path) as scene:
        later = await scene.change(NEW)
        await scene.decide(What.ACCEPT, NEW, later)
        entries = [one.entry async for one in scene.node.store.ledger.entries()]
        before = await scene.node.store.index.find_held(NEW)
        url = scene.node.url
    await forget_index(tmp_path / "data")
    async with node_at(tmp_path / "data", url) as node:
        after = await node.store.index.find_held(NEW)
        changes = await node.store.index.changes()
    [decision] = [entry for entry in entries if isinstance(entry, Decision)]

    assert (decision.subject, decision.digest, decision.why) == (NEW, later, WHY)
    assert after is not None
    assert after.digest == later
    assert after == before
    assert changes == []


async def test_later_bytes_that_are_no_image_are_not_accepted(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        first = await scene.digest(NEW)
        await scene.node.store.index.mark_missing([first])
        scene.replica.misbehave(NEW, Misbehaviour.ZEROS, None)
        await scene.node.sync()
        [change] = await scene.node.store.index.changes()
        with pytest.raises(MalformedImageError, match=NEW):
            await scene.decide(What.ACCEPT, NEW, change.later)

        assert await scene.digest(NEW) == first
        assert not await scene.node.store.blobs.has(change.later)
        assert await scene.node.store.index.changes() == [change]


async def test_only_what_an_alarm_names_can_be_accepted(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        later = await scene.change(NEW)
        with pytest.raises(ArtifactNotFoundError, match="no alarm"):
            await scene.decide(What.ACCEPT, OLD, later)
        with pytest.raises(ConfigurationError, match="needs the digest"):
            await scene.decide(What.ACCEPT, NEW)
        await scene.decide(What.RECALL, str(later))
        with pytest.raises(RecalledError):
            await scene.decide(What.ACCEPT, NEW, later)


async def test_what_is_gone_from_quarantine_can_not_be_accepted(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        later = await scene.change(NEW)
        await scene.node.store.quarantine.remove(later)
        with pytest.raises(ArtifactNotFoundError, match="not in quarantine"):
            await scene.decide(What.ACCEPT, NEW, later)


async def test_a_hidden_file_is_never_the_latest_and_served_all_the_same(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        await scene.decide(What.HIDE, NEW)
        assert await scene.latest_after_a_look() == "v1.27.0"
        index = json.loads((await scene.client.get("/v1/boards.json")).body)
        files = await scene.node.files()
        board = next(one for one in index["boards"] if one["board"] == "RPI_PICO")

        assert board["release"] == "v1.27.0"
        assert (files[NEW].hidden, files[OLD].hidden) == (True, False)
        assert await scene.statuses(f"/v1/files/{NEW}") == {200}


async def test_a_sync_keeps_what_is_hidden_until_that_is_undone(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        before = (await scene.content()).boards
        await scene.decide(What.HIDE, NEW)
        hidden = (await scene.content()).boards
        await scene.node.sync()
        synced = (await scene.content()).boards
        await scene.decide(What.HIDE_UNDO, NEW)
        undone = (await scene.content()).boards

        assert hidden == synced != before
        assert undone == before


async def test_only_a_known_name_can_be_hidden(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        with pytest.raises(ArtifactNotFoundError, match="no artifact is called"):
            await scene.decide(What.HIDE, "RPI_PICO-20260406-v9.9.9.uf2")
        with pytest.raises(ArtifactNotFoundError, match="is not hidden"):
            await scene.decide(What.HIDE_UNDO, NEW)


async def test_every_decision_needs_a_reason(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        for why in ("", " ", "x" * 1001):
            with pytest.raises(ConfigurationError, match="--why"):
                await scene.judge.apply(Request(What.HIDE, NEW, why, "operator"))

        assert await scene.node.store.index.hidden() == frozenset()


async def test_an_acknowledgement_is_written_down_with_its_end(tmp_path: Path) -> None:
    async with court(tmp_path) as scene:
        until = scene.node.now + timedelta(days=1)
        request = Request(What.ACKNOWLEDGE, "0123456789", WHY, "operator", until=until)
        ruling = await scene.judge.acknowledge(request, "refused: a")
        with pytest.raises(ConfigurationError, match="is over already"):
            await scene.judge.acknowledge(replace(request, until=scene.node.now), "refused: a")
        found = await scene.node.store.index.acknowledged()

        assert ruling.text.endswith("is acknowledged until 2026-04-08T06:00:00Z")
        assert [(key, one.why, one.until) for key, one in found.items()] == [
            ("0123456789", WHY, until)
        ]
