"""What is said of one operation of ``/v1``: as a value, before it is OpenAPI or a page."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, TypeAlias

from mirror.frozen import dataclass

#: A JSON Schema.
Schema: TypeAlias = "dict[str, object]"

JSON: Final = "application/json"
LINES: Final = "application/jsonl"
TEXT: Final = "text/plain; charset=utf-8"
OCTETS: Final = "application/octet-stream"

_IN_BRACES: Final = re.compile(r"\{([a-z]+)\}")
_USUAL: Final = (200, 206, 304, 404, 412, 416, 503)


class Tag(StrEnum):
    """The parts of the interface."""

    CATALOGUE = "catalogue"
    FILES = "files"
    PUBLICATIONS = "publications"
    NODE = "node"
    OPERATORS = "operators"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path: what it does, what it is asked, what it answers.

    ``media_type`` and ``schema`` (the name of one) are those of its 200, None where they are
    those of whatever is there.  ``query`` names parameters (`mirror.publication.interface.words`).
    ``statuses`` are those it can have, but for what every request can be refused with.
    ``scope`` is what a token has to be good for, ``takes`` what is sent along.
    """

    path: str
    name: str
    summary: str
    tag: Tag
    media_type: str | None = JSON
    schema: str | None = None
    query: tuple[str, ...] = ()
    statuses: tuple[int, ...] = _USUAL
    method: str = "get"
    scope: str | None = None
    takes: str | None = None

    @property
    def in_path(self) -> tuple[str, ...]:
        """The parameters that stand in the path."""
        return tuple(_IN_BRACES.findall(self.path))

    @property
    def conditional(self) -> bool:
        """Whether it reads bytes with an ETag, whole or in part."""
        return 304 in self.statuses  # noqa: PLR2004 - a status is best known by its number

    def having(self, *statuses: int) -> tuple[int, ...]:
        """Return its statuses and *statuses*, in their order."""
        return tuple(sorted({*self.statuses, *statuses}))
