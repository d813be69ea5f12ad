"""`mpmirror config explain` says of every artifact of a board what decided, and asks nobody."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mirror.cache.on_demand import OnDemand
from mirror.catalog.plan import Policy
from mirror.catalog.second_look import SecondLook
from mirror.cli import main
from mirror.config import Given, load_settings
from mirror.daemon.log import logging_as
from mirror.daemon.operations import Operations
from mirror.daemon.parts import on_demand_terms_of
from mirror.daemon.reach import Reach
from mirror.web.admin import make_admin_app
from mirror.web.listening import unix_socket
from mirror.web.server import serving
from tests.catalog.pins import pin_of
from tests.replica import Misbehaviour, Replica
from tests.sync.node import node_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.catalog.pins import Pin
    from mirror.config import Settings

RELEASE, OLDER, OLDEST = (
    "RPI_PICO_W-20260406-v1.28.0.uf2",
    "RPI_PICO_W-20251209-v1.27.0.uf2",
    "RPI_PICO_W-20250911-v1.26.1.uf2",
)


def site() -> Replica:
    """Return a site where one board has three releases."""
    replica = Replica.of("RPI_PICO_W", "ESP32_GENERIC")
    replica.release("RPI_PICO_W", "v1.26.1", date="2025-09-11")
    replica.release("RPI_PICO_W", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO_W", "v1.28.0", date="2026-04-06")
    return replica


async def mirrored(folder: Path, replica: Replica, policy: Policy) -> str:
    """Sync *replica* to *folder* under *policy*, and return the URL that it had."""
    async with replica.running() as url, node_at(folder / "data", url) as node:
        await node.sync(policy=policy)
    return url


async def pinned(data: Path, *pins: Pin) -> None:
    """Write *pins* down in *data*."""
    async with node_at(data, "http://127.0.0.1:1") as node:
        for pin in pins:
            await node.store.pins.put(pin)


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A settings file beside data that were mirrored when two releases were wanted."""
    url = asyncio.run(mirrored(tmp_path, site(), Policy(releases=2)))
    file = tmp_path / "mpmirror.toml"
    file.write_text(f'data_dir = "data"\nupstream.url = "{url}"\n', encoding="utf-8")
    return file


