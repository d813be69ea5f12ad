"""What the daemon says of itself: one event a line, on standard error.

For people on a terminal or as JSON.  Foreign text is written with its control characters
escaped in both: nothing that upstream says can move a cursor or forge a line.  What the
rooms and libraries write through `logging` and `structlog` comes out the same way, with the id of
the request or of the sync run that it belongs to.
"""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import structlog

from mirror.catalog.texts import visible
from mirror.daemon.run_ids import RUN
from mirror.web.current_request import REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from structlog.typing import EventDict, Processor, WrappedLogger

    from mirror.config.log import LogSettings

Logger = structlog.typing.FilteringBoundLogger

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


@contextmanager
def logging_as(settings: LogSettings) -> Iterator[Logger]:
    """Write events as *settings* want them while the block lasts; give the daemon's logger."""
    level = _LEVELS[settings.level]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(settings))
    ours, root = logging.getLogger("mirror"), logging.getLogger()
    # Of libraries only what is wrong.
    ours.setLevel(level)
    root.addHandler(handler)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=_ours,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    try:
        yield structlog.get_logger()
    finally:
        structlog.reset_defaults()
        root.removeHandler(handler)
        ours.setLevel(logging.NOTSET)


def _ours(*_arguments: object) -> logging.Logger:
    return logging.getLogger("mirror")


def _formatter(settings: LogSettings) -> logging.Formatter:
    people = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if people
        else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(
        processors=[meta, renderer], foreign_pre_chain=_SHARED
    )


def _without_control_characters(
    _logger: WrappedLogger, _method: str, event: EventDict
) -> EventDict:
    return {
        key: visible(value) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }


def _with_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Say which request, or which sync run, an event belongs to."""
    for name, variable in (("request", REQUEST), ("run", RUN)):
        value = variable.get()
        if value is not None:
            event.setdefault(name, value)
    return event


_SHARED: Final[list[Processor]] = [
    _with_ids,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _without_control_characters,
]
