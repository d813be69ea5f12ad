"""Updates over the air, as glenn20/micropython-esp32-ota reads them (``ota.update.from_json``).

It wants exactly ``firmware``, ``sha`` and ``length``.  A ``firmware`` that is no URL is put
behind the folder of the JSON document, letter by letter: a path that begins with ``/`` is a
file on the board, and ``..`` would be asked for as it stands.  So it is a bare name, and the
files can be had in the same folder.  It checks ``sha``: the one client that verifies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind, Maturity
from mirror.publication.dialects.offers import (
    as_json,
    build_name,
    has_paths,
    in_path,
    newest,
    offers,
)
from mirror.publication.local.dialect import JSON, Dialect, Documents, Rendered, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.publication.documents import BoardDocument

FOLDER: Final = "/ota/"


def update_path(board: str, variant: str | None, maturity: Maturity = Maturity.RELEASE) -> str:
    """Return where the update of a build is, if it has one."""
    ending = "" if maturity is Maturity.RELEASE else ".preview"
    return f"{FOLDER}{in_path(build_name(board, variant))}{ending}.json"


def _per_board(board: BoardDocument, _site: Site) -> Documents:
    return dict(_updates(board)) if has_paths(board) else {}


def _updates(board: BoardDocument) -> Iterator[tuple[str, Rendered]]:
    for variant, some in offers(board, Kind.APP_BIN).items():
        for maturity in Maturity:
            offer = newest(some, maturity)
            if offer is not None:
                file = offer.file
                update = as_json(
                    {
                        "firmware": in_path(file.name),
                        "sha": file.hashes.sha256,
                        "length": file.size,
                    }
                )
                yield update_path(board.board, variant, maturity), Rendered(update, JSON)


OTA: Final = Dialect(name="ota", per_board=_per_board)