def explained(file: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run the command with the settings of *file*; give its status and what it wrote."""
    status = main(["--config", str(file), "config", "explain", *words])
    written = capsys.readouterr()
    return status, written.out, written.err


def set_policy(file: Path, toml: str) -> None:
    """Add *toml* to the settings file."""
    with file.open("a", encoding="utf-8") as settings:
        settings.write(toml)


def states(document: Any) -> list[tuple[str, str, str, str]]:  # noqa: ANN401 - a JSON document
    """Return name, state, reason and rule of every artifact."""
    return [
        (one["name"], one["state"], one["reason"], f"{one['rule']} = {one['value']}")
        for one in document["artifacts"]
    ]


def test_each_artifact_has_its_state_and_its_rule(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The policy is the one of now, what is held is of a run before it."""
    set_policy(lab, '[policy.override."RPI_PICO*"]\nreleases = 1\nsince = "v1.27.0"\n')
    status, out, err = explained(lab, capsys, "RPI_PICO_W", "--json")
    rule = 'policy.override."RPI_PICO*"'

    assert (status, err) == (0, "")
    assert states(json.loads(out)) == [
        (RELEASE, "held", "newest", f"{rule}.releases = 1"),
        (OLDER, "kept", "kept", "policy.keep_releases = all"),
        (OLDEST, "left", "since", f"{rule}.since = v1.27.0"),
    ]


def test_people_get_a_table_and_what_the_states_mean(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_policy(lab, "[policy]\nreleases = 3\n")
    status, out, _ = explained(lab, capsys, "RPI_PICO_W")

    assert status == 0
    assert out.splitlines() == [
        "RPI_PICO_W (rp2, rp2040, Raspberry Pi): its page as read at 2026-04-07T06:00:00Z",
        "artifact                         state    rule                 why",
        f"{RELEASE}  held     policy.releases = 3  among the newest of its variant",
        f"{OLDER}  held     policy.releases = 3  among the newest of its variant",
        f"{OLDEST}  missing  policy.releases = 3  among the newest of its variant",
        "held 2: wanted and held",
        "missing 1: wanted and not held: the next sync fetches it",
    ]


def test_what_is_held_and_no_longer_wanted_is_kept(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_policy(lab, '[policy]\nvendors = ["Espressif"]\n')
    _, out, _ = explained(lab, capsys, "RPI_PICO_W")

    assert "kept 2: held, no longer wanted, and kept" in out
    assert "policy.keep_releases = all  no longer wanted, and kept once held" in out
    assert "policy.vendors = Espressif  no pattern fits the board's vendor" in out


def test_what_is_let_go_pinned_or_only_cached_is_told(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pin is a rule like any other, also for what upstream does not list."""
    data = lab.parent / "data"
    gone = "RPI_PICO_W-20200902-v1.13.uf2"
    asyncio.run(pinned(data, pin_of(OLDEST), pin_of(gone)))
    set_policy(lab, "[policy]\nreleases = 1\nkeep_releases = 1\n")
    status, out, _ = explained(lab, capsys, "RPI_PICO_W", "--json")
    document = json.loads(out)

    assert status == 0
    assert states(document) == [
        (RELEASE, "held", "newest", "policy.releases = 1"),
        (OLDER, "let go", "let-go", "policy.keep_releases = 1"),
        (OLDEST, "missing", "pinned", f"pin = {pin_of(OLDEST).id}"),
        (gone, "missing", "pinned", f"pin = {pin_of(gone).id}"),
    ]
    assert document["artifacts"][-1]["words"].endswith("; upstream no longer lists it")


def test_what_was_refused_is_not_called_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next sync may refuse it again."""
    replica = site()
    replica.misbehave(OLDER, Misbehaviour.ZEROS, None)
    url = asyncio.run(mirrored(tmp_path, replica, Policy(releases=3)))
    file = tmp_path / "mpmirror.toml"
    file.write_text(f'data_dir = "data"\nupstream.url = "{url}"\n', encoding="utf-8")
    _, wanted, _ = explained(file, capsys, "RPI_PICO_W")
    set_policy(file, "[policy]\nreleases = 1\n")
    _, left, _ = explained(file, capsys, "RPI_PICO_W")

    assert f"{OLDER}  refused  policy.releases = 3" in wanted
    assert "refused 1: wanted, but its bytes were refused: mpmirror status says why" in wanted
    assert f"{OLDER}  left   policy.releases = 1" in left


async def test_what_awaits_a_second_look_is_not_called_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next sync may come too early to look at it."""
    file = tmp_path / "mpmirror.toml"
    async with site().running() as url:
        async with node_at(tmp_path / "data", url) as node:
            looks = SecondLook(after=timedelta(days=1))
            await node.sync(policy=Policy(releases=1), second_look=looks)
        file.write_text(f'data_dir = "data"\nupstream.url = "{url}"\n', encoding="utf-8")
        _, told, _ = await asyncio.to_thread(explained, file, capsys, "RPI_PICO_W")

    assert f"{RELEASE}  awaiting  policy.releases = 3" in told
    assert "awaiting 1: wanted and fetched: it awaits a second look" in told


def test_what_upstream_no_longer_lists_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that vanished from its page is named with those that are listed."""

    async def two_runs() -> str:
        replica = site()
        async with replica.running() as url, node_at(tmp_path / "data", url) as node:
            await node.sync()
            replica.withdraw(OLDER)
            node.sleep(hours=6)
            await node.sync(accept_shrunken=True)
        return url

    file = tmp_path / "mpmirror.toml"
    file.write_text(
        f'data_dir = "data"\nupstream.url = "{asyncio.run(two_runs())}"\n', encoding="utf-8"
    )
    status, out, _ = explained(file, capsys, "RPI_PICO_W", "--json")
    document = json.loads(out)

    assert status == 0
    assert [one["name"] for one in document["artifacts"]] == [RELEASE, OLDEST, OLDER]
    assert document["artifacts"][-1] == {
        "name": OLDER,
        "state": "kept",
        "reason": "kept",
        "rule": "policy.keep_releases",
        "value": "all",
        "words": "no longer wanted, and kept once held; upstream no longer lists it",
    }


def test_a_board_that_nobody_lists_is_told_with_its_neighbour(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = explained(lab, capsys, "RPI_PICOW")

    assert (status, out) == (1, "")
    assert err.endswith("lists no board 'RPI_PICOW': did you mean RPI_PICO_W?\n")


def test_before_the_first_crawl_it_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mpmirror.toml"
    file.write_text('data_dir = "data"\n', encoding="utf-8")
    asyncio.run(pinned(tmp_path / "data"))
    status, _, err = explained(file, capsys, "RPI_PICO_W")

    assert status == 4
    assert err == (
        "mpmirror: the pages of https://micropython.org were never read: mpmirror sync does\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["explain"], "say which board: mpmirror config explain BOARD"),
        (["explain", "RPI\udcff"], "expected a board's id such as RPI_PICO_W"),
        (["explian", "RPI_PICO"], "'explian' is not one of 'explain'"),
    ],
)
def test_wrong_words_are_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    file = tmp_path / "mpmirror.toml"
    file.touch()
    status = main(["--config", str(file), "config", *words])

    assert status == 2
    assert message in capsys.readouterr().err


def test_without_a_question_the_settings_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As they always were; overrides as their variable is written."""
    file = tmp_path / "mpmirror.toml"
    file.write_text('[policy.override."RPI_PICO*"]\nreleases = 5\n', encoding="utf-8")
    status = main(["--config", str(file), "config"])

    assert status == 0
    assert '{"RPI_PICO*": {"releases": 5}}' in capsys.readouterr().out


@asynccontextmanager
async def daemon(settings: Settings, url: str) -> AsyncIterator[None]:
    """Hold the data and answer operators, as a daemon does."""
    with logging_as(settings.log) as log:
        async with (
            node_at(settings.data_dir, url) as node,
            Reach(settings, node.store, node.sandbox) as reach,
            OnDemand(node.store, reach, on_demand_terms_of(settings)) as on_demand,
        ):
            operations = Operations(settings, node.store, reach, on_demand, log)
            app = make_admin_app(operations, "0" * 32)
            with unix_socket(settings.admin_listen.path) as listener:
                async with serving(app, [listener]):
                    yield


async def test_beside_a_daemon_the_rules_are_those_of_the_settings_now(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The daemon says what it knows and holds; it may run with older settings."""
    url = await mirrored(tmp_path, site(), Policy(releases=2))
    given = {"upstream.url": Given(url, "test"), "log.level": Given("error", "test")}
    file = tmp_path / "mpmirror.toml"
    file.write_text(
        f'data_dir = "data"\nupstream.url = "{url}"\npolicy.releases = 0\n', encoding="utf-8"
    )
    async with daemon(load_settings({}, tmp_path, flags=given, file=file), url):
        status, out, err = await asyncio.to_thread(explained, file, capsys, "RPI_PICO_W", "--json")

    assert (status, err) == (0, "")
    assert states(json.loads(out)) == [
        (RELEASE, "kept", "kept", "policy.keep_releases = all"),
        (OLDER, "kept", "kept", "policy.keep_releases = all"),
        (OLDEST, "left", "older", "policy.releases = 0"),
    ]


async def test_a_daemon_that_does_not_answer_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mpmirror.toml"
    file.write_text('data_dir = "data"\n', encoding="utf-8")
    async with node_at(tmp_path / "data", "http://127.0.0.1:1"):
        status, _, err = await asyncio.to_thread(explained, file, capsys, "RPI_PICO_W")

    assert status == 6
    assert "does not answer" in err
