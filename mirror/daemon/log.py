"""What the daemon says of itself: one event a line, on standard error.

For people on a terminal or as JSON.  Foreign text is written with its control characters
escaped in both: nothing that upstream says can move a cursor or forge a line.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Final

import structlog

from mirror.catalog.texts import visible

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

    from mirror.config.settings import LogSettings

Logger = structlog.typing.FilteringBoundLogger

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def logger_of(settings: LogSettings) -> Logger:
    """Return the daemon's logger, as *settings* want it; nothing global is changed."""
    people = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    logger: Logger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=_processors(people=people),
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.level]),
        cache_logger_on_first_use=True,
    )
    return logger


def _processors(*, people: bool) -> list[Processor]:
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_control_characters,
    ]
    if people:
        return [*shared, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [*shared, structlog.processors.JSONRenderer(ensure_ascii=True)]


def _without_control_characters(
    _logger: WrappedLogger, _method: str, event: EventDict
) -> EventDict:
    return {
        key: visible(value) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }
