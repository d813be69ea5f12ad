"""`mpmirror config explain BOARD`: which rule keeps or leaves each artifact of a board.

The rules are those of the settings as this command reads them; what is listed is what the
last crawl saw, and what is held is what the store says.  Upstream is not asked.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from mirror.catalog.plan import rule_on
from mirror.cli.holder import store_or_holder
from mirror.cli.terminal import say, say_json, say_table
from mirror.control import ask
from mirror.daemon.parts import policy_of
from mirror.errors import BoardNotFoundError, ConfigurationError, IncompleteError
from mirror.sync.publish import stamp
from mirror.sync.remembered_board import RememberedBoard, remembered_board

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirror.catalog.plan import Policy, Ruling
    from mirror.config import Settings

#: By whether it is held, and whether it is wanted.
_STATES: Final = {
    (True, True): "held",
    (False, True): "missing",
    (True, False): "kept",
    (False, False): "left",
}
_MEANINGS: Final = {
    "held": "wanted and held",
    "refused": "wanted, but its bytes were refused: mpmirror status says why",
    "recalled": "nobody may have its bytes: recalled in /v1/feed.json says why",
    "missing": "wanted and not held: the next sync fetches it",
    "kept": "held and no longer wanted: nothing is pruned yet",
    "left": "not wanted and not held",
}
_UNLISTED: Final = "upstream no longer lists it"


@dataclass(frozen=True, slots=True)
class _Explained:
    """One artifact: its state, and the rule that makes it so; no rule for what is unlisted."""

    name: str
    state: str
    reason: str
    words: str
    rule: str | None = None
    value: str | None = None


def explain(settings: Settings, board: str, *, as_json: bool) -> None:
    """Say for each artifact of *board* which rule keeps or leaves it.

    Raises `ConfigurationError` for what can be no id, `IncompleteError` while upstream's
    pages were never read, `BoardNotFoundError` for a board that is neither listed nor held,
    `LockedError` when the daemon that holds the data does not answer.
    """
    if not (board.isascii() and board.isprintable()):
        raise ConfigurationError(f"expected a board's id such as RPI_PICO_W, not {board[:80]!r}")
    found = asyncio.run(_remembered(settings, board))
    _refuse_unknown(found, board)
    explained = list(_explained(found, policy_of(settings)))
    if as_json:
        say_json(_document(found, board, explained))
    else:
        _tell(found, board, explained)


async def _remembered(settings: Settings, board: str) -> RememberedBoard:
    async with store_or_holder(settings) as store:
        if store is not None:
            return await remembered_board(store.index, settings.upstream.url, board)
    path = f"/v1/remembered.json?board={quote(board, safe='')}"
    return RememberedBoard.from_json((await ask(settings.admin_listen.path, "GET", path)).body)


def _refuse_unknown(found: RememberedBoard, board: str) -> None:
    if not found.crawled:
        raise IncompleteError(f"the pages of {found.upstream} were never read: mpmirror sync does")
    if found.board is None and not found.held:
        advice = f": did you mean {' or '.join(found.nearest)}?" if found.nearest else ""
        raise BoardNotFoundError(f"{found.upstream} lists no board {board[:80]!r}{advice}")


def _explained(found: RememberedBoard, policy: Policy) -> Iterator[_Explained]:
    held = frozenset(found.held)
    refused = frozenset(found.refused)
    rulings = rule_on(found.board, held, policy) if found.board else ()
    for ruling in rulings:
        name = str(ruling.listing.name)
        state = _STATES[name in held, ruling.wanted]
        if name in found.recalled:
            state = "recalled"
        elif state == "missing" and name in refused:
            state = "refused"
        yield _ruled(ruling, state)
    listed = {str(ruling.listing.name) for ruling in rulings}
    for name in found.held:
        if name not in listed:
            yield _Explained(name, "kept", "unlisted", _UNLISTED)


def _ruled(ruling: Ruling, state: str) -> _Explained:
    reason, rule = ruling.reason, ruling.rule
    return _Explained(
        str(ruling.listing.name), state, reason.value, reason.words, rule.key, rule.value
    )


def _document(
    found: RememberedBoard, board: str, explained: Sequence[_Explained]
) -> dict[str, object]:
    return {
        "board": board,
        "upstream": found.upstream,
        "read_at": stamp(found.read_at) if found.read_at else None,
        "stale": found.board.stale if found.board else None,
        "artifacts": [
            {
                "name": one.name,
                "state": one.state,
                "reason": one.reason,
                "rule": one.rule,
                "value": one.value,
                "words": one.words,
            }
            for one in explained
        ],
    }


def _tell(found: RememberedBoard, board: str, explained: Sequence[_Explained]) -> None:
    say(_heading(found, board))
    rows = [
        (one.name, one.state, f"{one.rule} = {one.value}" if one.rule else "-", one.words)
        for one in explained
    ]
    if rows:
        say_table(("artifact", "state", "rule", "why"), rows)
    counts = Counter(one.state for one in explained)
    for state, meaning in _MEANINGS.items():
        if counts[state]:
            say(f"{state} {counts[state]}: {meaning}")


def _heading(found: RememberedBoard, board: str) -> str:
    if found.board is None:
        return f"{board}: {found.upstream} no longer shows this board"
    facts = found.board.facts
    told = ", ".join(fact for fact in (facts.port, facts.mcu, facts.vendor) if fact)
    page = f"its page as read at {stamp(found.read_at)}" if found.read_at else found.board.stale
    return f"{board} ({told or 'no facts'}): {page}"
