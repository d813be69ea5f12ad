"""One conversation with one mirror: who it is, what it publishes, and why that is believed."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from mirror.client.memory import Memory, state_folder
from mirror.client.mirrors import Mirror, Publication
from mirror.client.trust import Trust, believe, read_key
from mirror.errors import ConfigurationError
from mirror.frozen import dataclass
from mirror.sandbox import Sandbox
from mirror.upstream.fetch import Fetcher, Politeness, Surroundings, user_agent
from mirror.upstream.origin import Origin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from mirror.publication.offered import OfferedBoard

# A mirror in the room: it may be asked as fast as it answers.
_POLITENESS: Final = Politeness(requests_per_second=0, read_seconds=20, backoff_seconds=0.5)
_NODE: Final = "client"
_CHANNEL: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Terms:
    """Which mirror is asked, and how far it is believed; *version* is that of this program.

    *channel* is empty for the mirror's own choice.  *key* is the file or the line of the key that
    must have signed; *new_lineage* says that another mirror at a known address is meant.
    """

    address: str
    version: str
    channel: str = ""
    key: str | None = None
    new_lineage: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """The open conversation."""

    mirror: Mirror
    publication: Publication
    trust: Trust
    fetcher: Fetcher
    sandbox: Sandbox

    async def board(self, board: str) -> OfferedBoard:
        """Return what is offered for *board*, without what was recalled."""
        return await self.mirror.board(self.publication, board)


@asynccontextmanager
async def session(terms: Terms, environment: Mapping[str, str]) -> AsyncIterator[Session]:
    """Ask the mirror of *terms*, and believe it or raise why not.

    Proxies and CA files are those of *environment*, and so is where things are remembered.
    """
    if terms.channel and _CHANNEL.fullmatch(terms.channel) is None:
        raise ConfigurationError(f"--channel: {terms.channel[:80]!r} can be no channel")
    key = read_key(terms.key) if terms.key else None
    fetcher = Fetcher(
        address_of(terms.address),
        user_agent=user_agent(terms.version, ""),
        node_id=_NODE,
        politeness=_POLITENESS,
        surroundings=Surroundings.read(environment, typed=True),
    )
    memory = Memory(state_folder(environment))
    async with fetcher, Sandbox(processes=1) as sandbox:
        mirror = Mirror(fetcher, sandbox)
        publication = await mirror.publication(terms.channel)
        trust = await believe(publication, fetcher, memory, key, new_lineage=terms.new_lineage)
        yield Session(mirror, publication, trust, fetcher, sandbox)


def address_of(text: str) -> str:
    """Return the base URL of the mirror that somebody typed; raise `ConfigurationError`."""
    url = text if "://" in text else f"http://{text}"
    try:
        return Origin.parse(url).url
    except ConfigurationError as error:
        raise ConfigurationError(f"--from: {error}") from error
