"""``[traces]``: whether and where traces of OpenTelemetry go."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mirror.config.fields import Share, SiteUrl
from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSettings:
    """``[traces]``: whether and where traces of OpenTelemetry go."""

    url: Annotated[
        SiteUrl | None,
        Field(
            description="A collector of OpenTelemetry that takes OTLP over HTTP, such as"
            " http://127.0.0.1:4318; not set: nothing is traced."
        ),
    ] = None
    requests: Annotated[Share, Field(description="Share of the requests that are traced.")] = 1.0
