"""Readers of feeds and release trackers: what is published says what their formats promise."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.clients.lab import URL, environment, run
from tests.clients.prepare import HERE, modules, python_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.lab import Lab

pytestmark = pytest.mark.clients
_PROGRAM: Final = HERE / "programs" / "feed_readers.py"


def read(home: Path, lab: Lab, *words: str) -> Any:  # noqa: ANN401 - what the reader prints
    """Return what a reader says."""
    env = environment(home, REQUESTS_CA_BUNDLE=str(lab.authority), SSL_CERT_FILE=str(lab.authority))
    ended = run(python_of("readers"), _PROGRAM, *words, env=env, folder=home)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def validated(home: Path, feeds: list[Any]) -> Any:  # noqa: ANN401 - what the validator prints
    """Return what jsonfeed-validator says of each of *feeds*."""
    env, file = environment(home), home / "feeds.json"
    file.write_text(json.dumps(feeds), encoding="utf-8")
    program = HERE / "programs" / "json_feeds.cjs"
    ended = run("node", program, modules(), file, env=env, folder=home)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


@pytest.mark.parametrize("ending", ["atom", "json"])
def test_a_feed_reader_finds_entries_that_can_be_fetched(lab: Lab, home: Path, ending: str) -> None:
    """Every feed, of all boards and of each: well formed, and its files are the mirror's own."""
    boards = [f"boards/{board['board']}" for board in lab.feed()["boards"]]
    urls = [f"{URL}/feeds/{name}.{ending}" for name in ("firmware", "previews", *boards)]
    found = read(home, lab, "feed", *urls)
    sizes = {
        file["name"]: file["size"]
        for board in lab.feed()["boards"]
        for release in board["releases"]
        for file in release["files"]
    }

    assert {url: one["problem"] for url, one in found.items() if one["problem"]} == {}
    assert [url for url, one in found.items() if not one["entries"]] == []
    entries = [entry for one in found.values() for entry in one["entries"]]
    assert all(entry["id"] and entry["title"] and entry["updated"] for entry in entries)
    enclosures = {url: size for entry in entries for url, size in entry["files"]}
    assert {url for url in enclosures if not url.startswith(f"{URL}/")} == set()
    assert {url.rpartition("/")[2] for url in enclosures} <= set(sizes)
    assert {
        url for url, size in enclosures.items() if sizes[url.rpartition("/")[2]] != size
    } == set()


def test_a_validator_of_json_feeds_finds_nothing(lab: Lab, home: Path) -> None:
    """In no feed; and it does find what is made wrong on purpose."""
    boards = [f"boards/{board['board']}" for board in lab.feed()["boards"]]
    feeds = [json.loads(lab.get(f"/feeds/{name}.json")) for name in ("firmware", *boards)]
    first = feeds[0]["items"][0]
    wrong = feeds[0] | {"items": [first, first]}

    found = validated(home, [*feeds, wrong])

    assert len(feeds) > len(boards) > 0
    assert found[:-1] == [[]] * len(feeds)
    assert [problem["ruleId"] for problem in found[-1]] == ["id-unique"]


def test_the_release_feed_fits_its_schema(lab: Lab, home: Path) -> None:
    """The schema that the mirror itself serves, judged by jsonschema."""
    found = read(home, lab, "schema", f"{URL}/v1/schemas/feed.json", f"{URL}/v1/feed.json")

    assert found == []


def test_an_asset_is_downloaded_by_its_address_at_the_api(lab: Lab, home: Path) -> None:
    """PyGithub, as it comes with mpflash: `url` with ``Accept: application/octet-stream``."""
    ended = run(
        python_of("mpflash"), HERE / "programs" / "github_asset.py", URL, ".uf2",
        env=environment(home), folder=home,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    name = ended.stdout.splitlines()[-1]

    assert hashlib.sha256((home / name).read_bytes()).hexdigest() == lab.digests()[name]


def test_a_release_tracker_finds_the_newest_release(lab: Lab, home: Path) -> None:
    """By the very requests that it sends to api.github.com."""
    found = read(home, lab, "tracker", "micropython/micropython")

    assert found == {"version": "v1.28.0"}
