"""How the mirror is, for people: the facts of ``/v1/status.json``, in the order of their worth."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mirror.errors import MalformedValueError
from mirror.frozen import dataclass
from mirror.publication.history import NodeHistory
from mirror.publication.pages import texts
from mirror.publication.pages.layout import Section, layout, moment, size_words, terms
from mirror.publication.pages.over_time import over_time
from mirror.publication.pages.releases import table
from mirror.publication.site.html import Markup, joined, tag, text
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class _Publication:
    sequence: int
    published: str


@dataclass(frozen=True, slots=True)
class _Amount:
    artifacts: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class _Alarm:
    alarm: str
    name: str
    text: str
    since: str
    todo: str = ""
    acknowledged: str | None = None


@dataclass(frozen=True, slots=True)
class _Running:
    phase: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    ending: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Run:
    ended: str
    outcome: _Outcome


@dataclass(frozen=True, slots=True)
class _Disk:
    total: int
    free: int


@dataclass(frozen=True, slots=True)
class _Missing:
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class _Completeness:
    wanted: int
    held: int
    names: tuple[_Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class _Port:
    port: str | None
    held: _Amount = _Amount()
    missing: int = 0


@dataclass(frozen=True, slots=True)
class _Host:
    host: str
    breaker: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Upstream:
    hosts: tuple[_Host, ...] = ()
    stale: bool = False


@dataclass(frozen=True, slots=True)
class _Channel:
    channel: str
    sequence: int | None = None
    published: str | None = None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """What the page needs of the status; what else stands there is left alone."""

    upstream: str = ""
    offline: bool = False
    complete: bool = False
    publication: _Publication | None = None
    held: _Amount = _Amount()
    quarantined: int = 0
    alarms: tuple[_Alarm, ...] = ()
    running: _Running | None = None
    last_run: _Run | None = None
    next_run: str | None = None
    next_run_why: str | None = None
    disk: _Disk | None = None
    completeness: _Completeness | None = None
    ports: tuple[_Port, ...] = field(default=())
    upstream_health: _Upstream | None = None
    channels: tuple[_Channel, ...] = ()

    @property
    def open_alarms(self) -> tuple[_Alarm, ...]:
        """The alarms that nobody judged."""
        return tuple(alarm for alarm in self.alarms if alarm.acknowledged is None)


_STATUS = Shape(StatusFacts)


def read_status(data: bytes) -> StatusFacts:
    """Read ``/v1/status.json``; raise `MalformedValueError`."""
    try:
        return _STATUS.validate_json(data)
    except ValidationError as error:
        raise MalformedValueError(f"no status: {error.error_count()} fields do not fit") from error


def render_status(status: StatusFacts | None, history: NodeHistory | None = None) -> bytes:
    """Return the page, with what was noted over time; None: the daemon does not answer."""
    parts = [tag("p", texts.STATUS_UNKNOWN, class_="warned")] if status is None else _parts(status)
    link = tag("a", "/v1/status.json", href="/v1/status.json")
    return layout(
        Section.STATUS,
        texts.STATUS_TITLE,
        tag("h1", texts.STATUS_TITLE),
        *parts,
        *over_time(history or NodeHistory()),
        tag("p", texts.AS_JSON, link, class_="dim"),
        upstream=status.upstream if status else None,
    )


def _parts(status: StatusFacts) -> Iterator[Markup]:
    green = status.complete and not status.open_alarms
    words = texts.STATUS_GREEN if green else texts.STATUS_NOT
    yield tag("p", words, class_="state good" if green else "state doubtful")
    yield tag("h2", texts.ALARMS)
    yield from map(_alarm, status.open_alarms)
    if not status.open_alarms:
        yield tag("p", texts.NO_ALARMS)
    yield tag("h2", texts.NOW)
    yield tag("p", _running(status.running))
    yield _now(status)
    yield from _missing(status.completeness)
    yield from _ports(status)


def _alarm(alarm: _Alarm) -> Markup:
    what = tag("p", tag("span", f"{alarm.alarm}: {alarm.name}", class_="bad"))
    since = tag("p", texts.SINCE, " ", moment(alarm.since), class_="dim")
    todo = [tag("p", texts.TODO, tag("code", alarm.todo))] if alarm.todo else []
    return tag("div", what, tag("p", alarm.text), *todo, since, class_="panel")


def _running(running: _Running | None) -> Markup:
    if running is None:
        return tag("span", texts.RESTING)
    words = texts.RUNNING.format(phase=running.phase, done=running.done, total=running.total)
    return joined(words, _bar(running.done, running.total, words))


def _now(status: StatusFacts) -> Markup:
    publication, run = status.publication, status.last_run
    published = (
        joined(texts.PUBLISHED.format(sequence=publication.sequence), moment(publication.published))
        if publication
        else texts.UNPUBLISHED
    )
    last = _last(run) if run else texts.NEVER
    held = texts.HELD_WORDS.format(
        artifacts=status.held.artifacts, size=size_words(status.held.size)
    )
    return terms(
        (texts.PUBLICATION, published),
        (texts.CHANNELS, joined(*map(_channel, status.channels)) if status.channels else ""),
        (texts.COMPLETENESS, _completeness(status.completeness)),
        (texts.LAST_RUN, last),
        (texts.NEXT_RUN, _next(status)),
        (texts.HELD_FILES, held),
        (texts.QUARANTINED, str(status.quarantined) if status.quarantined else ""),
        (texts.DISK, _disk(status.disk)),
        (texts.UPSTREAMS, _upstream(status)),
    )


def _channel(one: _Channel) -> Markup:
    shown = (
        joined(
            texts.CHANNEL_WORDS.format(channel=one.channel, sequence=one.sequence),
            moment(one.published or ""),
        )
        if one.sequence
        else text(texts.CHANNEL_EMPTY.format(channel=one.channel))
    )
    waits = texts.CHANNEL_WAITS.format(waiting=one.waiting) if one.waiting else ""
    return tag("div", shown, waits)


def _last(run: _Run) -> Markup:
    ending, message = run.outcome.ending, run.outcome.message
    words = f"{ending}: {message}" if message else ending
    return joined(texts.LAST_RUN_WAS.format(outcome=words), moment(run.ended))


def _next(status: StatusFacts) -> str:
    if status.next_run is None:
        return status.next_run_why or texts.NOT_PLANNED
    why = f" ({status.next_run_why})" if status.next_run_why else ""
    return joined(moment(status.next_run), why)


def _completeness(known: _Completeness | None) -> str:
    if known is None:
        return ""
    words = texts.COMPLETE_WORDS.format(held=known.held, wanted=known.wanted)
    return joined(words, _bar(known.held, known.wanted, words))


def _disk(disk: _Disk | None) -> str:
    if disk is None:
        return ""
    words = texts.DISK_WORDS.format(free=size_words(disk.free), total=size_words(disk.total))
    return joined(words, _bar(disk.total - disk.free, disk.total, words))


def _upstream(status: StatusFacts) -> str:
    if status.offline:
        return texts.OFFLINE
    health = status.upstream_health
    if health is None:
        return status.upstream
    stale = [tag("p", texts.STALE, class_="warned")] if health.stale else []
    return joined(*map(_host, health.hosts), *stale)


def _host(host: _Host) -> Markup:
    state = texts.BREAKERS.get(host.breaker, host.breaker)
    why = f" ({host.reason})" if host.reason and host.breaker != "closed" else ""
    return tag("div", texts.HOST_WORDS.format(host=host.host, state=f"{state}{why}"))


def _missing(known: _Completeness | None) -> Iterator[Markup]:
    if known is not None and known.names:
        yield tag("h2", texts.MISSING)
        yield tag("ul", *(tag("li", f"{one.name}: {one.why}") for one in known.names))


def _ports(status: StatusFacts) -> Iterator[Markup]:
    # What is refused, and of no known port, is told above: here it would be a row of noughts.
    ports = [one for one in status.ports if one.port or one.held.artifacts or one.missing]
    if not ports:
        return
    largest = max(port.held.size for port in ports)
    rows = (_port(port, largest) for port in ports)
    yield tag("h2", texts.BY_PORT)
    yield table((texts.PORT, texts.FILES, texts.SIZE, "", texts.MISSING), rows)


def _port(port: _Port, largest: int) -> Markup:
    size = size_words(port.held.size)
    bar = _bar(port.held.size, largest, size)
    cells = (port.port or texts.NO_PORT, str(port.held.artifacts), size, bar, str(port.missing))
    return tag("tr", *(tag("td", cell) for cell in cells))


def _bar(part: int, whole: int, words: str) -> Markup:
    """Draw *part* of *whole*; *words* say the same to whoever does not see it."""
    share = max(0.0, min(1.0, part / whole)) if whole > 0 else 0.0
    everything = tag("rect", class_="all", width="100", height="6", rx="1")
    filled = tag("rect", class_="part", width=f"{100 * share:.1f}", height="6", rx="1")
    return tag(
        "svg",
        everything,
        filled,
        class_="chart",
        viewBox="0 0 100 6",
        preserveAspectRatio="none",
        role="img",
        aria_label=words,
    )
