"""A collector of OpenTelemetry on a real socket: it reads OTLP over HTTP, as bytes of protobuf."""

from __future__ import annotations

import asyncio
import gzip
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue

Value = str | int | float | bool


@dataclass(frozen=True)
class Span:
    """One span as it came."""

    name: str
    id: bytes
    parent: bytes
    trace: bytes
    facts: dict[str, Value]
    failed: bool
    seconds: float


@dataclass
class Collector:
    """What came, and where it is; it answers with *status*."""

    url: str = ""
    status: int = 200
    paths: list[str] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    spans: list[Span] = field(default_factory=list)

    def take(self, path: str, body: bytes) -> None:
        """Read a request."""
        self.paths.append(path)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            facts = {one.key: _value(one.value) for one in resource.resource.attributes}
            self.services.add(str(facts["service.name"]))
            for scope in resource.scope_spans:
                for one in scope.spans:
                    self.spans.append(
                        Span(
                            one.name,
                            one.span_id,
                            one.parent_span_id,
                            one.trace_id,
                            {fact.key: _value(fact.value) for fact in one.attributes},
                            one.status.code == one.status.STATUS_CODE_ERROR,
                            (one.end_time_unix_nano - one.start_time_unix_nano) / 1e9,
                        )
                    )

    def called(self, name: str) -> list[Span]:
        """Return the spans of this name."""
        return [one for one in self.spans if one.name == name]

    def within(self, parent: Span) -> set[str]:
        """Return the names of the spans directly within *parent*."""
        return {one.name for one in self.spans if one.parent == parent.id}

    async def has(self, name: str) -> Span:
        """Wait for a span of this name."""
        async with asyncio.timeout(60):
            while not (found := self.called(name)):  # noqa: ASYNC110 - it comes from a thread
                await asyncio.sleep(0.02)
        return found[0]


def _value(value: AnyValue) -> Value:
    kind = value.WhichOneof("value")
    found: Value = getattr(value, kind) if kind else ""
    return found


@contextmanager
def collecting() -> Iterator[Collector]:
    """Have a collector listen while the block lasts."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.take(self.path, body)
            self.send_response(collector.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_address[1]}"
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        try:
            yield collector
        finally:
            server.shutdown()
            serving.join()
