"""Spans as OpenTelemetry has them, sent by OTLP over HTTP: the only place that knows its library.

Spans are sent by a thread of the library, in batches of what has gathered in five seconds.  It
holds back nobody: what does not fit into its queue of some thousand spans is lost, and so is what
a collector does not take.  A collector is asked at its address and nowhere else: no redirect is
followed and no proxy is used.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Final

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind

from mirror.spans import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mirror.spans import Fact, Note
    from mirror.tracing.terms import TraceTerms

_PATH: Final = "/v1/traces"
_SECONDS: Final = 5.0
_TO_END: Final = 2.0
_LOGS: Final = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_SELDOM: Final = 600.0


class OpenTelemetry:
    """A `mirror.spans.Tracer` that gives spans to the collector of *terms* until `close`.

    *name* says whose spans they are.
    """

    def __init__(self, terms: TraceTerms, name: str) -> None:
        session = requests.Session()
        session.max_redirects = 0
        session.trust_env = False
        logging.getLogger(_LOGS).addFilter(_Seldom())
        exporter = OTLPSpanExporter(endpoint=terms.url + _PATH, timeout=_SECONDS, session=session)
        self._share = terms.requests
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": name, "service.version": terms.version}),
            sampler=ALWAYS_ON,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(name, terms.version)

    @contextmanager
    def span(self, name: str, facts: Mapping[str, Fact]) -> Iterator[Note]:
        """Have a span last as long as the block, within the one under way."""
        with self._tracer.start_as_current_span(name, attributes=facts) as one:
            yield one.set_attribute

    def request(self, name: str, facts: Mapping[str, Fact]) -> AbstractContextManager[Note]:
        """Have a span of a request that is answered, of as many as the terms say."""
        if random.random() >= self._share:  # noqa: S311 - nothing depends on it
            return NOTHING
        return self._request(name, facts)

    @contextmanager
    def _request(self, name: str, facts: Mapping[str, Fact]) -> Iterator[Note]:
        started = self._tracer.start_as_current_span(name, kind=SpanKind.SERVER, attributes=facts)
        with started as one:
            yield one.set_attribute

    def close(self) -> None:
        """Send what has gathered, for two seconds at most; this blocks."""
        ending = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(_TO_END)


class _Seldom(logging.Filter):
    """Lets an error through every ten minutes: a collector can be away for long."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether *record* is written."""
        now = time.monotonic()
        if record.levelno < logging.ERROR or now < self._next:
            return False
        self._next = now + _SELDOM
        return True
