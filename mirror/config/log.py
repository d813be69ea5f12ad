"""``[log]``: what the daemon says of itself, on standard error."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from mirror.config.fields import Duration, between
from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """``[log]``: what the daemon says of itself, on standard error."""

    format: Annotated[
        Literal["auto", "console", "json"],
        Field(description="auto: for people on a terminal, json elsewhere."),
    ] = "auto"
    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(description="The least grave event that is written."),
    ] = "info"
    deliveries: Annotated[
        bool,
        Field(description="Whether each finished transfer of a file is written down, in data_dir."),
    ] = False
    keep_deliveries: Annotated[
        Duration,
        between(timedelta(days=1), timedelta(days=36_600)),
        Field(description="Time for which deliveries stay written down."),
    ] = timedelta(days=90)
    addresses: Annotated[
        Literal["full", "prefix", "none"],
        Field(
            description="How much of a client's address is written down: all, its network, none."
        ),
    ] = "prefix"
