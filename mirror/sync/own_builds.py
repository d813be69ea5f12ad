"""Add a build of the operator's own, under a name that no file of upstream can have.

It is judged as far as its format goes: structure, checksums, chip and port as for upstream's.
Which version it says it is, and whether it says so at all, is the operator's business: a missing
banner only warns.  A name is given once: other bytes under it are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.catalog.kinds import Kind
from mirror.catalog.local_names import LocalName
from mirror.catalog.origins import LOCAL
from mirror.errors import ConfigurationError, UnrecognisedNameError
from mirror.formats.verdict import Claim
from mirror.frozen import dataclass
from mirror.storage.entries import Decision
from mirror.sync.bringing import remember
from mirror.sync.handing_in import Offered, take_in

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.sync.handing_in import Hands


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBuildWish:
    """What an operator says of a build: of which board and version it is, and why it is added.

    ``kind`` None is that of the file's ending, ``port`` None that of the board where it is
    known.
    """

    board: str
    version: str
    why: str
    variant: str | None = None
    kind: str | None = None
    port: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of it: its name, whether it is new, and the publication if that is new."""

    name: str
    new: bool
    sequence: int | None


async def add(hands: Hands, path: Path, wish: OwnBuildWish) -> Added:
    """Hold the build at *path* and publish it at once.

    Raises `ConfigurationError` for a wish that can be no name, a `RefusedError` for a file
    that is not taken, and `StorageError` when this node can not keep it.
    """
    name = _name(path, wish)
    if not wish.why.strip():
        raise ConfigurationError("say why it is added: --why")
    known = await remember(hands)
    facts = known.facts(wish.board)
    claim = Claim(
        kind=name.kind.value,
        port=wish.port or facts.port,
        mcu=facts.mcu,
        board=wish.board,
        variant=wish.variant,
        own=True,
    )
    offered = Offered(path=path, name=str(name), origin=LOCAL, board=wish.board, claim=claim)
    decision = Decision(hands.clock(), "add", str(name), wish.why, "operator")
    new = await take_in(hands, offered, [decision])
    return Added(str(name), new, await known.publish([wish.board], (), wish.port))


def _name(path: Path, wish: OwnBuildWish) -> LocalName:
    try:
        return LocalName.of(wish.board, wish.variant, wish.version, _kind(path, wish.kind))
    except UnrecognisedNameError as error:
        raise ConfigurationError(
            f"board {wish.board[:80]!r}, variant {wish.variant!r} and version "
            f"{wish.version[:80]!r} make no name: letters, digits and _ in ids, . and - in a "
            "version too"
        ) from error


def _kind(path: Path, said: str | None) -> Kind:
    kinds = sorted(Kind, key=len, reverse=True)
    if said is not None:
        found = next((kind for kind in kinds if kind.value == said), None)
    else:
        found = next((kind for kind in kinds if path.name.endswith(f".{kind}")), None)
    if found is None:
        words = " ".join(kind.value for kind in Kind)
        raise ConfigurationError(f"say of which kind it is, with --kind: {words}")
    return found
