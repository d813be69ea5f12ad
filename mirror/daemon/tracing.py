"""From settings to where traces go; nothing of OpenTelemetry is loaded here."""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from mirror.daemon.version import VERSION
from mirror.errors import ConfigurationError
from mirror.tracing.late import tracing
from mirror.tracing.terms import TraceTerms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirror.config import Settings

_MISSING = "OpenTelemetry is not installed: pip install 'mpmirror[otel]'"


@asynccontextmanager
async def tracing_command(settings: Settings) -> AsyncIterator[None]:
    """Trace all that a command does in the block, if the settings want it."""
    async with tracing(trace_terms_of(settings)) as late:
        await late.load()
        yield


def trace_terms_of(settings: Settings) -> TraceTerms | None:
    """Return where traces go, None where they are not wanted.

    Raises `ConfigurationError` where they are, and the extra is not installed.
    """
    url = settings.traces.url
    if url is None:
        return None
    if find_spec("opentelemetry") is None:
        raise ConfigurationError(f"traces.url: {_MISSING}")
    return TraceTerms(url, settings.traces.requests, VERSION)
