"""What adopting and adding work with, for whoever holds the store: the daemon or a command."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mirror.catalog.model import BoardFacts
from mirror.daemon.parts import now, policy_of
from mirror.errors import BadQueryError
from mirror.first_setup import find_board
from mirror.sandbox import Sandbox
from mirror.shapes import Shape
from mirror.sync.adopting import Adopted, Adoption
from mirror.sync.handing_in import Hands
from mirror.sync.own_builds import Added, OwnBuildWish
from mirror.sync.turns import Turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from mirror.config import Settings
    from mirror.storage.store import Store

ADOPTED: Shape[Adopted | Adoption] = Shape(Adopted | Adoption)
"""The lines of an adoption, as the daemon writes them and a command reads them."""

ADDED: Shape[Added] = Shape(Added)
"""What the daemon answers when it added an own build."""

_WISH = Shape(OwnBuildWish)


@asynccontextmanager
async def hands_of(
    settings: Settings, store: Store, turns: Turns | None = None
) -> AsyncIterator[Hands]:
    """Give what operators' files are taken in with; no upstream is asked for it."""
    async with Sandbox(processes=1) as sandbox:
        yield Hands(
            store=store,
            sandbox=sandbox,
            clock=now,
            upstream=settings.upstream.url,
            policy=policy_of(settings),
            find_facts=_facts,
            turns=turns or Turns(),
        )


def named_path(text: str) -> Path:
    """Return what a request names; raise `BadQueryError` for no absolute path."""
    if not text.startswith("/") or "\0" in text:
        raise BadQueryError(f"expected an absolute path, not {text[:200]!r}")
    return Path(text)


def read_wish(request: Mapping[str, str]) -> tuple[Path, OwnBuildWish]:
    """Return the file and the wish that the fields of *request* describe.

    Raises `BadQueryError` when one is missing or the file is no absolute path.
    """
    said = dict(request)
    path = named_path(said.pop("file", ""))
    try:
        return path, _WISH.validate_python(said)
    except ValidationError as error:
        raise BadQueryError(f"a build is added with board, version and why: {error}") from error


def wish_fields(path: Path, wish: OwnBuildWish) -> dict[str, str]:
    """Return the fields that `read_wish` reads back."""
    said = {"file": str(path), **asdict(wish)}
    return {key: text for key, text in said.items() if text is not None}


def _facts(board: str) -> BoardFacts | None:
    """Return the port and MCU of a board that MicroPython is known to build for."""
    known = find_board(board)
    if known is None:
        return None
    return BoardFacts(board, page="", product=board, port=known.port, mcu=known.mcu)
