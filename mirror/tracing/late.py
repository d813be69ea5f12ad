"""A tracer whose library is loaded when there is time for it: until then nothing is taken down."""

from __future__ import annotations

import asyncio
import importlib
import logging
from contextlib import AbstractContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Final

from mirror.spans import NOTHING, TRACER
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from mirror.spans import Fact, Note
    from mirror.tracing.otel import OpenTelemetry
    from mirror.tracing.terms import TraceTerms

_NAME: Final = "mpmirror"
_log = logging.getLogger(__name__)


class Late:
    """A `mirror.spans.Tracer` on *terms*; nobody takes anything down without any."""

    def __init__(self, terms: TraceTerms | None) -> None:
        self._terms = terms
        self._real: OpenTelemetry | None = None
        self._loading: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin to load the library, beside all else."""
        if self._terms is not None and self._loading is None:
            self._loading = asyncio.create_task(self.load(), name="traces")

    async def load(self) -> None:
        """Load the library; what it says against that is logged, and nothing is traced."""
        if self._terms is None:
            return
        try:
            module = await to_end(importlib.import_module, "mirror.tracing.otel")
            self._real = await to_end(module.OpenTelemetry, self._terms, _NAME)
        except (ImportError, ValueError) as error:
            _log.error("nothing is traced: %s", error)

    def span(self, name: str, facts: Mapping[str, Fact]) -> AbstractContextManager[Note]:
        """Have a span last as long as the block."""
        return NOTHING if self._real is None else self._real.span(name, facts)

    def request(self, name: str, facts: Mapping[str, Fact]) -> AbstractContextManager[Note]:
        """Have a span of an answered request, if this one is to be traced."""
        return NOTHING if self._real is None else self._real.request(name, facts)

    async def close(self) -> None:
        """Send what has gathered, within two seconds."""
        if self._loading is not None:
            await asyncio.wait({self._loading})
        if self._real is not None:
            await to_end(self._real.close)


@asynccontextmanager
async def tracing(terms: TraceTerms | None) -> AsyncIterator[Late]:
    """Trace on *terms* what begins while the block lasts, once `Late.begin` was called."""
    late = Late(terms)
    if terms is None:
        yield late
        return
    token = TRACER.set(late)
    try:
        yield late
    finally:
        TRACER.reset(token)
        await late.close()
