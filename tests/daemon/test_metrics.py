"""Metrics say what the status says, in the format that Prometheus reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from mirror.daemon.metrics import render_metrics
from mirror.daemon.status_document import Alarm, DiskStatus, HeldStatus, HookStatus, Status
from mirror.daemon.totals import Totals
from mirror.publication.alarms import KINDS
from mirror.sync.outcome import Ending, Outcome
from tests.daemon.test_status import PICO, site, status_after_a_run
from tests.replica import Misbehaviour

if TYPE_CHECKING:
    from pathlib import Path

EMPTY = Status(
    version="1",
    node="0" * 32,
    lineage="1" * 32,
    upstream="https://micropython.org",
    offline=False,
    complete=False,
    publication=None,
    held=HeldStatus(0, 0),
    quarantined=0,
    alarms=(),
    running=None,
    last_run=None,
    next_run=None,
    disk=DiskStatus(100, 50),
)


def samples(status: Status, totals: Totals | None = None) -> dict[str, float]:
    """Parse the metrics: each sample by its name and its labels."""
    text = render_metrics(status, totals or Totals()).decode()
    return {
        sample.name
        + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


FAMILIES = {
    family.name
    for family in text_string_to_metric_families(render_metrics(EMPTY, Totals()).decode())
}


async def test_the_numbers_are_those_of_the_status(tmp_path: Path) -> None:
    status = await status_after_a_run(tmp_path, site())
    got = samples(status)

    assert status.publication is not None
    assert got["mpmirror_complete"] == 1
    assert got["mpmirror_publication_sequence"] == status.publication.sequence
    assert got["mpmirror_files rp2 held"] == status.held.artifacts == 1
    assert got["mpmirror_file_bytes rp2 held"] == status.held.size
    assert got["mpmirror_disk_bytes free"] == status.disk.free
    assert got["mpmirror_sync_last_exit_status"] == 0


async def test_a_refused_file_is_an_open_alarm(tmp_path: Path) -> None:
    replica = site()
    replica.misbehave(PICO, Misbehaviour.ZEROS, None)
    got = samples(await status_after_a_run(tmp_path, replica))

    assert (got["mpmirror_complete"], got["mpmirror_alarms refused open"]) == (0, 1)
    assert got["mpmirror_wanted_files missing"] == 1


def test_every_kind_of_alarm_has_a_number_when_none_is_open() -> None:
    """So that an alert ends when its alarm does."""
    got = samples(EMPTY)

    assert {kind: got[f"mpmirror_alarms {kind} open"] for kind in KINDS} == dict.fromkeys(KINDS, 0)


def test_what_is_acknowledged_is_not_open_and_an_unknown_kind_is_not_lost() -> None:
    alarms = (
        Alarm("refused", "A", "", "", acknowledged="we know"),
        Alarm("of-tomorrow", 'quoted "name"\n', "", ""),
    )
    got = samples(replace(EMPTY, alarms=alarms))

    assert got["mpmirror_alarms refused open"] == 0
    assert got["mpmirror_alarms refused acknowledged"] == 1
    assert got["mpmirror_alarms of-tomorrow open"] == 1


def test_what_is_not_known_has_no_sample() -> None:
    assert "mpmirror_publication_age_seconds" not in samples(EMPTY)


def test_runs_and_answers_count_up() -> None:
    totals = Totals()
    totals.note_run(Outcome(Ending.PUBLISHED, "", 0, received_bytes=7, fetched=2), 1.5)
    totals.note_run(Outcome(Ending.FAILED, "", 3), 0.5)
    for seconds in (0.0005, 0.05, 30):
        totals.answers.note("/v1/files/{name}", 200, seconds)
    got = samples(EMPTY, totals)
    bucket, route = "mpmirror_http_answer_seconds_bucket", "/v1/files/{name} 200"

    assert (got["mpmirror_sync_runs_total 0"], got["mpmirror_sync_runs_total 3"]) == (1, 1)
    assert got["mpmirror_sync_received_bytes_total"] == 7
    assert got["mpmirror_sync_seconds_total"] == 2
    assert got["mpmirror_http_requests_total /v1/files/{name} 200"] == 3
    assert [got[f"{bucket} {bound} {route}"] for bound in ("0.001", "0.1", "20.0", "+Inf")] == [
        1,
        2,
        2,
        3,
    ]


def test_what_waits_for_a_hook_is_a_number_of_it() -> None:
    """And its receiver's address is not."""
    chat = HookStatus("chat", 3, failing="it answered 500", given_up=2, taken=7, failed=9)
    mail = HookStatus("mail", 0, taken_at="2026-04-07T06:00:00Z")
    got = samples(replace(EMPTY, hooks=(chat, mail)))

    assert got["mpmirror_hook_waiting_events chat"] == 3
    assert got["mpmirror_hook_given_up_events chat"] == 2
    assert got["mpmirror_hook_taken_events_total chat"] == 7
    assert got["mpmirror_hook_failed_tries_total chat"] == 9
    assert got["mpmirror_hook_last_taken_timestamp_seconds mail"] == 1775541600
    assert "mpmirror_hook_last_taken_timestamp_seconds chat" not in got
