"""What an operator asks to be judged, and what came of it: as values, and as JSON.

A command sends the same words to the daemon that holds the data as it obeys by itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Annotated

from pydantic import AwareDatetime, Strict, ValidationError

from mirror.catalog.values import Digest
from mirror.errors import MalformedOrderError, MirrorError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.judgements import What

_LONGEST_WHY = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """A judgement: *what* about *subject* (a digest, a name, or an alarm's id), and why.

    ``by`` is the login name of who decides; ``digest`` are the bytes to accept; ``until`` is
    when an acknowledgement ends.  ``token`` proves who it is, where that matters.
    """

    what: What
    subject: str
    why: str
    by: str
    digest: Digest | None = None
    until: Annotated[AwareDatetime, Strict()] | None = None
    token: str | None = None

    def refuse_nonsense(self) -> None:
        """Raise `MalformedOrderError` unless there is a reason of a readable length."""
        if not self.why.strip():
            raise MalformedOrderError("--why needs a reason: it goes to the ledger")
        if len(self.why) > _LONGEST_WHY:
            raise MalformedOrderError(f"--why takes {_LONGEST_WHY} letters, not {len(self.why)}")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was decided, in one sentence; ``sequence`` is the publication that follows, if any.

    It is not *done* while others must approve.
    """

    text: str
    sequence: int | None = None
    done: bool = True


_REQUESTS = Shape(Request)
_RULINGS = Shape(Ruling)


def encode_request(request: Request) -> bytes:
    """Return *request* as JSON."""
    return _REQUESTS.dump_json(request)


def decode_request(body: bytes) -> Request:
    """Read what `encode_request` wrote; raise `MalformedOrderError` for anything else."""
    try:
        request = _REQUESTS.validate_json(body)
    except ValidationError as error:
        raise MalformedOrderError(f"not a judgement: {error.error_count()} fields") from error
    if request.until is None:
        return request
    try:
        return replace(request, until=request.until.astimezone(UTC))
    except OverflowError as error:
        raise MalformedOrderError("a judgement does not end at the end of time") from error


def encode_ruling(ruling: Ruling) -> bytes:
    """Return *ruling* as JSON."""
    return _RULINGS.dump_json(ruling) + b"\n"


def decode_ruling(body: bytes) -> Ruling:
    """Read what `encode_ruling` wrote; raise `MirrorError` for anything else."""
    try:
        return _RULINGS.validate_json(body)
    except ValidationError as error:
        raise MirrorError(f"the daemon's ruling can not be read: {error}") from error
