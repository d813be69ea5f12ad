"""A traced request tells its route and its id, and nothing of who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.tracing.late import tracing
from mirror.tracing.terms import TraceTerms
from tests.tracing.collecting import collecting
from tests.web.conftest import served

if TYPE_CHECKING:
    from tests.web.building import Builder


@pytest.mark.parametrize(("share", "count"), [(1.0, 3), (0.0, 0)])
async def test_a_request_has_its_route_its_status_and_its_id(
    builder: Builder, share: float, count: int
) -> None:
    """And nothing of who asked, or what else stood in the address."""
    with collecting() as collector:
        async with tracing(TraceTerms(collector.url, share, "0.1.0")) as traces:
            await traces.load()
            async with served(builder.store) as site:
                await site.client.get("/healthz?a=secret", X_Request_Id="mine-1")
                await site.client.get("/v1/boards/secret.json")
                await site.client.get("/secret")
    facts = {one.name: one.facts for one in collector.spans}

    assert len(facts) == count
    assert "secret" not in repr(collector.spans)
    if count:
        assert facts["GET /healthz"] == {
            "http.request.method": "GET",
            "http.route": "/healthz",
            "http.response.status_code": 200,
            "mpmirror.request": "mine-1",
        }
        assert facts["GET /v1/boards/{board}.json"]["http.response.status_code"] == 404
