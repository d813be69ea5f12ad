"""How much time a reader of foreign bytes is given."""

from __future__ import annotations

from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Grants:
    """Seconds of processor time for a page and for an image; by the clock *patience* times that."""

    page_seconds: float = 4
    image_seconds: float = 30
    patience: float = 20


USUAL = Grants()
