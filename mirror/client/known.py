"""Which mirrors this user knows, how far each was seen, and whose signatures are theirs.

The rules are here, without disk and network: a mirror never goes back (P7), one publication is
never two, who signed once signs always, and an address that shows another lineage than before
began anew, which somebody has to say is meant.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

from pydantic import Field

from mirror.catalog.values import Digest
from mirror.errors import NewLineageError, WentBackError
from mirror.frozen import dataclass
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPE: Final = "mpmirror.known-mirrors"
_MOST: Final = 10_000
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Seen:
    """The furthest publication that was seen on a channel: its sequence and its root."""

    sequence: Annotated[int, Field(ge=1)]
    root: Digest


@dataclass(frozen=True, slots=True)
class KnownLineage:
    """One lineage: the public *key* that was pinned (a line as minisign's), and how far it is.

    ``recovery`` is the key that says which one follows: the first that was seen, for ever.
    """

    key: str | None = None
    channels: dict[str, Seen] = field(default_factory=dict)
    recovery: str | None = None


@dataclass(frozen=True, slots=True)
class KnownMirrors:
    """Lineages by their id, and which one each address had last."""

    addresses: Annotated[dict[str, str], Field(max_length=_MOST)] = field(default_factory=dict)
    lineages: Annotated[dict[str, KnownLineage], Field(max_length=_MOST)] = field(
        default_factory=dict
    )
    type: str = _TYPE
    format: int = 1

    def lineage(self, lineage: str) -> KnownLineage:
        """Return what is known of *lineage*, which may be nothing."""
        return self.lineages.get(lineage, KnownLineage())

    def key_of(self, address: str) -> str | None:
        """Return the key that was pinned for whatever was at *address* last."""
        lineage = self.addresses.get(address)
        return None if lineage is None else self.lineage(lineage).key


KNOWN_MIRRORS: Final = Shape(KnownMirrors)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a mirror showed just now: the root of a channel, where, and of which lineage."""

    address: str
    lineage: str
    channel: str
    seen: Seen


def refuse_going_back(known: KnownMirrors, shown: Shown) -> None:
    """Raise `WentBackError` when *shown* is before what was seen, or another one of its number."""
    before = known.lineage(shown.lineage).channels.get(shown.channel)
    if before is None:
        return
    now = shown.seen
    if now.sequence < before.sequence:
        raise WentBackError(
            f"{shown.address}: publication {now.sequence} of {shown.channel}, after "
            f"{before.sequence} of the same lineage {shown.lineage}: publications never go back"
        )
    if now.sequence == before.sequence and now.root != before.root:
        raise WentBackError(
            f"{shown.address}: publication {now.sequence} is {now.root}, and was {before.root}: "
            "one publication can not be two"
        )


def refuse_another_lineage(known: KnownMirrors, shown: Shown) -> None:
    """Raise `NewLineageError` when another lineage was at the address of *shown*."""
    before = known.addresses.get(shown.address)
    if before is not None and before != shown.lineage:
        raise NewLineageError(
            f"{shown.address} had the lineage {before} and shows {shown.lineage} now: another "
            "mirror, or one that began anew.  If that is meant, say --new-lineage once"
        )


def remembering(
    known: KnownMirrors, shown: Shown, key: str | None, recovery: str | None = None
) -> KnownMirrors:
    """Return *known* with *shown* in it, and *key* pinned to its lineage unless it is None.

    So is *recovery*, unless one is known.
    """
    before = known.lineage(shown.lineage)
    now = KnownLineage(
        key=key or before.key,
        channels={**before.channels, shown.channel: shown.seen},
        recovery=before.recovery or recovery,
    )
    return replace(
        known,
        addresses=_newest(known.addresses, shown.address, shown.lineage),
        lineages=_newest(known.lineages, shown.lineage, now),
    )


def _newest(entries: Mapping[str, _Value], key: str, value: _Value) -> dict[str, _Value]:
    return {**{name: one for name, one in entries.items() if name != key}, key: value}
