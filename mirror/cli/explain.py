"""`mpmirror config explain BOARD`: which rule keeps or leaves each artifact of a board.

The rules are those of the settings as this command reads them; what is listed is what the
last crawl saw, and what is held is what the store says.  Upstream is not asked.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from mirror.catalog.keeping import Keeping, keeps
from mirror.catalog.local_names import is_local
from mirror.catalog.names import ArtifactName
from mirror.catalog.plan import Reason, Rule, pin_rule, rule_on
from mirror.cli.holder import refuse_unbegun, store_or_holder
from mirror.cli.terminal import say, say_json, say_table
from mirror.control import ask
from mirror.daemon.parts import policy_of
from mirror.errors import BoardNotFoundError, ConfigurationError, IncompleteError
from mirror.frozen import dataclass
from mirror.sync.known_board import known_board
from mirror.sync.publish import stamp
from mirror.sync.remembered_board import RememberedBoard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirror.catalog.plan import Policy, Ruling
    from mirror.config import Settings

_MEANINGS: Final = {
    "held": "wanted and held",
    "refused": "wanted, but its bytes were refused: mpmirror status says why",
    "recalled": "nobody may have its bytes: recalled in /v1/feed.json says why",
    "awaiting": "wanted and fetched: it awaits a second look (policy.second_look)",
    "missing": "wanted and not held: the next sync fetches it",
    "kept": "held, no longer wanted, and kept",
    "let go": "held, neither wanted nor kept: on demand from the next run on",
    "cached": "fetched on demand: goes first where room is needed",
    "left": "not wanted and not held",
}
_UNLISTED: Final = "upstream no longer lists it"


@dataclass(frozen=True, slots=True)
class _Explained:
    """One artifact: its state, and the rule that makes it so."""

    name: str
    state: str
    reason: Reason
    words: str
    rule: Rule | None = None


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
    await refuse_unbegun(settings.data_dir)
    async with store_or_holder(settings) as store:
        if store is not None:
            return await known_board(store, settings.upstream.url, board)
    path = f"/v1/remembered.json?board={quote(board, safe='')}"
    return RememberedBoard.from_json((await ask(settings.admin_listen.path, "GET", path)).body)


def _refuse_unknown(found: RememberedBoard, board: str) -> None:
    if not found.crawled:
        raise IncompleteError(f"the pages of {found.upstream} were never read: mpmirror sync does")
    if found.board is None and not found.held:
        advice = f": did you mean {' or '.join(found.nearest)}?" if found.nearest else ""
        raise BoardNotFoundError(f"{found.upstream} lists no board {board[:80]!r}{advice}")


def _explained(found: RememberedBoard, policy: Policy) -> Iterator[_Explained]:
    rulings = rule_on(found.board, found.held, policy, found.pinned) if found.board else ()
    keepings = _keepings(found, policy, rulings)
    for ruling in rulings:
        name = str(ruling.listing.name)
        yield _held(keepings.pop(name)) if name in keepings else _not_held(found, ruling)
    for keeping in keepings.values():
        yield _held(keeping, _UNLISTED)
    listed = {str(ruling.listing.name) for ruling in rulings}
    for name, pin in found.pinned.items():
        if name not in listed and name not in found.held:
            words = f"{Reason.PINNED.words}; {_UNLISTED}"
            yield _Explained(name, "missing", Reason.PINNED, words, pin_rule(pin))
    for name in filter(is_local, found.held):
        yield _Explained(name, "kept", Reason.LOCAL, Reason.LOCAL.words)


def _keepings(
    found: RememberedBoard, policy: Policy, rulings: Sequence[Ruling]
) -> dict[str, Keeping]:
    """Judge what is held and was not only fetched on demand, by name."""
    wanted = {str(ruling.listing.name) for ruling in rulings if ruling.wanted}
    theirs = [name for name in found.held if not is_local(name)]
    held = [name for name in theirs if name in wanted or name not in found.on_demand]
    port = found.board.facts.port if found.board else None
    names = map(ArtifactName.parse, held)
    judged = keeps(names, policy, port=port, rulings=rulings, pinned=found.pinned)
    return {str(keeping.name): keeping for keeping in judged}


def _held(keeping: Keeping, besides: str = "") -> _Explained:
    reason = keeping.reason
    states = {Reason.KEPT: "kept", Reason.LET_GO: "let go"}
    words = f"{reason.words}; {besides}" if besides else reason.words
    return _Explained(str(keeping.name), states.get(reason, "held"), reason, words, keeping.rule)


def _not_held(found: RememberedBoard, ruling: Ruling) -> _Explained:
    name = str(ruling.listing.name)
    state = "cached" if name in found.held else "left"
    if name in found.recalled:
        state = "recalled"
    elif ruling.wanted and name in found.awaiting:
        state = "awaiting"
    elif ruling.wanted:
        state = "refused" if name in found.refused else "missing"
    return _Explained(name, state, ruling.reason, ruling.reason.words, ruling.rule)


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
                "reason": one.reason.value,
                "rule": one.rule.key if one.rule else None,
                "value": one.rule.value if one.rule else None,
                "words": one.words,
            }
            for one in explained
        ],
    }


def _tell(found: RememberedBoard, board: str, explained: Sequence[_Explained]) -> None:
    say(_heading(found, board))
    rows = [(one.name, one.state, str(one.rule or "-"), one.words) for one in explained]
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
