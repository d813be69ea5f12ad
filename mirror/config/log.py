"""``[log]``: what the daemon says of itself, on standard error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field


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
