"""The setting of how what is held is looked after."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from mirror.config.fields import Duration, between
from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepSettings:
    """``[upkeep]``: how what is held is looked after."""

    full_check: Annotated[
        Duration,
        between(timedelta(minutes=1), timedelta(days=366)),
        Field(description="Time in which everything that is held is hashed once."),
    ] = timedelta(days=30)
