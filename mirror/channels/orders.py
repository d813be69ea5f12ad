"""What somebody asks of a channel, and what came of it: as values, and as JSON.

A command sends the same words to the daemon that holds the data as it obeys by itself.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import Field, Strict, ValidationError

from mirror.catalog.values import Digest
from mirror.errors import ConfigurationError, MalformedOrderError, MirrorError
from mirror.frozen import dataclass
from mirror.shapes import Shape

_LONGEST_WHY: Final = 1000
_LONGEST_BY: Final = 200
_CHANNEL: Final = r"[a-z0-9][a-z0-9-]{0,62}"
# A channel that is called like a number could not be told from a publication.
_SOURCE: Final = re.compile(
    rf"(?P<number>[1-9][0-9]{{0,17}})|(?=[0-9-]*[a-z])(?P<channel>{_CHANNEL})"
    r"(?:/(?P<sequence>[1-9][0-9]{0,17}))?"
)


@dataclass(frozen=True, slots=True)
class Source:
    """What a channel shall show: publication *sequence* of *channel*, None for its newest."""

    channel: str
    sequence: int | None

    @classmethod
    def parse(cls, text: str) -> Source:
        """Read ``42`` (of ``current``), ``lab-test`` or ``lab-test/3``.

        Raises `MalformedOrderError` for anything else.
        """
        found = _SOURCE.fullmatch(text)
        if found is None:
            raise MalformedOrderError(
                f"what to promote is a publication (42), a channel (lab-test) or an earlier"
                f" publication of one (lab-test/3), not {text[:80]!r}"
            )
        if found["number"]:
            return cls("current", int(found["number"]))
        return cls(found["channel"], int(found["sequence"]) if found["sequence"] else None)

    def __str__(self) -> str:
        """Return it as somebody types it."""
        if self.channel == "current" and self.sequence is not None:
            return str(self.sequence)
        return self.channel if self.sequence is None else f"{self.channel}/{self.sequence}"


def can_be_channel(text: str) -> bool:
    """Return whether a channel may be called *text*."""
    found = _SOURCE.fullmatch(text)
    return found is not None and found["channel"] == text


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Promote *source* on *channel*, and why.

    *by* is what somebody says who he is, and proves nothing; *login* is the account that typed
    it.  *token* or *signature* (a ``.minisig`` file over the root of digest *root*) prove who it
    is where that matters.  With *propose* only the root is made, for somebody to sign.
    """

    channel: Annotated[str, Field(pattern=rf"^{_CHANNEL}\z")]
    source: Annotated[str, Field(max_length=100)]
    why: str = ""
    by: str = ""
    login: Annotated[str, Field(max_length=100)] = ""
    token: Annotated[str, Field(max_length=200)] | None = None
    root: Digest | None = None
    signature: Annotated[str, Field(max_length=9000)] | None = None
    propose: Annotated[bool, Strict()] = False

    def refuse_nonsense(self) -> None:
        """Raise `MalformedOrderError` for what can not be meant."""
        Source.parse(self.source)
        if not can_be_channel(self.channel):
            raise MalformedOrderError(f"{self.channel} is a number, and no name for a channel")
        if not self.propose and not self.why.strip():
            raise MalformedOrderError("--why needs a reason: it goes to the ledger")
        if len(self.why) > _LONGEST_WHY or len(self.by) > _LONGEST_BY:
            raise MalformedOrderError(f"--why takes {_LONGEST_WHY} letters, and --by {_LONGEST_BY}")
        if self.channel == "current":
            raise ConfigurationError("the channel current moves by itself, with each publication")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """What came of an order: *channel* shows, or shall show, its publication *sequence*.

    *done* says that it does now.  *approved* are those who approved, of *needed*; *without* are
    names that were left out because their bytes are recalled.  *document* is the root, for
    whoever signs it.
    """

    channel: str
    sequence: int
    root: Digest
    source: str
    done: bool
    approved: tuple[str, ...]
    needed: int
    without: tuple[str, ...] = ()
    document: str = ""

    @property
    def text(self) -> str:
        """What to tell, in one sentence."""
        left_out = (
            f", without {len(self.without)} recalled: {', '.join(self.without[:3])}"
            if self.without
            else ""
        )
        if self.done:
            return f"{self.channel} shows {self.source} now, as its {self.sequence}{left_out}"
        who = ", ".join(self.approved) or "nobody yet"
        return (
            f"{self.channel} shall show {self.source}, as its {self.sequence}{left_out}: approved "
            f"by {who}, which is {len(self.approved)} of {self.needed}; nothing has moved"
        )


_ORDERS = Shape(Order)
_PROMOTED = Shape(Promoted)


def encode_order(order: Order) -> bytes:
    """Return *order* as JSON."""
    return _ORDERS.dump_json(order)


def decode_order(body: bytes) -> Order:
    """Read what `encode_order` wrote; raise `MalformedOrderError` for anything else."""
    try:
        return _ORDERS.validate_json(body)
    except (ValidationError, MirrorError) as error:
        raise MalformedOrderError("not an order for a channel") from error


def encode_promoted(promoted: Promoted) -> bytes:
    """Return *promoted* as JSON."""
    return _PROMOTED.dump_json(promoted) + b"\n"


def decode_promoted(body: bytes) -> Promoted:
    """Read what `encode_promoted` wrote; raise `MirrorError` for anything else."""
    try:
        return _PROMOTED.validate_json(body)
    except ValidationError as error:
        raise MirrorError(
            f"what the daemon says of the channel can not be read: {error}"
        ) from error
