"""Canonical JSON (RFC 8785): equal values are equal bytes, whoever writes them.

The encoder of the standard library, which is written in C, gives these bytes for almost all
values; where it might not, `rfc8785` does.  That one takes ten times as long, and every board
that changed is encoded twice.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Final

import rfc8785

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_PLAIN: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
)
# RFC 8785 3.2.3: keys are ordered by their UTF-16 units, which for these is not their order.
# Surrogates are no text at all.
_HIGH: Final = re.compile("[\ud800-\U0010ffff]")
# RFC 8785 3.2.2.3: a number that is no integer, or beyond 2^53, is written as ECMAScript does.
_NUMBER: Final = re.compile(r"-?(?:[0-9]+[.e]|[0-9]{16}|[NI])")
# Outside of a string a number follows one of these; inside, to be too careful costs only time.
# Looked for one by one: a pattern with a plain beginning is found several times as fast.
_NUMBERS: Final = tuple(re.compile(before + _NUMBER.pattern) for before in ('":', ",", r"\["))

# Each call makes an encoder of its own first.
_TOGETHER: Final = 16


def canonical(value: object) -> bytes:
    """Return *value*, of which every key is text, as canonical JSON.

    Raises `ValueError` for what has no such form: numbers that are none or beyond 2^53, and
    text that is not Unicode; `TypeError` for what is no JSON.
    """
    text = _PLAIN.encode(value)
    numbers = _NUMBER.match(text) or any(number.search(text) for number in _NUMBERS)
    if numbers or not (text.isascii() or _HIGH.search(text) is None):
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # the same value, as JSON's own types
    return text.encode()


def canonical_object(fields: Mapping[str, object], lists: Mapping[str, Iterable[object]]) -> bytes:
    """Return the object that has *fields* and *lists* as canonical JSON; keys are plain ASCII.

    Each of *lists* is gone through once, and a few entries later none is needed any more.
    Raises as `canonical`.
    """
    return b"".join(_pieces(fields, lists))


def _pieces(fields: Mapping[str, object], lists: Mapping[str, Iterable[object]]) -> Iterator[bytes]:
    separator = b"{"
    for name in sorted([*fields, *lists]):
        yield separator + canonical(name) + b":"
        if name in lists:
            yield from _list(lists[name])
        else:
            yield canonical(fields[name])
        separator = b","
    yield b"{}" if separator == b"{" else b"}"


def _list(entries: Iterable[object]) -> Iterator[bytes]:
    left = iter(entries)
    separator = b"["
    while some := list(islice(left, _TOGETHER)):
        yield separator + canonical(some)[1:-1]
        separator = b","
    yield b"[]" if separator == b"[" else b"]"
