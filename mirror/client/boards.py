"""The boards on the USB ports of this machine: which there are, and what each runs.

Asked through ``mpremote``, which interrupts what the board is doing.  What a board answers is
foreign text: a few lines of a fixed shape are read, and nothing else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirror.catalog.texts import one_line
from mirror.catalog.versions import VERSION_PATTERN
from mirror.client.tools import MPREMOTE
from mirror.errors import BoardError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.client.tools import Tools

_LIST_SECONDS: Final = 20.0
_ASK_SECONDS: Final = 20.0
_LONGEST: Final = 200
_MOST_PORTS: Final = 200
_NO_USB: Final = "0000:0000"
_USB: Final = re.compile(r"[0-9a-fA-F]{4}:[0-9a-fA-F]{4}")
_VERSION: Final = re.compile(rf"(?:^|\s)({VERSION_PATTERN})(?=\s|;|$)")
_MARK: Final = "mpmirror-"
# Each by itself, for old builds lack some; ``_build`` is there since v1.25.0.
_QUESTION: Final = """
import sys
def p(k, f):
    try:
        print('mpmirror-' + k + '=' + str(f()))
    except Exception:
        pass
p('name', lambda: sys.implementation.name)
p('version', lambda: sys.version)
p('build', lambda: sys.implementation._build)
p('machine', lambda: sys.implementation._machine)
def u():
    import os
    return os.uname()
p('release', lambda: u().version)
p('uname', lambda: u().machine)
p('platform', lambda: sys.platform)
"""


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port on USB: *device* is its path, *serial* what the board calls itself there."""

    device: str
    serial: str | None


@dataclass(frozen=True, slots=True)
class Running:
    """What a board says that it runs; None where it does not say.

    ``version`` is as upstream writes it, ``build`` is BOARD or BOARD-VARIANT, ``machine`` the
    text that images carry too.
    """

    version: str | None
    build: str | None
    machine: str | None


def ports(tools: Tools) -> tuple[Port, ...]:
    """Return the serial ports on USB; raise `BoardError` when they can not be listed."""
    listed = tools.ask(MPREMOTE, ["connect", "list"], _LIST_SECONDS)
    return tuple(_ports(listed))[:_MOST_PORTS]


def ask_board(tools: Tools, device: str) -> Running:
    """Return what the board at *device* runs; raise `BoardError` when it does not answer so."""
    words = ["connect", device, "resume", "exec", _QUESTION]
    said = _said(tools.ask(MPREMOTE, words, _ASK_SECONDS))
    if said.get("name", "micropython") != "micropython":
        raise BoardError(f"{device} runs {said['name']}, not MicroPython")
    found = [_version_in(said.get(key, "")) for key in ("version", "release")]
    running = Running(
        version=next(filter(None, found), None),
        build=said.get("build"),
        machine=said.get("machine") or said.get("uname"),
    )
    if running.version is None:
        raise BoardError(f"{device} does not say which version of MicroPython it runs")
    return running


def _ports(listed: str) -> Iterator[Port]:
    for line in listed.splitlines():
        # Device, serial number, vendor and product id, and what the board calls itself.
        words = line.split(maxsplit=3)
        if len(words) < 3 or _USB.fullmatch(words[2]) is None or words[2] == _NO_USB:  # noqa: PLR2004
            continue
        serial = None if words[1] == "None" else one_line(words[1], _LONGEST)
        yield Port(one_line(words[0], _LONGEST), serial)


def _said(text: str) -> dict[str, str]:
    said: dict[str, str] = {}
    for line in text.splitlines():
        key, sign, value = line.partition("=")
        if sign and key.startswith(_MARK):
            said.setdefault(key.removeprefix(_MARK), one_line(value, _LONGEST))
    return said


def _version_in(text: str) -> str | None:
    found = _VERSION.search(text)
    return found.group(1) if found else None
