"""A span for each request that is answered: until its answer begins, as for the metrics.

It has the method, the route, the status and the id of the request; nothing that a client chose but
the id, and nothing of who asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from mirror.spans import TRACER
from mirror.web.current_request import REQUEST
from mirror.web.traffic import route_of

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST"})
# As the conventions of OpenTelemetry call a method that nobody knows.
_OTHER: Final = "_OTHER"


def tracing_requests() -> list[Middleware]:
    """Return the middleware for who traces; none for anybody else."""
    tracer = TRACER.get()
    if tracer is None:
        return []

    @web.middleware
    async def traced(request: web.Request, handler: Handler) -> web.StreamResponse:
        method = request.method if request.method in _METHODS else _OTHER
        route = route_of(request)
        facts = {
            "http.request.method": method,
            "http.route": route,
            "mpmirror.request": REQUEST.get() or "",
        }
        with tracer.request(f"{method} {route}", facts) as note:
            response = await handler(request)
            note("http.response.status_code", response.status)
        return response

    return [traced]
