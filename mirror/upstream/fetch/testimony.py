"""What an answer leaves behind as evidence of who gave it, and of what was said with it.

All of it is small whatever upstream sends: at most `MOST_HEADERS` headers of together at most
`MOST_BYTES` bytes, each in printable ASCII.  Cookies and credentials are never among them, nor
what is recorded elsewhere (validators, type and length), concerns only one connection, or is
the same for every file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.catalog.values import Digest

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Sequence

MOST_HEADERS: Final = 8
MOST_BYTES: Final = 192

_LONGEST_VALUE: Final = 80
_LEFT_OUT: Final = frozenset(
    {
        *("set-cookie", "set-cookie2", "cookie", "authorization", "proxy-authorization"),
        *("www-authenticate", "proxy-authenticate", "authentication-info"),
        *("connection", "keep-alive", "transfer-encoding", "upgrade", "trailer"),
        *("accept-ranges", "strict-transport-security", "vary", "alt-svc"),
        *("etag", "last-modified", "content-type", "content-length", "content-range"),
    }
)


def address_of(name: Sequence[object] | None) -> str | None:
    """Return the address and TCP port of a socket's *name*: ``192.0.2.1:443``, ``[::1]:443``."""
    if not name or isinstance(name, str):
        return None
    host, listen = str(name[0]), name[1]
    return f"[{host}]:{listen}" if ":" in host else f"{host}:{listen}"


def certificate_of(tls: ssl.SSLObject | None) -> Digest | None:
    """Return the SHA-256 of the certificate (DER) that the other side showed; None without TLS."""
    certificate = tls.getpeercert(binary_form=True) if tls is not None else None
    return Digest.of(certificate) if certificate else None


def headers_worth_keeping(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return those of *headers* that are evidence, in the order they came, within the bounds."""
    kept: list[tuple[str, str]] = []
    left = MOST_BYTES
    for name, value in headers:
        if name.lower() in _LEFT_OUT or not _is_plain(name) or not _is_plain(value):
            continue
        pair = name, value.strip()[:_LONGEST_VALUE]
        left -= len(pair[0]) + len(pair[1])
        if left < 0 or len(kept) == MOST_HEADERS:
            break
        kept.append(pair)
    return tuple(kept)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()
