"""What the page of the status shows of a node over time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mirror.publication.pages import texts
from mirror.publication.pages.layout import size_words
from mirror.publication.pages.plots import Point, area_plot, bar_plot
from mirror.publication.site.html import tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirror.publication.history import Hour, NodeHistory
    from mirror.publication.site.html import Markup

_GOOD: Final = {"published", "unchanged"}
_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = 60.0


def over_time(history: NodeHistory) -> Iterator[Markup]:
    """Yield the plots, under a heading of their own; nothing while nothing was noted."""
    if not history.hours and not history.runs:
        return
    hours = _without_gaps(history.hours)
    held = [Point(one.at, one.held_bytes) for one in history.hours]
    asked = [Point(one.at, one.requests, bad=one.failed) for one in hours]
    errors = [Point(one.at, one.upstream_errors, one.upstream_errors) for one in hours]
    runs = [
        Point(one.started, one.seconds, 0 if one.outcome in _GOOD else one.seconds)
        for one in history.runs
    ]
    yield tag("h2", texts.OVER_TIME)
    yield tag("p", texts.OVER_TIME_LEAD, class_="dim")
    yield tag(
        "div",
        area_plot(texts.PLOT_HELD, held, lambda size: size_words(int(size))),
        bar_plot(texts.PLOT_SYNC, runs, duration_words),
        bar_plot(texts.PLOT_REQUESTS, asked, _number),
        bar_plot(texts.PLOT_ERRORS, errors, _number),
        class_="plots",
        by="\n",
    )


def duration_words(seconds: float) -> str:
    """Say how long *seconds* are."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _number(value: float) -> str:
    return f"{value:.0f}"


def _without_gaps(hours: Sequence[Hour]) -> list[Hour]:
    """Put an empty hour where the daemon was down, so that bars stand where their hour is."""
    if not hours:
        return []
    by_time = {one.at: one for one in hours}
    count = int((hours[-1].at - hours[0].at) / _HOUR)
    if count > 2 * len(hours) + 24:
        return list(hours)
    empty = type(hours[0])
    times = [hours[0].at + number * _HOUR for number in range(count + 1)]
    return [by_time.get(at) or empty(at) for at in times]
