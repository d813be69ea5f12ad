"""The page about the status reads what the daemon really writes."""

from __future__ import annotations

from dataclasses import replace

from mirror.daemon.counted import Amount, Completeness, Missing, PortStatus
from mirror.daemon.status_document import (
    Alarm,
    DiskStatus,
    HeldStatus,
    PublicationStatus,
    RunningStatus,
    RunStatus,
    Status,
    encode_status,
)
from mirror.daemon.upstream_status import HostStatus, UpstreamHealth
from mirror.publication.pages.status import read_status, render_status
from mirror.publication.pages.texts import NO_PORT
from mirror.sync.outcome import Ending, Outcome, Phase

NOON = "2026-04-07T12:00:00Z"
STATUS = Status(
    version="0.1.0",
    node="n" * 32,
    lineage="l" * 32,
    upstream="https://micropython.org",
    offline=False,
    complete=False,
    publication=PublicationStatus(42, NOON, 60),
    held=HeldStatus(118, 131_400_000),
    quarantined=1,
    alarms=(Alarm("missing", "RPI_PICO", "upstream is silent", NOON, "4f1d20c9ab", "wait"),),
    running=RunningStatus(Phase.FETCH, 3, 12),
    last_run=RunStatus(NOON, Outcome(Ending.PUBLISHED, "incomplete: 1 file is not held", 4)),
    next_run=NOON,
    disk=DiskStatus(63_000_000_000, 41_000_000_000),
    upstream_health=UpstreamHealth((HostStatus("micropython.org"),)),
    completeness=Completeness(118, 117, names=(Missing("a.uf2", "refused"),), missing=1),
    ports=(PortStatus("rp2", Amount(53, 34_600_000)),),
)


def test_everything_that_the_daemon_tells_is_on_the_page() -> None:
    page = render_status(read_status(encode_status(STATUS))).decode()
    told = (
        *("42", "published: incomplete: 1 file is not held", "upstream is silent", "wait"),
        *("a.uf2", "refused", "rp2", "micropython.org"),
    )

    assert [words for words in told if words not in page] == []


def test_a_daemon_that_has_done_nothing_yet_is_told_too() -> None:
    new = Status(
        *("0.1.0", "n" * 32, "l" * 32, "https://micropython.org", False, False, None),
        *(HeldStatus(0, 0), 0, (), None, None, None, DiskStatus(1, 1)),
    )
    page = render_status(read_status(encode_status(new))).decode()

    assert "https://micropython.org" in page


def test_what_is_of_no_known_port_has_a_row_only_where_something_is_held_or_missing() -> None:
    refused = PortStatus(None, quarantined=Amount(1, 5))
    pages = [
        render_status(read_status(encode_status(replace(STATUS, ports=(*STATUS.ports, one)))))
        for one in (refused, replace(refused, missing=1))
    ]

    assert [f"<td>{NO_PORT}</td>".encode() in page for page in pages] == [False, True]
