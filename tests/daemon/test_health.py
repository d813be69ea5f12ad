"""The status says how each upstream is, what is left of the budget, and how old the data are."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from mirror.config import Given, Settings, load_settings
from mirror.daemon.health import health_of, tell_age
from mirror.daemon.once import sync_once
from mirror.daemon.parts import now, sites_of
from mirror.daemon.reach import Reach
from mirror.daemon.resting import Resting
from mirror.storage.crawled import find_last_crawl
from mirror.storage.quarantine import Bounds
from mirror.storage.store import Store, Terms
from tests.children import kept_sandbox
from tests.replica import Misbehaviour, Replica

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.daemon.upstream_status import UpstreamHealth
    from mirror.sync.outcome import Outcome, Progress

SWIFT: dict[str, object] = {
    "upstream.requests_per_second": 0,
    "upstream.attempts": 1,
    "upstream.bytes_per_hour": "10MB",
}


@dataclass(slots=True)
class Site:
    """A store, and the way to its upstreams."""

    settings: Settings
    store: Store
    reach: Reach

    async def sync(self) -> Outcome:
        """Run once."""
        return await sync_once(self.settings, self.store, _nobody, reach=self.reach)

    async def health(self) -> UpstreamHealth:
        """Say how upstream is."""
        resting = Resting(None, self.reach.budget, clock=now)
        return await health_of(self.settings, self.store, self.reach, resting)


def _nobody(_progress: Progress) -> None:
    """Tell nobody."""


def settings_of(folder: Path, url: str, *fallbacks: str, **more: object) -> Settings:
    chosen = {**SWIFT, "upstream.url": url, "upstream.fallbacks": list(fallbacks), **more}
    chosen["data_dir"] = str(folder / "data")
    return load_settings(
        {}, folder, flags={key: Given(value, "t") for key, value in chosen.items()}
    )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Site]:
    async with (
        Store.open(settings.data_dir, clock=now, terms=Terms(None, Bounds())) as store,
        kept_sandbox() as readers,
        Reach(settings, store, readers) as reach,
    ):
        yield Site(settings, store, reach)


def one_board() -> Replica:
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0")
    return replica


async def test_before_anybody_was_asked_all_is_well(tmp_path: Path) -> None:
    async with opened(settings_of(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:2")) as site:
        health = await site.health()

    assert [host.host for host in health.hosts] == ["http://127.0.0.1:1", "http://127.0.0.1:2"]
    assert {host.breaker for host in health.hosts} == {"closed"}
    assert (health.data_age, health.stale, health.fallback) == (None, False, None)
    assert health.bytes_left == 10_000_000


async def test_after_a_run_it_says_what_was_left_and_how_old_the_data_are(tmp_path: Path) -> None:
    async with one_board().running() as url, opened(settings_of(tmp_path, url)) as site:
        outcome = await site.sync()
        health = await site.health()

    told = find_last_crawl(site.settings.data_dir)
    assert outcome.exit_status == 0, outcome
    assert health.hosts[0].last_success is not None
    assert health.hosts[0].last_failure is None
    assert health.bytes_left is not None
    assert health.bytes_left < 10_000_000
    assert health.data_age is not None
    assert health.data_age < 60
    assert told is not None
    assert (told.away, told.fresh_seconds, health.stale) == (False, 12 * 3600.0, False)


async def test_an_upstream_that_is_away_makes_the_data_stale_at_once(tmp_path: Path) -> None:
    """Those who serve are told, and told again when it is back."""
    replica = one_board()
    async with replica.running() as url, opened(settings_of(tmp_path, url)) as site:
        await site.sync()
        replica.misbehave("*", Misbehaviour.UNAVAILABLE, None)
        outcome = await site.sync()
        away, told_away = await site.health(), find_last_crawl(site.settings.data_dir)
        replica.behave()
        await site.sync()
        back, told_back = await site.health(), find_last_crawl(site.settings.data_dir)

    assert outcome.exit_status == 3
    assert (away.stale, back.stale) == (True, False)
    assert away.hosts[0].reason == f"{url}/download/: answered 503"
    assert away.hosts[0].failures == 1
    assert told_away is not None
    assert told_back is not None
    assert (told_away.away, told_back.away) == (True, False)


async def test_an_open_breaker_is_named_with_its_next_trial(tmp_path: Path) -> None:
    replica = one_board()
    replica.misbehave("*", Misbehaviour.UNAVAILABLE, None)
    async with replica.running() as url, opened(settings_of(tmp_path, url)) as site:
        for _ in range(6):
            await site.sync()
        [host] = (await site.health()).hosts
        away = site.reach.away

    assert (host.breaker, host.failures, away) == ("open", 5, True)
    assert host.since is not None
    assert host.next_trial is not None
    assert host.since < host.next_trial
    assert len(replica.requests) == 5


async def test_a_fallback_in_use_is_named_and_the_data_are_fresh(tmp_path: Path) -> None:
    """Until the first gives again."""
    first, second = one_board(), one_board()
    async with (
        first.running() as url,
        second.running() as other,
        opened(settings_of(tmp_path, url, other)) as site,
    ):
        first.misbehave("*", Misbehaviour.UNAVAILABLE, None)
        outcome = await site.sync()
        away = await site.health()
        first.behave()
        first.release("RPI_PICO", "v1.29.0")
        await site.sync()
        back = await site.health()

    assert outcome.exit_status == 0, outcome
    assert (away.fallback, away.stale, site.reach.away) == (other, False, False)
    assert back.fallback is None


async def test_what_was_spent_outlives_the_process(tmp_path: Path) -> None:
    async with one_board().running() as url:
        settings = settings_of(tmp_path, url)
        async with opened(settings) as site:
            await site.sync()
            left = (await site.health()).bytes_left
        async with opened(settings) as site:
            again = (await site.health()).bytes_left

    assert left == again != 10_000_000


async def test_an_age_that_is_not_known_is_not_told(tmp_path: Path) -> None:
    async with opened(settings_of(tmp_path, "http://127.0.0.1:1")) as site:
        await tell_age(site.settings, site.store, site.reach)

    assert find_last_crawl(site.settings.data_dir) is None


@pytest.mark.parametrize(
    ("allowed", "sites"),
    [([], []), (["10.0.0.2"], ["http://10.0.0.2"]), (["10.0.0.3"], [])],
)
def test_offline_only_literal_addresses_that_are_allowed_are_asked(
    tmp_path: Path, allowed: list[str], sites: list[str]
) -> None:
    more = {"offline": True, "offline_allow": allowed}
    settings = settings_of(tmp_path, "http://10.0.0.2", "https://b.test", **more)

    assert sites_of(settings) == sites
