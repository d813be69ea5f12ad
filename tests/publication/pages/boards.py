"""All boards of MicroPython as documents, with made-up files, for the tests of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.catalog.model import BoardFacts, Passage, PassageKind, VariantFacts
from mirror.catalog.values import Digest
from mirror.publication.photographs import (
    Photograph,
    PhotographsDocument,
    Picture,
)
from mirror.publication.tree import render_board
from tests.publication.examples import VERDICT, held
from tests.replica.facts import all_boards

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirror.formats.verdict import Verdict
    from mirror.publication.documents import BoardDocument
    from tests.replica.facts import BoardFact

BUILDS: Final = (
    "20260807-v1.29.0-preview.678.g5f2181f938",
    "20260406-v1.28.0",
    "20251209-v1.27.0",
    "20250911-v1.26.1",
)


def usual(_fact: BoardFact, _kind: str) -> Verdict:
    """Return the same verdict on every file."""
    return VERDICT


def every_board(verdict_of: Callable[[BoardFact, str], Verdict] = usual) -> list[BoardDocument]:
    """Return the 225 boards, in the order of their ids; *verdict_of* judges a kind of file."""
    boards = (_document(fact, verdict_of) for fact in all_boards())
    return sorted(boards, key=lambda board: board.board)


def every_photograph() -> PhotographsDocument:
    """Return a photograph for each board that names one."""
    picture = Picture(Digest.of(b"whole"), 800, 600), Picture(Digest.of(b"small"), 200, 150)
    photograph = Photograph(Digest.of(b"source"), "image/jpeg", *picture)
    return PhotographsDocument(
        {
            fact.board: {one.name: photograph for one in fact.photographs}
            for fact in all_boards()
            if fact.photographs
        }
    )


def _document(fact: BoardFact, verdict_of: Callable[[BoardFact, str], Verdict]) -> BoardDocument:
    kind = {"esp32": "bin", "esp8266": "bin", "stm32": "dfu", "rp2": "uf2"}.get(fact.port, "hex")
    stems = ["-".join(filter(None, (fact.board, section.variant))) for section in fact.sections]
    names = [f"{stem}-{build}.{kind}" for stem in stems for build in BUILDS]
    facts = BoardFacts(
        board=fact.board,
        page=f"https://micropython.org/download/{fact.board}/",
        product=fact.product,
        vendor=fact.vendor,
        port=fact.port,
        mcu=fact.mcu,
        features=fact.features,
        website=fact.website,
        photographs=tuple(one.name for one in fact.photographs),
        instructions=(Passage(PassageKind.CODE, "esptool write_flash 0x1000 theirs.bin"),),
        variants=tuple(VariantFacts(one.variant, one.label) for one in fact.sections),
    )
    verdict = verdict_of(fact, kind)
    return render_board(facts, [held(name, verdict) for name in names], {})
