"""How a node was over time, in few numbers: hours of two weeks, and the newest sync runs.

It is shown on the page of the status, names no client and no person, and may be lost.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AwareDatetime, ConfigDict, Field, ValidationError

from mirror.errors import MalformedValueError
from mirror.frozen import dataclass
from mirror.shapes import Shape

#: So many hours and runs are kept at most.
MOST_HOURS: Final = 14 * 24
MOST_RUNS: Final = 100

_Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour, by its beginning: bytes held at its end, and what happened in it.

    ``failed`` are the answers of ``requests`` whose status was 500 or more, ``upstream_errors``
    how often an upstream did not answer as it should.
    """

    at: AwareDatetime
    held_bytes: _Count = 0
    requests: _Count = 0
    failed: _Count = 0
    upstream_errors: _Count = 0


@dataclass(frozen=True, slots=True)
class PastRun:
    """A sync run that ended: when it began, how long it took, and its outcome in one word."""

    started: AwareDatetime
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    outcome: str
    troubles: _Count = 0


@dataclass(frozen=True, slots=True)
class NodeHistory:
    """All of it, the oldest first."""

    __pydantic_config__ = ConfigDict(defer_build=True)  # only who looks at the status reads one

    hours: tuple[Hour, ...] = ()
    runs: tuple[PastRun, ...] = ()
    type: str = "mpmirror.history"
    format: int = 1


_HISTORY: Final = Shape(NodeHistory)


def encode_history(history: NodeHistory) -> bytes:
    """Return *history* as JSON, with its newest hours and runs."""
    newest = NodeHistory(history.hours[-MOST_HOURS:], history.runs[-MOST_RUNS:])
    return _HISTORY.dump_json(newest) + b"\n"


def decode_history(data: bytes) -> NodeHistory:
    """Read what `encode_history` wrote; raise `MalformedValueError`."""
    try:
        return _HISTORY.validate_json(data)
    except ValidationError as error:
        raise MalformedValueError(f"no history: {error.error_count()} fields do not fit") from error
