"""What an operator orders about pins, and what came of it, as documents.

They go from the command line to whoever holds the store, which may be another process.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Strict, ValidationError

from mirror.catalog.kinds import Kind
from mirror.catalog.pins import Pin
from mirror.errors import MalformedValueError, RefusedError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.sync.outcome import Progress, Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class PinOrder:
    """Pin a build (``BOARD[-VARIANT]``) in a version, or the artifact of a name alone.

    No ``kinds`` are those of the policy.  ``later``: also what upstream does not list yet.
    """

    what: str
    version: str | None = None
    kinds: tuple[Kind, ...] = ()
    later: Annotated[bool, Strict()] = False
    why: str
    by: str
    do: Literal["pin"] = "pin"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder:
    """Pin what another mirror has pinned, with the digests that it had."""

    pin: Pin
    do: Literal["import"] = "import"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpinOrder:
    """Forget a pin."""

    id: str
    why: str
    by: str
    do: Literal["unpin"] = "unpin"


Order: TypeAlias = PinOrder | ImportOrder | UnpinOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class PinResult:
    """What came of an order: the pin as it is now, and what of it is not held and why.

    ``pin`` is None when nothing was pinned.  ``exit_status`` is 0 only when everything of the
    pin is held and verified.
    """

    pin: Pin | None
    message: str
    exit_status: int
    troubles: tuple[Trouble, ...] = ()


News: TypeAlias = Progress | PinResult

_ORDER: Shape[Order] = Shape(Annotated[Order, Discriminator("do")])
_NEWS: Shape[News] = Shape(News)
_RESULT = Shape(PinResult)


def describe_result(result: PinResult) -> object:
    """Return *result* as JSON has it, for a script."""
    return _RESULT.dump_python(result, mode="json")


def encode_order(order: Order) -> bytes:
    """Return *order* as JSON."""
    return _ORDER.dump_json(order)


def decode_order(document: bytes) -> Order:
    """Read what `encode_order` wrote; raise `MalformedValueError` for anything else."""
    try:
        return _ORDER.validate_json(document)
    except ValidationError as error:
        raise MalformedValueError(
            f"not an order about pins: {error.error_count()} faults"
        ) from error
    except RefusedError as error:
        raise MalformedValueError(f"not an order about pins: {error}") from error


def encode_news(news: News) -> bytes:
    """Return *news* as a line of JSON."""
    return _NEWS.dump_json(news) + b"\n"


def decode_news(line: bytes) -> News:
    """Read what `encode_news` wrote; raise `MalformedValueError` for anything else."""
    try:
        return _NEWS.validate_json(line)
    except ValidationError as error:
        said = line[:500].decode(errors="replace")
        raise MalformedValueError(f"the daemon says: {said}") from error
