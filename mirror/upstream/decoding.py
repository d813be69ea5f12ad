"""Undoing the compression of a page, never beyond a limit.

The limit holds while unpacking, not afterwards: a bomb costs no more than the limit.
"""

from __future__ import annotations

import zlib

from mirror.errors import RefusedError, TooLargeError, UpstreamUnavailableError

ACCEPTED = "gzip"
_GZIP = 16 + zlib.MAX_WBITS


def decode(body: bytes, coding: str, limit: int, url: str) -> bytes:
    """Return *body*, which came from *url*, without its content coding.

    Raises `TooLargeError` if that is more than *limit* bytes, `UpstreamUnavailableError`
    if the compressed data is cut short or broken, and `RefusedError` for a coding other
    than gzip, which nobody asked for.
    """
    if coding in {"", "identity"}:
        return _within(body, limit, url)
    if coding not in {"gzip", "x-gzip"}:
        raise RefusedError(f"{url}: the body is coded {coding[:40]!r}, which was not asked for")
    try:
        return _gunzip(body, limit, url)
    except zlib.error as error:
        raise UpstreamUnavailableError(f"{url}: the gzip data is broken ({error})") from error


def _gunzip(body: bytes, limit: int, url: str) -> bytes:
    unpacked = bytearray()
    rest = body
    while rest:  # RFC 1952, 2.2: a gzip file is a series of members
        member = zlib.decompressobj(_GZIP)
        unpacked += member.decompress(rest, limit + 1 - len(unpacked))
        _within(unpacked, limit, url)
        if not member.eof:
            raise UpstreamUnavailableError(f"{url}: the gzip data is cut short")
        rest = member.unused_data
    return bytes(unpacked)


def _within(data: bytes | bytearray, limit: int, url: str) -> bytes:
    if len(data) > limit:
        raise TooLargeError(f"{url}: unpacked it is more than {limit} bytes")
    return bytes(data)
