"""What the page about the interface says: see `mirror.publication.pages.texts`."""

from __future__ import annotations

from typing import Final

LEAD: Final = "What this mirror answers to programs, path by path."
DESCRIPTION: Final = "The same as OpenAPI 3.1"
PUBLIC: Final = "For everybody"
OPERATORS: Final = "For operators"
OPERATORS_LEAD: Final = (
    "On a listener of their own: over TCP with a token, over the Unix socket without."
)
PARAMETERS: Final = "Parameters"
ANSWER: Final = "Answer"
BYTES: Final = "the bytes, of their own type"
SCOPE: Final = "Scope of the token"
STATUSES: Final = "Statuses"
EXAMPLE: Final = "Such as {example}."
