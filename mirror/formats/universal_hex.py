"""The micro:bit's universal hex: one file of records that holds an image for each model.

Blocks between a start and an end record are marked with the model they are for.  Data of
the second model have a record type of their own, so that tools for the first skip them.
"""

from __future__ import annotations

import re

from mirror.errors import MalformedImageError
from mirror.formats import ihex
from mirror.formats.identity import find_identity, merge
from mirror.formats.image import Image
from mirror.formats.verdict import Checksummed, ImageFacts

_START, _STOP, _PADDING, _CUSTOM, _OTHER = range(0x0A, 0x0F)
_BEGIN = re.compile(rb"(?::02000004[0-9A-F]{6}\r?\n)?:0400000A[0-9A-F]{10}\r?\n")
_WITHOUT_DATA = {_PADDING, _OTHER, ihex.END, ihex.ENTRY, ihex.SEGMENT_ENTRY}
_MARK = bytes.fromhex("c0de")
_FIRST, _SECOND = bytes.fromhex("9900"), bytes.fromhex("9903")
_DATA_TYPES = {_FIRST: ihex.DATA, _SECOND: _CUSTOM}


def is_universal_hex(data: bytes) -> bool:
    """Whether *data* begins with the start record of a block."""
    return _BEGIN.match(data) is not None


def read_universal_hex(data: bytes) -> Image:
    """Read both images; each keeps the rules of a plain file."""
    ihex.require_canonical(data)
    contents = [memory.content() for memory in _by_model(data).values()]
    if not all(contents):
        raise MalformedImageError("the file does not hold an image for each of two models")
    for content in contents:
        ihex.require_no_lost_record([region for region, _ in content])
    regions = tuple(region for content in contents for region, _ in content)
    return Image(
        facts=ImageFacts("universal-hex", "nRF", regions=regions),
        kinds=frozenset({"hex"}),
        checksummed=Checksummed.XOR,
        identity=merge(find_identity(run) for content in contents for _, run in content),
        ports=frozenset({"nrf"}),
        limits=(ihex.LIMIT,),
    )


def _by_model(data: bytes) -> dict[bytes, ihex.Memory]:
    memories = {model: ihex.Memory() for model in _DATA_TYPES}
    model = b""
    for record in ihex.records(data):
        kind = record[3]
        if kind in {_START, _STOP}:
            model = _model_of(record) if kind == _START else b""
        elif kind in {ihex.BASE, ihex.SEGMENT_BASE}:
            for memory in memories.values():
                memory.take(record)
        elif kind in {ihex.DATA, _CUSTOM}:
            _require_type(model, kind)
            memories[model].take(record)
        elif kind not in _WITHOUT_DATA:
            raise MalformedImageError(f"a record of unknown type {kind:#04x}")
    return memories


def _model_of(record: bytes) -> bytes:
    model = record[4:6]
    if record[6:-1] != _MARK or model not in _DATA_TYPES:
        raise MalformedImageError(f"a block for an unknown model, {record[4:-1].hex()}")
    return model


def _require_type(model: bytes, kind: int) -> None:
    if _DATA_TYPES.get(model) != kind:
        raise MalformedImageError(f"data of type {kind:#04x} in a block that is not for them")
