"""What a fetch takes and gives: the values and the one interface of this room."""

from __future__ import annotations

from typing import Protocol

from mirror.catalog.values import Digest
from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Validators:
    """What upstream gave to ask "has it changed?" with; both None when it gave nothing."""

    etag: str | None = None
    last_modified: str | None = None

    def headers(self) -> dict[str, str]:
        """Return the request headers that make a request conditional on these."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value is not None}


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """A page as it came: decoded *body* and its digest.

    ``url`` is the one asked for, ``final_url`` where it was found after redirects.
    """

    url: str
    final_url: str
    body: bytes
    digest: Digest
    validators: Validators = Validators()


@dataclass(frozen=True, slots=True)
class Download:
    """The facts of a whole body that a `Partial` now has: its length is *size* bytes.

    ``resumed_from`` is how many of them were there before the last request (0: all came
    with it).  ``peer`` is the address and TCP port that answered: the proxy's, where there is
    one.  ``certificate`` is the SHA-256 of the certificate that it showed (DER), None without
    TLS; ``headers`` are those that are evidence, few and short, never a cookie.
    """

    url: str
    final_url: str
    size: int
    etag: str | None
    last_modified: str | None
    content_type: str | None
    peer: str | None
    resumed_from: int = 0
    certificate: Digest | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Partial(Protocol):
    """A partial download that outlives the process; what it raises is never upstream's fault."""

    @property
    def size(self) -> int:
        """How many bytes are there."""

    @property
    def validator(self) -> str | None:
        """The strong ETag that they came with."""

    async def restart(self, validator: str | None) -> None:
        """Throw the bytes away, and remember *validator* for those to come."""

    async def write(self, chunk: bytes) -> None:
        """Append *chunk*."""
