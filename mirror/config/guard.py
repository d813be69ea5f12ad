"""``[guard]``: what a new catalog may lack before it is refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mirror.config.fields import Share
from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """``[guard]``: how much of a catalog may vanish between two crawls before it is refused."""

    boards: Annotated[
        Share, Field(description="Share of the boards that may be gone in a new catalog.")
    ] = 0.1
    files: Annotated[
        Share, Field(description="Share of the files that may be gone in a new catalog.")
    ] = 0.2
