"""The pins of a data directory: shown, written to a file, and read from one.

They are files, so showing and exporting need no lock and go on beside a daemon.  A file of
pins has a pin in canonical JSON in each line.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Final

from mirror.cli.terminal import hand_over, say, say_json, say_table
from mirror.errors import MalformedValueError, TooLargeError
from mirror.storage.disk import Disk, reported
from mirror.storage.files import Files
from mirror.storage.pins import Pin, decode_pin, encode_pin
from mirror.storage.store import StoreReader
from mirror.sync.pinned import missing_pinned
from mirror.sync.publish import stamp

_MOST_IMPORTED: Final = 16 << 20


async def list_pins(data: Path, *, as_json: bool) -> None:
    """Show every pin, and which of its files are not held."""
    store = await StoreReader.open_for_reading(data)
    pins = await store.pins.all()
    missing = set(await missing_pinned(store))
    if as_json:
        lines = [json.loads(encode_pin(pin)) for pin in pins]
        say_json([line | {"missing": sorted(missing & set(line["names"]))} for line in lines])
        return
    if not pins:
        say("Nothing is pinned.")
        return
    heads = ("id", "since", "by", "what", "files", "why")
    say_table(heads, [_row(pin, missing) for pin in pins])


async def export_pins(data: Path, to: str) -> None:
    """Write every pin in a line of its own, durably; ``-`` is standard output."""
    store = await StoreReader.open_for_reading(data)
    lines = [encode_pin(pin) + b"\n" for pin in await store.pins.all()]
    if to == "-":
        # ASCII only: the escapes of JSON are the ones that fit a terminal of any encoding.
        hand_over(b"".join(json.dumps(json.loads(line)).encode() + b"\n" for line in lines))
        return
    await asyncio.to_thread(Files(Disk()).write, Path(to), b"".join(lines))
    say(f"{len(lines)} pins are written to {to}")


def read_pins(file: Path) -> list[Pin]:
    """Read a file of pins; raise `MalformedValueError` that names the first line that is none."""
    with reported("reading", file), file.open("rb") as pins:
        data = pins.read(_MOST_IMPORTED + 1)
    if len(data) > _MOST_IMPORTED:
        raise TooLargeError(f"{file} has more than {_MOST_IMPORTED} bytes")
    found: list[Pin] = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            found.append(decode_pin(line))
        except MalformedValueError as error:
            raise MalformedValueError(f"{file}, line {number}: {error}") from error
    return found


def _row(pin: Pin, missing: set[str]) -> tuple[str, ...]:
    absent = len(missing & set(pin.names))
    files = f"{len(pin.names)}, {absent} not held" if absent else f"{len(pin.names)}"
    what = f"{pin.wish}, later too" if pin.later else str(pin.wish)
    return pin.id, stamp(pin.time), pin.by, what, files, pin.why
