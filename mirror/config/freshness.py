"""``[freshness]``: how old what is served may become."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from mirror.config.fields import Duration, between
from mirror.config.limits import MostAge


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessSettings:
    """``[freshness]``: how old what is served may become before something is said or done."""

    warn_after: Annotated[
        Duration,
        between(timedelta(hours=1), timedelta(days=3660)),
        Field(
            description="Age of the data from which on status warns, and readers of freshness.json"
            " do."
        ),
    ] = timedelta(days=90)
    stop_after: Annotated[
        MostAge,
        Field(
            description='Age from which on nothing is served any more, as "400d"; "none": it is'
            " served at any age."
        ),
    ] = None
