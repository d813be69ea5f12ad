"""The pins of a data folder: one file for each, durable before anybody is told of it.

``pins/<id>.json`` is canonical JSON (RFC 8785).  The files are the truth: a backup of the data
has them, and the database knows nothing of them.  A pin that can not be read is damage and
is said so, never left out: whoever removes bytes must know all pins.
"""

from __future__ import annotations

import re
from asyncio import Lock
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.catalog.pins import Pin
from mirror.errors import DamagedError, MalformedValueError, NotFoundError, RefusedError
from mirror.publication.canonical import canonical
from mirror.shapes import Shape
from mirror.storage.disk import reported
from mirror.storage.threads import to_end

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.storage.files import Files

__all__ = ["Pin", "PinReader", "Pins", "decode_pin", "encode_pin"]

_PIN = Shape(Pin)
_FILE = re.compile(r"([0-9a-f]{12})\.json")
_ID = re.compile(r"[0-9a-f]{12}")
#: More than any pin has: a name and its digest take some 200 bytes.
MOST_PIN_BYTES: Final = 1 << 20


def encode_pin(pin: Pin) -> bytes:
    """Return *pin* as canonical JSON, in one line without its end."""
    return canonical(_PIN.dump_python(pin, mode="json"))


def decode_pin(data: bytes) -> Pin:
    """Read what `encode_pin` wrote, here or elsewhere; raise `MalformedValueError`."""
    if len(data) > MOST_PIN_BYTES:
        raise MalformedValueError(f"a pin has at most {MOST_PIN_BYTES} bytes, not {len(data)}")
    try:
        return _PIN.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))[:100]
        where = f"{place}: " if place else ""
        raise MalformedValueError(f"not a pin: {where}{first['msg'][:200]}") from error
    except RefusedError as error:
        raise MalformedValueError(f"not a pin: {error}") from error


class PinReader:
    """Reads the pins in *folder*; safe beside a writer.

    A folder that does not exist has none: it is made when the data are next opened to write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def all(self) -> tuple[Pin, ...]:
        """Return all pins, oldest first; raise `DamagedError` when one can not be read."""
        return await to_end(self._all)

    async def find(self, pin_id: str) -> Pin | None:
        """Return the pin with this id, if there is one."""
        return await to_end(self._find, pin_id)

    def _all(self) -> tuple[Pin, ...]:
        with reported("reading the folder", self._folder):
            try:
                names = [path.name for path in self._folder.iterdir()]
            except FileNotFoundError:
                return ()
        ids = [found[1] for name in names if (found := _FILE.fullmatch(name))]
        pins = [pin for pin_id in ids if (pin := self._find(pin_id)) is not None]
        return tuple(sorted(pins, key=lambda pin: (pin.time, pin.id)))

    def _find(self, pin_id: str) -> Pin | None:
        path = self._path(pin_id)
        with reported("reading", path):
            try:
                with path.open("rb") as file:
                    data = file.read(MOST_PIN_BYTES + 1)
            except FileNotFoundError:
                return None
        try:
            pin = decode_pin(data)
        except MalformedValueError as error:
            raise DamagedError(f"the pin {path} can not be read: {error}") from error
        if pin.id != pin_id:
            raise DamagedError(f"{path} holds the pin {pin.id}")
        return pin

    def _path(self, pin_id: str) -> Path:
        if _ID.fullmatch(pin_id) is None:
            raise MalformedValueError(f"a pin's id has 12 hex digits, unlike {pin_id[:80]!r}")
        return self._folder / f"{pin_id}.json"


class Pins(PinReader):
    """The one writer's pins."""

    def __init__(self, folder: Path, files: Files) -> None:
        super().__init__(folder)
        self._files = files
        self._lock = Lock()

    async def put(self, pin: Pin) -> None:
        """Keep *pin*, durably, in place of what it was before."""
        async with self._lock:
            await to_end(self._files.write, self._path(pin.id), encode_pin(pin))

    async def remove(self, pin_id: str) -> None:
        """Forget a pin, durably, readable or not; raise `NotFoundError` when there is none."""
        async with self._lock:
            await to_end(self._remove, pin_id)

    def _remove(self, pin_id: str) -> None:
        path = self._path(pin_id)
        with reported("looking at", path):
            known = path.is_file()
        if not known:
            raise NotFoundError(f"there is no pin {pin_id}: mpmirror pin --list")
        self._files.remove(path)
        self._files.sync_folders([self._folder])
