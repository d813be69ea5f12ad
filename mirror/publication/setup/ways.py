"""The ways that most clients share: one process's environment, the room's DNS, a hosts file."""

from __future__ import annotations

from mirror.frozen import dataclass
from mirror.publication.setup.model import Place, Reach, Step, Way
from mirror.publication.setup.steps import (
    BUNDLE,
    ask_name,
    combine_bundle,
    fetch_authority,
    lead_names,
    remove_files,
    run_with,
    unlead_names,
    unwrite_hosts,
    write_hosts,
)


@dataclass(frozen=True, slots=True)
class ByName:
    """A client that asks *hosts* and no others, and trusts what is in *variable*.

    ``command`` starts it; ``path`` of the first host is there on every mirror; ``alone``
    says that the variable adds an authority, where others replace all of them.
    """

    hosts: tuple[str, ...]
    variable: str
    command: str
    path: str = "/download/"
    alone: bool = False

    @property
    def file(self) -> str:
        """What the variable names."""
        return "lab-authority.pem" if self.alone else BUNDLE


def by_names(place: Place, client: ByName) -> tuple[Way, ...]:
    """Return the ways of a client that can be led by names only, the least invasive first."""
    return (_proxied(place, client), _room(place, client), _machine(place, client))


def _trusting(place: Place, client: ByName) -> tuple[Step, ...]:
    fetched = fetch_authority(place)
    return (fetched,) if client.alone else (fetched, combine_bundle())


def _start(client: ByName, more: dict[str, str] | None = None) -> Step:
    variables = {**(more or {}), client.variable: client.file}
    return Step(
        "Start the program from that terminal: what is set there ends with it.",
        run_with(variables, client.command),
    )


def _proxied(place: Place, client: ByName) -> Way:
    proxy = place.proxy or "http://MIRROR:3128"
    lacking = place.lacks(client.hosts)
    if lacking is None and place.proxy is None:
        lacking = (
            "This mirror serves no proxy: its operator sets"
            ' tls.proxy_listen = ["0.0.0.0:3128"], or the room\'s DNS leads the names here.'
        )
    return Way(
        "By the environment of one process",
        Reach.PROCESS,
        (*_trusting(place, client), _start(client, {"HTTPS_PROXY": proxy})),
        (ask_name(client.hosts[0], client.path, proxy),),
        (remove_files(),),
        lacking,
    )


def _room(place: Place, client: ByName) -> Way:
    return Way(
        "By the room's DNS",
        Reach.ROOM,
        (lead_names(place, client.hosts), *_trusting(place, client), _start(client)),
        (ask_name(client.hosts[0], client.path),),
        (unlead_names(), remove_files()),
        place.lacks(client.hosts),
    )


def _machine(place: Place, client: ByName) -> Way:
    return Way(
        "By the hosts file of one machine, last of all",
        Reach.MACHINE,
        (write_hosts(place, client.hosts), *_trusting(place, client), _start(client)),
        (ask_name(client.hosts[0], client.path),),
        (unwrite_hosts(), remove_files()),
        place.lacks(client.hosts),
    )
