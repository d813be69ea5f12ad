"""Fetching: the one polite `Fetcher`, and the values that go in and out of it."""

from __future__ import annotations

from mirror.upstream.answers import Download, PageAnswer, Partial, Validators
from mirror.upstream.fetch.asking import NODE_HEADER
from mirror.upstream.fetch.fetcher import Fetcher
from mirror.upstream.pacing import Timing
from mirror.upstream.politeness import Politeness, user_agent
from mirror.upstream.surroundings import Proxy, Surroundings

__all__ = [
    "NODE_HEADER",
    "Download",
    "Fetcher",
    "PageAnswer",
    "Partial",
    "Politeness",
    "Proxy",
    "Surroundings",
    "Timing",
    "Validators",
    "user_agent",
]
