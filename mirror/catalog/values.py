"""Identifiers that are written as text, and are never anything else.

Each class is checked when made, reads what it writes (``parse(str(x)) == x``), and
stands in JSON as its text.  What does not fit is refused with a `RefusedError`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pydantic_core import core_schema

from mirror.errors import MalformedValueError, RefusedError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

_HEX = re.compile(r"[0-9a-f]{64}")
_PREFIX = "sha256:"


class TextValue:
    """A value whose only form outside the process is its text.

    Subclasses give ``parse`` and ``__str__``; documents read and write them through
    pydantic, which asks this class how.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read *text*; raise a `RefusedError` when it does not fit."""
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Tell pydantic to read a string with ``parse`` and to write it with ``str``."""
        return core_schema.no_info_plain_validator_function(
            cls._from_document, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, str]:
        """Describe the text to readers of our documents."""
        return {"type": "string"}

    @classmethod
    def _from_document(cls, value: Any) -> Self:  # noqa: ANN401 - pydantic hands over anything
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise ValueError(f"expected text, not {type(value).__name__}")  # noqa: TRY004 - pydantic's protocol
        try:
            return cls.parse(value)
        except RefusedError as error:
            raise ValueError(str(error)) from error


@dataclass(frozen=True, slots=True, order=True)
class Digest(TextValue):
    """The SHA-256 of some bytes, written ``sha256:`` and 64 hex digits."""

    hex: str

    def __post_init__(self) -> None:
        """Refuse what could not be the name of a blob, and so never becomes a path."""
        if _HEX.fullmatch(self.hex) is None:
            raise MalformedValueError(f"not a SHA-256 in lower-case hex: {self.hex[:80]!r}")

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """Return the digest of *data*."""
        return cls(hashlib.sha256(data).hexdigest())

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read ``sha256:<64 hex>``; raise `MalformedValueError` for anything else."""
        if not text.startswith(_PREFIX):
            raise MalformedValueError(f"a digest begins with {_PREFIX!r}, not {text[:80]!r}")
        return cls(text.removeprefix(_PREFIX))

    def __str__(self) -> str:
        return _PREFIX + self.hex
