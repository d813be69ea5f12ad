"""A systemd unit for the mirror: written, never started; the operator is told what to run.

The daemon runs as a user of its own that can write to its data, its keys and its socket,
and to nothing else.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from mirror.config import Settings
from mirror.errors import ConfigurationError, StorageError
from mirror.first_setup.toml import replace_text
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


UNIT_DIR = Path("/etc/systemd/system")
UNIT = "mpmirror.service"
USERS_DIR = Path("/etc/sysusers.d")
USERS = "mpmirror.conf"
#: What the unit gives the daemon; the commands of an operator find the same places.
PLACES: Mapping[str, object] = {
    "data_dir": "/var/lib/mpmirror",
    "keys_dir": "/var/lib/mpmirror-keys",
    "admin_listen": "unix:/run/mpmirror/admin.sock",
}

_USERS_TEXT = 'u mpmirror - "mpmirror, a mirror of MicroPython firmware" /var/lib/mpmirror\n'
_STATE = Path("/var/lib")
_FIRST_FREE_NUMBER = 1024
# Anything else would need the quoting of systemd.syntax(7), and % is a specifier there.
_PLAIN = re.compile(r"/[A-Za-z0-9/._+@-]*")
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))


@dataclass(frozen=True, slots=True)
class Service:
    """What the unit starts, with which settings."""

    command: Sequence[Path | str]
    settings_file: Path
    settings: Settings

    def unit(self) -> str:
        """Return the text of the unit; raise `ConfigurationError` for a path it can not hold."""
        places = (self.settings.listen, *self.settings.tls.listen, *self.settings.tls.proxy_listen)
        low = any(0 < place.number < _FIRST_FREE_NUMBER for place in places)
        writable = " ".join(_plain(path) for path in self.outside)
        replacements = {
            "@COMMAND@": " ".join(str(part) for part in self.command),
            "@SETTINGS@": _plain(self.settings_file),
            "@CAPABILITIES@": "CAP_NET_BIND_SERVICE" if low else "",
            "@WRITABLE@": f"ReadWritePaths={writable}\n" if writable else "",
        }
        _plain(Path(self.command[0]))
        text = files("mirror.first_setup").joinpath(UNIT).read_text(encoding="ascii")
        for mark, replacement in replacements.items():
            text = text.replace(mark, replacement)
        return text

    @property
    def outside(self) -> tuple[Path, ...]:
        """The folders that systemd does not make: data or keys on a disk of the operator's."""
        ours = (self.settings.data_dir, self.settings.keys_dir)
        return tuple(path for path in ours if not path.is_relative_to(_STATE))

    @property
    def to_run(self) -> tuple[str, ...]:
        """What the operator runs as root to begin."""
        keys = self.settings.keys_dir
        folders = [
            f"install -d -o mpmirror -g mpmirror -m 0750 {path}"
            for path in self.outside
            if path != keys
        ]
        command = " ".join(str(part) for part in self.command)
        return (
            "systemd-sysusers",
            *folders,
            f"install -d -o mpmirror -g mpmirror -m 0700 {keys}",
            # As the daemon's user, who shall be able to read what lies there.
            f"runuser -u mpmirror -- {command} --config {self.settings_file} key recovery",
            "systemctl daemon-reload",
            "systemctl enable --now mpmirror",
        )

    @property
    def unreachable(self) -> Path | None:
        """The program, where the service's own user can not come to it; None when it can."""
        program = Path(self.command[0])
        interpreter = program.with_name("python")
        paths = [program, interpreter, interpreter.resolve()]
        return next((path for path in paths if path.exists() and _is_closed(path)), None)


def install(service: Service, unit_dir: Path | None) -> list[Path]:
    """Write the unit and the user it runs as; return what was written.

    Into the folders of systemd, or both into *unit_dir*.  Raises `ConfigurationError` for
    paths that a unit can not hold, `StorageError` when writing fails.
    """
    written = [
        ((unit_dir or UNIT_DIR) / UNIT, service.unit()),
        ((unit_dir or USERS_DIR) / USERS, _USERS_TEXT),
    ]
    for path, text in written:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_text(path, text)
        except OSError as error:
            raise StorageError(f"{path} can not be written: {error.strerror or error}") from error
    return [path for path, _ in written]


def _plain(path: Path) -> str:
    if _PLAIN.fullmatch(str(path)) is None:
        raise ConfigurationError(f"a unit can not hold the path {str(path)!r}: choose a plain one")
    return str(path)


def _is_closed(path: Path) -> bool:
    """Whether *path* lies in a home, which the unit hides, or in a folder closed to others."""
    if any(path.is_relative_to(home) for home in _HOMES):
        return True
    return any(not parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)
