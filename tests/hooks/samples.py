"""Events and hooks to test with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mirror.hooks.events import AlarmData, AlarmFacts, Event, Speaker, encode_event, event_id
from mirror.hooks.kinds import Kind
from mirror.hooks.queue import Waiting, file_name
from mirror.hooks.signing import Secrets
from mirror.hooks.targets import Target, Url

if TYPE_CHECKING:
    from typing import Any

NOON = datetime(2026, 4, 7, 12, 0, tzinfo=UTC)
SPEAKER = Speaker("0" * 32, "1" * 32, "http://mirror.lab:8080")


def alarm(name: str = "RPI_PICO-20260406-v1.28.0.uf2") -> Event:
    """Return the event that an alarm about *name* opened."""
    facts = AlarmFacts("0123456789", name, "it can not be had", "2026-04-07T06:00:00Z")
    return Event(Kind.ALARM, name, f"Alarm missing: {name}", AlarmData("missing", 1, (facts,)))


def waiting(look: int, at: datetime = NOON) -> Waiting:
    """Return an event of that *look*, as it waits."""
    event = alarm(f"file {look}")
    known_as = event_id("epoch", look, event)
    body = encode_event(event, SPEAKER, at).decode()
    return Waiting(file_name(look, event.rank, known_as), known_as, event.kind, at, body)


def target(url: str, secret: str | None = None, **more: Any) -> Target:  # noqa: ANN401 - any field
    """Return a hook to *url*."""
    secrets = Secrets.parse(secret) if secret else Secrets()
    return Target(name="chat", url=Url(url), secrets=secrets, **more)
