"""How the node is, for Prometheus: the status as numbers, and what was answered and fetched.

Everything but the counters is read anew for each answer, from the same value as
``/v1/status.json``, so that the two never disagree.  Counters begin at zero with the daemon;
those of requests hold what serving processes told until then, a few seconds behind.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from mirror.publication.alarms import KINDS
from mirror.upstream.breaker import BreakerState
from mirror.web.traffic import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mirror.daemon.counted import Amount, PortStatus
    from mirror.daemon.status_document import HookStatus, Status
    from mirror.daemon.totals import Totals
    from mirror.web.traffic import Tally

_NO_PORT: Final = "unknown"
_BOUNDS: Final = (*map(str, SECONDS), "+Inf")
_LABELS = dict[str, str]


def render_metrics(status: Status, totals: Totals) -> bytes:
    """Return *status* and *totals* in the text format of Prometheus."""
    # A registry for each answer: nothing is shared, and nothing is registered twice.
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Node(status, totals))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Node(Collector):
    def __init__(self, status: Status, totals: Totals) -> None:
        self._status = status
        self._totals = totals

    def collect(self) -> Iterable[Metric]:
        yield from _state(self._status)
        yield from _held(self._status)
        yield from _disk(self._status)
        yield from _alarms(self._status)
        yield from _sync(self._status)
        yield from _upstream(self._status)
        yield from _hooks(self._status)
        yield from _counted(self._totals)
        yield from _answers(self._totals.answers)


def _gauge(name: str, text: str, *samples: tuple[_LABELS, float | None]) -> Metric:
    """Return a gauge; what is not known has no sample."""
    metric = GaugeMetricFamily(f"mpmirror_{name}", text)
    for labels, value in samples:
        if value is not None:
            metric.add_sample(f"mpmirror_{name}", labels, value)
    return metric


def _counter(name: str, text: str, *samples: tuple[_LABELS, float]) -> Metric:
    metric = CounterMetricFamily(f"mpmirror_{name}", text)
    for labels, value in samples:
        metric.add_sample(f"mpmirror_{name}_total", labels, value)
    return metric


def _state(status: Status) -> Iterator[Metric]:
    about = {"version": status.version, "node": status.node, "lineage": status.lineage}
    yield _gauge("info", "Which node this is.", (about, 1))
    yield _gauge("complete", "1: all is held and accepted.", ({}, status.complete))
    yield _gauge("offline", "1: no upstream is asked.", ({}, status.offline))
    current, health = status.publication, status.upstream_health
    sequence = current.sequence if current else None
    yield _gauge("publication_sequence", "Sequence of the current publication.", ({}, sequence))
    age = current.age_seconds if current else None
    yield _gauge("publication_age_seconds", "Seconds since it was made.", ({}, age))
    yield from _channels(status)
    data = health.data_age if health else None
    yield _gauge("data_age_seconds", "Seconds since the last complete crawl.", ({}, data))
    stale = health.stale if health else None
    yield _gauge("data_stale", "1: clients are told that data are old.", ({}, stale))


def _channels(status: Status) -> Iterator[Metric]:
    shown = [one for one in status.channels if one.sequence is not None and one.published]
    yield _gauge(
        "channel_sequence",
        "Sequence of what a promoted channel shows.",
        *(({"channel": one.channel}, one.sequence) for one in shown),
    )
    yield _gauge(
        "channel_promoted_timestamp_seconds",
        "When a channel was promoted last.",
        *(({"channel": one.channel}, _seconds(one.published or "")) for one in shown),
    )
    yield _gauge(
        "channel_waiting",
        "Promotions that wait for approval.",
        *(({"channel": one.channel}, one.waiting) for one in status.channels),
    )


def _held(status: Status) -> Iterator[Metric]:
    counts = [sample for port in status.ports for sample in _files(port)]
    yield _gauge("files", "Files by port and state.", *counts)
    sizes = [sample for port in status.ports for sample in _sizes(port)]
    yield _gauge("file_bytes", "Bytes of files by port and state.", *sizes)
    whole = status.completeness
    wanted: dict[str, float] = {}
    if whole is not None:
        wanted = {
            "held": whole.held,
            "awaiting": whole.awaiting,
            "dealt_with": whole.dealt_with,
            "missing": whole.missing,
        }
    yield _gauge(
        "wanted_files",
        "Files that policy and pins ask for, by state.",
        *(({"state": state}, value) for state, value in wanted.items()),
    )
    share = whole.share if whole else None
    yield _gauge("completeness_ratio", "Share of what is asked for that is held.", ({}, share))
    yield _gauge("recalled_digests", "Digests that are forbidden.", ({}, status.recalled))
    yield _gauge("quarantined_files", "Refused files.", ({}, status.quarantined))
    upkeep = status.upkeep
    waiting = upkeep.damaged if upkeep else None
    yield _gauge("damaged_blobs", "Damaged blobs that wait to be healed.", ({}, waiting))
    yield _counter("healed_blobs", "Blobs healed.", ({}, upkeep.healed if upkeep else 0))


def _amounts(port: PortStatus) -> dict[str, Amount]:
    return {
        "held": port.held,
        "cached": port.cached,
        "withdrawn": port.withdrawn,
        "quarantined": port.quarantined,
    }


def _files(port: PortStatus) -> Iterator[tuple[_LABELS, float]]:
    name = port.port or _NO_PORT
    for state, amount in _amounts(port).items():
        yield {"port": name, "state": state}, amount.artifacts
    yield {"port": name, "state": "on_demand"}, port.on_demand
    yield {"port": name, "state": "missing"}, port.missing


def _sizes(port: PortStatus) -> Iterator[tuple[_LABELS, float]]:
    for state, amount in _amounts(port).items():
        yield {"port": port.port or _NO_PORT, "state": state}, amount.size


def _disk(status: Status) -> Iterator[Metric]:
    disk, levels = status.disk, status.disk.levels
    sizes = {
        "total": disk.total,
        "free": disk.free,
        "held": disk.held,
        "on_demand": disk.on_demand,
        "keep_free": levels.keep_free if levels else None,
        "high_water": levels.high_water if levels else None,
    }
    samples = [({"what": what}, size) for what, size in sizes.items()]
    yield _gauge("disk_bytes", "The disk of the data: what there is, and what is set.", *samples)


def _alarms(status: Status) -> Iterator[Metric]:
    opened = Counter(dict.fromkeys(KINDS, 0))
    opened.update(alarm.alarm for alarm in status.open_alarms)
    judged = Counter(alarm.alarm for alarm in status.alarms if alarm.acknowledged is not None)
    yield _gauge(
        "alarms",
        "Alarms by kind: open, or acknowledged.",
        *(({"alarm": kind, "state": "open"}, count) for kind, count in opened.items()),
        *(({"alarm": kind, "state": "acknowledged"}, count) for kind, count in judged.items()),
    )


def _sync(status: Status) -> Iterator[Metric]:
    running, last = status.running, status.last_run
    yield _gauge("sync_running", "1: a run is under way.", ({}, running is not None))
    ended = _seconds(last.ended) if last else None
    yield _gauge("sync_last_end_timestamp_seconds", "When the last run ended.", ({}, ended))
    ending = last.outcome.exit_status if last else None
    yield _gauge("sync_last_exit_status", "How it ended; 0: complete.", ({}, ending))
    after = _seconds(status.next_run) if status.next_run else None
    yield _gauge("sync_next_timestamp_seconds", "When the next run is.", ({}, after))


def _upstream(status: Status) -> Iterator[Metric]:
    health = status.upstream_health
    hosts = health.hosts if health else ()
    up = [({"host": one.host}, one.breaker == BreakerState.CLOSED) for one in hosts]
    yield _gauge("upstream_up", "1: it is asked; 0: it is left alone.", *up)
    failures = [({"host": one.host}, one.failures) for one in hosts]
    yield _gauge("upstream_failures", "Failures in a row.", *failures)
    left = health.bytes_left if health else None
    yield _gauge("upstream_bytes_left", "What may come in this hour.", ({}, left))


def _hooks(status: Status) -> Iterator[Metric]:
    def each(value: Callable[[HookStatus], float | None]) -> list[tuple[_LABELS, float | None]]:
        return [({"hook": one.hook}, value(one)) for one in status.hooks]

    yield _gauge("hook_waiting_events", "Events that wait.", *each(lambda one: one.waiting))
    yield _gauge(
        "hook_given_up_events",
        "Events that were given up since one was taken.",
        *each(lambda one: one.given_up),
    )
    yield _gauge(
        "hook_last_taken_timestamp_seconds",
        "When an event was taken last.",
        *each(lambda one: _seconds(one.taken_at) if one.taken_at else None),
    )
    taken = [({"hook": one.hook}, float(one.taken)) for one in status.hooks]
    yield _counter("hook_taken_events", "Events that were taken.", *taken)
    failed = [({"hook": one.hook}, float(one.failed)) for one in status.hooks]
    yield _counter("hook_failed_tries", "Tries that failed.", *failed)


def _counted(totals: Totals) -> Iterator[Metric]:
    runs = [({"exit_status": status}, count) for status, count in sorted(totals.runs.items())]
    yield _counter("sync_runs", "Sync runs by exit status.", *runs)
    yield _counter("sync_seconds", "Seconds of sync runs.", ({}, totals.seconds))
    yield _counter("sync_received_bytes", "Bytes that runs received.", ({}, totals.received_bytes))
    yield _counter("sync_fetched_files", "New files that runs fetched.", ({}, totals.fetched))


def _answers(answers: Tally) -> Iterator[Metric]:
    requests = [
        ({"route": route, "status": str(status)}, sum(series.counts))
        for route, status, series in answers
    ]
    yield _counter("http_requests", "Requests by route and status.", *requests)
    seconds = HistogramMetricFamily(
        "mpmirror_http_answer_seconds",
        "Seconds until an answer begins, by route and status.",
        labels=("route", "status"),
    )
    for route, status, series in answers:
        seconds.add_metric((route, str(status)), _rising(series.counts), series.seconds)
    yield seconds


def _rising(counts: Iterable[int]) -> list[tuple[str, float]]:
    """Return how many there are up to each bound: what Prometheus calls buckets."""
    total, rising = 0, []
    for bound, count in zip(_BOUNDS, counts, strict=True):
        total += count
        rising.append((bound, float(total)))
    return rising


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
