"""How an event goes to a receiver: posted, or by Apprise in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.hooks.apprising import Apprising
from mirror.hooks.posting import Poster
from mirror.upstream.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mirror.hooks.courier import Send
    from mirror.hooks.targets import Target


def sender_of(
    target: Target, environ: Mapping[str, str], user_agent: str, clock: Callable[[], datetime]
) -> Send:
    """Return what gives an event to the receiver of *target*; raises `ConfigurationError`."""
    if target.url.is_web:
        return Poster(target, Surroundings.read(environ), user_agent, clock=clock)
    return Apprising(target, environ)
