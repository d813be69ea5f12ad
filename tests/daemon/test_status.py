"""The status says what is held and what is not, and reads back what it wrote."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.second_look import SecondLook
from mirror.daemon.status import remember_outcome, status_of
from mirror.daemon.status_document import Moment, decode_status, encode_status
from mirror.errors import MirrorError
from tests.replica import Misbehaviour, Replica
from tests.sync.node import MORNING, node_at

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.daemon.status_document import Status
    from tests.sync.node import TestNode

PICO = "RPI_PICO-20260406-v1.28.0.uf2"


async def status_after_a_run(folder: Path, replica: Replica) -> Status:
    async with replica.running() as url, node_at(folder / "data", url) as node:
        await remember_outcome(node.store, await node.sync(), MORNING)
        return await look(node, folder)


async def look(node: TestNode, folder: Path) -> Status:
    moment = Moment(now=MORNING)
    return await status_of(node.store, folder, node.url, moment, offline=False)


def site() -> Replica:
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    return replica


async def test_a_node_that_holds_everything_is_complete(tmp_path: Path) -> None:
    status = await status_after_a_run(tmp_path, site())

    assert (status.complete, status.exit_status, status.held.artifacts) == (True, 0, 1)
    assert status.publication is not None
    assert status.publication.sequence == 1


async def test_a_refused_file_is_named_and_nothing_is_complete(tmp_path: Path) -> None:
    replica = site()
    replica.misbehave(PICO, Misbehaviour.ZEROS, None)
    status = await status_after_a_run(tmp_path, replica)

    assert (status.complete, status.exit_status, status.quarantined) == (False, 4, 1)
    assert status.last_run is not None
    assert [trouble.subject for trouble in status.last_run.outcome.troubles] == [PICO]


async def test_what_is_withdrawn_is_counted_and_takes_nothing_from_completeness(
    tmp_path: Path,
) -> None:
    replica = site()
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync()
        replica.withdraw("RPI_PICO-20251209-v1.27.0.uf2")
        await node.sync()
        node.sleep(days=1)
        await remember_outcome(node.store, await node.sync(), MORNING)
        status = await look(node, tmp_path)

    assert (status.withdrawn, status.held.artifacts, status.complete) == (1, 2, True)


async def test_a_node_that_never_ran_is_not_complete(tmp_path: Path) -> None:
    async with node_at(tmp_path / "data", "http://127.0.0.1:1") as node:
        status = await look(node, tmp_path)

    assert (status.complete, status.exit_status, status.publication) == (False, 4, None)


async def test_siblings_that_differ_are_an_alarm_that_names_both(tmp_path: Path) -> None:
    """Both are served with a warning, so nothing is missing."""
    replica = Replica.of("PYBV11")
    dfu, hexed = replica.release("PYBV11", "v1.28.0", date="2026-04-06")
    replica.change_bytes(hexed)
    status = await status_after_a_run(tmp_path, replica)
    [alarm] = status.alarms

    assert (status.complete, alarm.alarm) == (True, "siblings-differ")
    assert sorted([dfu, hexed]) == sorted([alarm.name, alarm.text.split()[5]])


async def test_what_awaits_a_second_look_is_named_and_nothing_is_complete(tmp_path: Path) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        outcome = await node.sync(second_look=SecondLook(after=timedelta(days=1)))
        await remember_outcome(node.store, outcome, MORNING)
        status = await look(node, tmp_path)

    assert (status.complete, status.exit_status, status.alarms) == (False, 4, ())
    assert status.last_run is not None
    assert [one.subject for one in status.last_run.outcome.awaiting] == [PICO]


async def test_of_two_looks_that_differ_the_alarm_says_that_neither_is_served(
    tmp_path: Path,
) -> None:
    replica = site()
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync(second_look=SecondLook(after=timedelta(days=1)))
        replica.change_bytes_quietly(PICO)
        node.sleep(days=1)
        await node.sync(second_look=SecondLook(after=timedelta(days=1)))
        [alarm] = (await look(node, tmp_path)).alarms

    assert (alarm.alarm, alarm.name) == ("bytes-changed", PICO)
    assert alarm.text.endswith("neither is served")


async def test_a_status_is_read_back_as_it_was(tmp_path: Path) -> None:
    status = await status_after_a_run(tmp_path, site())

    assert decode_status(encode_status(status)) == status


def test_what_is_no_status_is_an_error_of_the_mirror() -> None:
    with pytest.raises(MirrorError, match="can not be read"):
        decode_status(b"{}")
