"""Tell who keeps the log of deliveries when the last byte of a file is with its client.

On which terms that is written down, a worker is told on its command line.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from mirror.storage.deliveries import DeliveryTerms

if TYPE_CHECKING:
    import argparse

    from aiohttp import web

    from mirror.catalog.values import Digest
    from mirror.web.answer import Answer

#: Where a client may say which bench or machine it is.
STATION: Final = "X-Station"
_STATION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class DeliverySink(Protocol):
    """Takes note of deliveries."""

    def note(
        self, digest: Digest, sequence: int | None, address: str | None, station: str | None
    ) -> None:
        """Take note that all of *digest* is with a client; returns at once."""


def told_when_sent(
    request: web.Request, answer: Answer, digest: Digest, sequence: int | None, sink: DeliverySink
) -> Answer:
    """Return *answer*, which tells *sink* when its last byte, that of the file, was sent."""
    said = request.headers.get(STATION, "")
    station = said if _STATION.fullmatch(said) else None
    answer.when_all_is_sent(lambda: sink.note(digest, sequence, request.remote, station))
    return answer


def spell_terms(terms: DeliveryTerms | None) -> list[str]:
    """Return the words of a command line that `read_terms` reads."""
    if terms is None:
        return []
    keep = f"--keep-deliveries={terms.keep.total_seconds()}"
    return [f"--deliveries={terms.folder}", keep, f"--addresses={terms.addresses}"]


def add_terms(parser: argparse.ArgumentParser) -> None:
    """Have *parser* know these words."""
    parser.add_argument("--deliveries", type=Path)
    parser.add_argument("--keep-deliveries", type=float, default=0.0)
    parser.add_argument("--addresses", choices=("full", "prefix", "none"), default="prefix")


def read_terms(given: argparse.Namespace) -> DeliveryTerms | None:
    """Return what they said, None when nothing is written down."""
    if given.deliveries is None:
        return None
    keep = timedelta(seconds=given.keep_deliveries)
    return DeliveryTerms(folder=given.deliveries, keep=keep, addresses=given.addresses)
