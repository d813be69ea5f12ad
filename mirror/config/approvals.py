"""The setting of how many people must say what outranks everything."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mirror.config.fields import Number
from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalSettings:
    """``[approvals]``: how many different people it takes; those of channels stand there."""

    recall: Annotated[
        Number,
        Field(
            ge=1, le=9, description="People, each with a token, to recall bytes or to lift that."
        ),
    ] = 1
