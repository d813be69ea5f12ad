"""Every alarm of this node, with its id, what can be done, and whether somebody judged it.

What is acknowledged counts as dealt with until its facts change, which makes another alarm of
it, or until the time that was given: then it is open again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.catalog.packages import PACKAGES_FOLDER
from mirror.daemon.status_document import Alarm
from mirror.errors import IncompleteError
from mirror.publication.alarms import advice, alarm_id
from mirror.sync.outcome import Ending, Outcome, Trouble
from mirror.sync.publish import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from mirror.daemon.status_document import RunStatus
    from mirror.storage.crawled import LastCrawl
    from mirror.storage.entries import Change, Refusal
    from mirror.storage.judgements import Judgement
    from mirror.storage.looks import Disagreement

#: So many troubles of a run are kept; there may have been more.
MOST_SHOWN: Final = 100

_RAN: Final = (Ending.PUBLISHED, Ending.UNCHANGED)
_RUN: Final = "sync run"
# What is told of these counts tries, seconds or bytes, and differs from run to run.
_LASTING: Final = frozenset({"upstream-away", "no-room"})


def change_alarm(change: Change, *, served: bool) -> Alarm:
    """Return the alarm that the bytes of a name changed, of which the first are *served* or not.

    Of a package they always are: it changes by a new version, and by nothing else.
    """
    first, later = str(change.first), str(change.later)
    if change.name.startswith(PACKAGES_FOLDER):
        text = f"first {first}, later {later}: the first bytes are served"
        return Alarm("package-changed", change.name, text, stamp(change.time))
    known_as = alarm_id("bytes-changed", change.name, first, later)
    return Alarm(
        alarm="bytes-changed",
        name=change.name,
        text=f"first {first}, later {later}: "
        + ("the first bytes are served" if served else "neither is served"),
        since=stamp(change.time),
        id=known_as,
        todo=advice("bytes-changed", known_as, name=change.name, later=later),
    )


def sibling_alarm(found: Disagreement) -> Alarm:
    """Return the alarm that two files of one build carry different programs."""
    return Alarm(
        alarm="siblings-differ",
        name=found.name,
        text=f"it carries another program than {found.sibling} of the same build",
        since=stamp(found.time),
    )


def trouble_alarm(trouble: Trouble, refusals: Mapping[str, Refusal], ended: str) -> Alarm:
    """Return the alarm of one *trouble* of a run that *ended* then."""
    refusal = _refusal_of(trouble, refusals)
    digest = str(refusal.digest) if refusal and refusal.digest else ""
    kind = "refused" if refusal else "page" if "/" in trouble.subject else "missing"
    # Of refused bytes it is the bytes that count, whatever words they are refused with.
    known_as = alarm_id(kind, trouble.subject, digest or trouble.text)
    return Alarm(
        alarm=kind,
        name=trouble.subject,
        text=trouble.reason,
        since=stamp(refusal.time) if refusal else ended,
        id=known_as,
        todo=advice(kind, known_as, name=trouble.subject, later=digest),
    )


def run_alarms(run: RunStatus | None, crawled: datetime | None) -> list[Alarm]:
    """Return the alarm that a *run* ended early, with what can be done about its cause.

    The last complete crawl was at *crawled*, None before the first.  While upstream stays away,
    or no room is made, it is one alarm, however many runs end so.
    """
    if run is None or run.outcome.cause is None:
        return []
    cause, message = run.outcome.cause, run.outcome.message
    since = stamp(crawled) if crawled else "never"
    known_as = alarm_id(cause, _RUN, since if cause in _LASTING else message)
    return [Alarm(cause, _RUN, message, run.ended, known_as, advice(cause, known_as))]


def end_is_judged(run: RunStatus, alarms: Sequence[Alarm]) -> bool:
    """Whether all that kept *run* from being complete is why it ended, and somebody judged that.

    *alarms* are all there are, judged or not.
    """
    outcome = run.outcome
    ends = [one for one in alarms if (one.alarm, one.name) == (outcome.cause, _RUN)]
    return bool(ends) and not outcome.troubles and all(one.acknowledged for one in ends)


def clock_alarms(doubt: str | None, now: datetime) -> list[Alarm]:
    """Return the alarm that the clock is not believed, for the reason *doubt*."""
    if doubt is None:
        return []
    # One alarm, whatever time the clock shows.
    known_as = alarm_id("clock", "clock")
    return [Alarm("clock", "clock", doubt, stamp(now), known_as, advice("clock", known_as))]


def old_data_alarms(last: LastCrawl | None, warn_after: timedelta, now: datetime) -> list[Alarm]:
    """Return the alarm that the data of the *last* complete crawl are older than they should be."""
    if last is None or last.age(now) <= warn_after:
        return []
    seen = stamp(last.at)
    known_as = alarm_id("old-data", "data", seen)
    text = f"the last complete crawl was at {seen}, {last.age(now).days} days ago"
    return [Alarm("old-data", "data", text, seen, known_as, advice("old-data", known_as))]


def _refusal_of(trouble: Trouble, refusals: Mapping[str, Refusal]) -> Refusal | None:
    """Return the refusal that *trouble* tells of; the last one of a name may be an older one."""
    refusal = refusals.get(trouble.subject)
    if refusal is None or not refusal.reasons:
        return None
    told = all(reason.text in trouble.text for reason in refusal.reasons)
    return refusal if told else None


def judged(
    alarms: Sequence[Alarm], acknowledged: Mapping[str, Judgement], now: datetime
) -> tuple[Alarm, ...]:
    """Return *alarms*, each with an id and an advice, and with what was said of it."""
    return tuple(_judged(_identified(alarm), acknowledged, now) for alarm in alarms)


def dealt_with(outcome: Outcome, closed: Mapping[Trouble, str]) -> Outcome:
    """Return *outcome* as it counts where its *closed* troubles were acknowledged, with why."""
    if not closed:
        return outcome
    still = tuple(trouble for trouble in outcome.troubles if trouble not in closed)
    told = [
        Trouble(trouble.subject, f"acknowledged: {closed[trouble]} ({trouble.text})")
        for trouble in outcome.troubles
        if trouble in closed
    ]
    after = replace(outcome, troubles=still, dealt_with=(*outcome.dealt_with, *told))
    if still or not can_be_complete(outcome):
        return after
    words = f"complete but for what was acknowledged: {len(told)}"
    return replace(after, message=words, exit_status=0)


def can_be_complete(outcome: Outcome) -> bool:
    """Whether nothing but the troubles that are named kept this run from being complete."""
    incomplete = outcome.exit_status == IncompleteError.exit_status
    return incomplete and outcome.ending in _RAN and len(outcome.troubles) < MOST_SHOWN


def _identified(alarm: Alarm) -> Alarm:
    known_as = alarm.id or alarm_id(alarm.alarm, alarm.name, alarm.text)
    todo = alarm.todo or advice(alarm.alarm, known_as, name=alarm.name)
    return replace(alarm, id=known_as, todo=todo)


def _judged(alarm: Alarm, acknowledged: Mapping[str, Judgement], now: datetime) -> Alarm:
    judgement = acknowledged.get(alarm.id)
    if judgement is None or (judgement.until is not None and judgement.until <= now):
        return alarm
    end = f" (until {stamp(judgement.until)})" if judgement.until else ""
    return replace(alarm, acknowledged=f"{judgement.why}{end}")
