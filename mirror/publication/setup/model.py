"""What a guide is made of: ways, the least invasive first, each with its undo and its test."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from mirror.frozen import dataclass


class System(StrEnum):
    """The operating system that lines are for."""

    ANY = "any"
    UNIX = "linux, macos"
    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"


class Reach(StrEnum):
    """What a way changes, from least to most."""

    PROGRAM = "this program only"
    PROCESS = "one process only"
    ROOM = "every machine that asks the room's DNS"
    MACHINE = "everything on this machine"


class Dialect(StrEnum):
    """What reads the lines."""

    SHELL = "sh"
    POWERSHELL = "powershell"
    FILE = "file"
    PYTHON = "python"
    HTML = "html"
    DNSMASQ = "dnsmasq"


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines to copy, for one system; ``file`` is where they go, if not into a terminal."""

    system: System
    dialect: Dialect
    text: tuple[str, ...]
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, in a sentence, and what to copy for it."""

    what: str
    lines: tuple[Lines, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """One way to lead a client here; ``missing`` is what this mirror lacks for it."""

    title: str
    reach: Reach
    steps: tuple[Step, ...]
    test: tuple[Step, ...]
    undo: tuple[Step, ...]
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Guide:
    """How *client* is led here; its ``ways`` are in order, the least invasive first."""

    client: str
    title: str
    summary: str
    ways: tuple[Way, ...]
    remarks: tuple[str, ...] = ()


#: Names of other sites that clients have compiled in: this mirror answers a part of each.
OTHERS: Final = (
    "api.github.com",
    "downloads.arduino.cc",
    "micropython.org",
    "raw.githubusercontent.com",
    "www.micropython.org",
)

#: Stands where this mirror does not know its own address.
UNKNOWN: Final = "http://MIRROR:8080"
UNKNOWN_ADDRESS: Final = "ADDRESS-OF-THE-MIRROR"


@dataclass(frozen=True, slots=True)
class Place:
    """Where clients find this mirror.

    ``url`` is its own address without a final slash, None while it has none that all clients
    could use.  ``hosts`` are the names that the lab's certificates stand for, none without
    TLS; with a certificate of one's own (``own_certificate``) nobody here knows them.
    ``proxy`` is where names are led here for one process, ``address`` a literal IP address.
    """

    url: str | None = None
    tls: bool = False
    hosts: tuple[str, ...] = ()
    own_certificate: bool = False
    proxy: str | None = None
    address: str | None = None

    @property
    def base(self) -> str:
        """The address, or what stands for it."""
        return self.url or UNKNOWN

    @property
    def literal(self) -> str:
        """The IP address, or what stands for it."""
        return self.address or UNKNOWN_ADDRESS

    @property
    def own_host(self) -> str | None:
        """A name of this mirror's own that a certificate of the lab stands for, if there is one."""
        return next((host for host in self.hosts if host not in OTHERS), None)

    def lacks(self, hosts: tuple[str, ...]) -> str | None:
        """Say what is missing for clients that ask *hosts* over TLS, if something is."""
        names = " ".join(hosts)
        if not self.tls:
            return (
                f"This mirror does not serve over TLS: its operator runs `mpmirror lab-ca {names}`"
                ' and sets tls.listen = ["0.0.0.0:443"].'
            )
        missing = sorted(set(hosts) - set(self.hosts))
        if self.own_certificate and missing:
            return f"Its operator knows whether this mirror's own certificate stands for {names}."
        if missing:
            return (
                f"This mirror has no certificate for {' '.join(missing)}: its operator runs"
                f" `mpmirror lab-ca {names}`."
            )
        return None
