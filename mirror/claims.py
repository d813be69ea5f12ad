"""What a file claims to be, by its name and by the pages that list it.

A claim is the measure of a verification: `mirror.formats` compares the bytes with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.formats.verdict import Claim

if TYPE_CHECKING:
    from mirror.catalog.model import BoardFacts
    from mirror.catalog.names import ArtifactName


def claim_of_name(name: ArtifactName, *, port: str | None = None, mcu: str | None = None) -> Claim:
    """Return what *name* alone claims, with *port* and *mcu* where somebody knows them."""
    build = name.present(port)
    return Claim(
        kind=name.kind.value,
        port=port,
        mcu=mcu,
        board=build.board,
        variant=build.variant,
        version=str(name.version),
        base=name.version.base_text,
        date=name.date,
    )


def claim_of_listing(name: ArtifactName, facts: BoardFacts) -> Claim:
    """Return what *name* claims where it is listed on the page of the board of *facts*."""
    return Claim(
        kind=name.kind.value,
        port=facts.port,
        mcu=facts.mcu,
        board=facts.board,
        variant=name.present(facts.port).variant,
        version=str(name.version),
        base=name.version.base_text,
        date=name.date,
        product=facts.product,
        flash_offset=facts.flash_offset,
    )
