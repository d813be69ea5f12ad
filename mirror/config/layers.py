"""The places where a setting can be said, each read into ``key → Given``.

A layer is read whole before any value is judged, so that one look shows every problem.
A key that nobody knows is a problem, and names the nearest that is known.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mirror.config.known import KNOWN, PREFIX, SECTIONS, nearest
from mirror.errors import ConfigurationError
from mirror.frozen import dataclass

#: Names the file itself, so it can not stand in the file.
FILE_VARIABLE = PREFIX + "CONFIG"
DEFAULT = "default"

_PATHS = {"data_dir", "keys_dir", "tls.certificate", "tls.key", "transfer.inbox"}
_SOCKET = "admin_listen"
_UNIX = "unix:"
_MAX_FILE = 1_000_000


@dataclass(frozen=True, slots=True)
class Given:
    """A value that somebody gave, and where: a file, a variable, a flag, ``default``."""

    value: object
    source: str


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place says, by key, and what is wrong with it, a line each."""

    given: Mapping[str, Given]
    problems: tuple[str, ...] = ()


def flag_layer(flags: Mapping[str, Given], folder: Path) -> Layer:
    """Take what the command line set, by key; relative paths begin at *folder*."""
    return Layer({key: _placed(key, given, folder) for key, given in flags.items()})


def environment_layer(environ: Mapping[str, str], folder: Path) -> Layer:
    """Read every variable that begins with ``MPMIRROR_``; relative paths begin at *folder*."""
    key_of = {known.variable: key for key, known in KNOWN.items()}
    ours = sorted(name for name in environ if name.startswith(PREFIX) and name != FILE_VARIABLE)
    given = {
        key_of[name]: _placed(key_of[name], Given(environ[name], name), folder)
        for name in ours
        if name in key_of
    }
    return Layer(given, tuple(_unknown_variable(name) for name in ours if name not in key_of))


def file_layer(path: Path) -> Layer:
    """Read the TOML file *path*; relative paths in it begin at the file's own folder.

    Raises `ConfigurationError` when it can not be read or is not TOML.
    """
    found = dict(_flatten(_read(path)))
    folder = path.absolute().parent
    given = {
        key: _placed(key, Given(value, f"{path}: {key}"), folder)
        for key, value in found.items()
        if key in KNOWN
    }
    return Layer(given, tuple(_unknown_key(path, key) for key in found if key not in KNOWN))


def default_layer(environ: Mapping[str, str], folder: Path, data_dir: Given | None) -> Layer:
    """Say where things are when nobody does: beside each other, or where systemd puts them.

    The data go to ``$STATE_DIRECTORY``, else to ``data`` in *folder*; the keys to the folder
    beside the data, ``…-keys``; the socket to ``$RUNTIME_DIRECTORY``, else into the data.
    """
    data = data_dir or _from_systemd(environ, "STATE_DIRECTORY", "{}") or Given("data", DEFAULT)
    data = _placed("data_dir", data, folder)
    # What is malformed is judged as data_dir, and must not be a problem three times.
    place = data.value if _is_absolute(data.value) else folder / "data"
    runtime = _from_systemd(environ, "RUNTIME_DIRECTORY", "unix:{}/admin.sock")
    return Layer(
        {
            "data_dir": data,
            "keys_dir": Given(f"{place}-keys", DEFAULT),
            _SOCKET: runtime or Given(f"unix:{place}/admin.sock", DEFAULT),
        }
    )


def _is_absolute(value: object) -> bool:
    return isinstance(value, str) and Path(value).is_absolute() and "\0" not in value


def _from_systemd(environ: Mapping[str, str], variable: str, template: str) -> Given | None:
    # A unit with several such folders gets them with colons between (systemd.exec(5)).
    place = environ.get(variable, "").split(":")[0]
    return Given(template.format(place), f"{DEFAULT}, from {variable}") if place else None


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.loads(file.read(_MAX_FILE).decode())
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path}: not TOML: {error}") from error


def _flatten(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, dict) and value and above + name not in KNOWN:
            yield from _flatten(value, f"{above}{name}.")
        elif value != {} or above + name not in SECTIONS:
            yield above + name, value


def _placed(key: str, given: Given, folder: Path) -> Given:
    """Let a relative path begin at *folder*; anything else stays as it is, to be judged."""
    value = given.value
    if isinstance(value, Path):
        value = str(value)
    if not isinstance(value, str) or not value or value.startswith("~"):
        return given
    if key in _PATHS:
        return Given(str(folder / value), given.source)
    if key == _SOCKET and value.startswith(_UNIX) and value != _UNIX:
        return Given(_UNIX + str(folder / value.removeprefix(_UNIX)), given.source)
    return given


def _unknown_key(path: Path, key: str) -> str:
    if key in SECTIONS:
        return f"{path}: {key!r} is a section: write [{key}], and its keys below"
    names = [f"[{near}]" if near in SECTIONS else near for near in nearest(key)]
    return f"{path}: unknown key {key[:80]!r}{_advice(names)}"


def _unknown_variable(name: str) -> str:
    near = nearest(name.removeprefix(PREFIX).lower().replace("__", "."))
    variables = [KNOWN[key].variable for key in near if key in KNOWN]
    return f"unknown variable {name[:80]}{_advice(variables)}"


def _advice(names: Sequence[str]) -> str:
    return f": did you mean {' or '.join(names)}?" if names else ": no setting has a name like it"
