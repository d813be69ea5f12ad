"""Tell the log how a sync run ended: what went wrong by name, then one line with the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.errors import UpstreamError
from mirror.sync.publish import stamp

if TYPE_CHECKING:
    from mirror.daemon.log import Logger
    from mirror.daemon.schedule import Schedule
    from mirror.sync.outcome import Outcome

_TROUBLES_LOGGED: Final = 50


def tell_outcome(log: Logger, outcome: Outcome, schedule: Schedule) -> None:
    """Write what became of a run, and when *schedule* has the next one."""
    for trouble in outcome.troubles[:_TROUBLES_LOGGED]:
        log.warning("trouble", subject=trouble.subject, text=trouble.text)
    for waiting in outcome.awaiting[:_TROUBLES_LOGGED]:
        log.info("awaiting a second look", subject=waiting.subject, text=waiting.text)
    for one in outcome.aside[:_TROUBLES_LOGGED]:
        log.warning("beside the firmware", subject=one.subject, text=one.text)
    for remark in outcome.remarks[:_TROUBLES_LOGGED]:
        log.info("left out", subject=remark.subject, text=remark.text)
    after, rest = schedule.next_run, schedule.next_rest
    tell = log.info if outcome.complete else log.warning
    event = "sync ends"
    if outcome.exit_status == UpstreamError.exit_status:
        event = "upstream can not be reached; what is held is served"
    tell(
        event,
        outcome=outcome.ending.value,
        message=outcome.message,
        publication=outcome.sequence,
        next_run=stamp(after) if after else None,
        **({"because_of": rest.why} if rest else {}),
        # A run that came to no plan counted nothing: "held: 0" would be read as a loss.
        **(outcome.counts() if outcome.wanted or outcome.complete else {}),
    )
