"""The tokens of operators who come over TCP: a name, what each may do, and a hash.

They lie in ``tokens.json`` of the keys folder, for its owner alone (0600).  A token is 256 random
bits and shown once; only its SHA-256 is kept, which nobody can guess back from that many bits.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, ValidationError

from mirror.errors import ConfigurationError, DamagedError, KeyRefusedError
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.disk import reported

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from mirror.storage.files import Files

TOKENS_FILE: Final = "tokens.json"
_PREFIX: Final = "mpmirror_"
_BYTES: Final = 32
_FILE_BYTES: Final = 1 << 20
_OTHERS: Final = 0o077
_ONLY_OURS: Final = 0o600
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


class Scope(StrEnum):
    """What a token is good for."""

    READ = "read"
    SYNC = "sync"
    PIN = "pin"
    PROMOTE = "promote"


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token: its *name*, its scopes, when it was made, and its SHA-256."""

    name: str
    scopes: tuple[Scope, ...]
    made: datetime
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}\z")]


_TOKENS = Shape(tuple[Token, ...])


def find_tokens(folder: Path) -> tuple[Token, ...]:
    """Return the tokens of the keys *folder*, none without a file; this blocks.

    Raises `KeyRefusedError` for a file that others can read, `DamagedError` for one that is none.
    """
    path = folder / TOKENS_FILE
    with reported("reading", path):
        try:
            with path.open("rb") as file:
                mode, text = path.stat().st_mode, file.read(_FILE_BYTES)
        except FileNotFoundError:
            return ()
    if mode & _OTHERS:
        raise KeyRefusedError(f"{path} can be read by others: chmod 600 it")
    try:
        return _TOKENS.validate_json(text)
    except ValidationError as error:
        raise DamagedError(f"{path} can not be read: remove it, and make tokens anew") from error


def write_tokens(folder: Path, tokens: tuple[Token, ...], files: Files) -> None:
    """Make *tokens* those that count from now on, durably; this blocks."""
    files.write(folder / TOKENS_FILE, _TOKENS.dump_json(tokens) + b"\n", mode=_ONLY_OURS)


def make_token(name: str, scopes: Collection[Scope], made: datetime) -> tuple[Token, str]:
    """Return a new token as it is kept, and as its owner types it: that is known only now.

    Raises `ConfigurationError` for a name that could not stand in a log.
    """
    if _NAME.fullmatch(name) is None:
        raise ConfigurationError(f"a token has a name such as anna or ci-1, not {name[:40]!r}")
    if not scopes:
        raise ConfigurationError(f"a token needs --scope, of {', '.join(Scope)}")
    text = _PREFIX + secrets.token_urlsafe(_BYTES)
    return Token(name, tuple(sorted(set(scopes))), made, _hashed(text)), text


def owner_of(text: str, tokens: Collection[Token]) -> Token | None:
    """Return the token that *text* is, in a time that tells nothing of any of *tokens*."""
    hashed = _hashed(text)
    found = None
    for token in tokens:
        if hmac.compare_digest(token.sha256, hashed):
            found = token
    return found


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
