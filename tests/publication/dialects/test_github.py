"""GitHub's answers: what mpflash and release trackers read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import parse

from mirror.publication.dialects.github import GITHUB, tag_names
from tests.publication.dialects.boards import board, esp32, pico_w, with_own_build
from tests.publication.dialects.rendering import NOWHERE, URL, render

if TYPE_CHECKING:
    from mirror.publication.documents import BoardDocument

ROOT = "/repos/micropython/micropython"


def told(path: str, *documents: BoardDocument) -> Any:  # noqa: ANN401 - whatever JSON says
    """Return what is said at *path*."""
    return json.loads(render(GITHUB, *documents)[ROOT + path][0])


def mpflash_versions(tags: list[dict[str, Any]]) -> tuple[str, str]:
    """Return the stable version and the preview that mpflash 1.29.0 takes, by their texts."""
    names = [tag["name"] for tag in tags if parse(tag["name"]) >= parse("1.16")]
    stable = max(name for name in names if not name.endswith("preview"))
    return stable, max(name for name in names if name.endswith("preview"))


def test_mpflash_finds_the_newest_release_and_preview_that_are_held() -> None:
    assert mpflash_versions(told("/tags", pico_w(), esp32())) == ("v1.28.0", "v1.29.0-preview")


def test_mpflash_finds_a_preview_where_none_is_held() -> None:
    """Without any it fails, and knows no release either."""
    tags = told("/tags", board("RPI_PICO_W-20260406-v1.28.0.uf2"))

    assert mpflash_versions(tags) == ("v1.28.0", "v1.29.0-preview")


@pytest.mark.parametrize(
    ("versions", "names"),
    [
        ([], ["v0.1.0-preview"]),
        (["v1.28.0"], ["v1.29.0-preview", "v1.28.0"]),
        (["v1.20"], ["v1.21.0-preview", "v1.20"]),
        (["v1.29.0-preview.9.g0123456", "v1.29.0-preview.8.g1234567"], ["v1.29.0-preview"]),
        (["v1.19.1-994-ga4672149b", "v1.19.1"], ["v1.20.0-preview", "v1.19.1"]),
    ],
)
def test_tags_are_those_of_upstream(versions: list[str], names: list[str]) -> None:
    assert tag_names(versions) == names


def test_the_repository_is_asked_where_it_was_found() -> None:
    """PyGithub puts ``/tags`` behind `url`, and refuses another host than its own."""
    assert told("", pico_w())["url"] == ROOT
    assert told("", pico_w())["full_name"] == "micropython/micropython"


def test_a_release_has_the_files_of_all_boards() -> None:
    release = told("/releases/tags/v1.28.0", pico_w(), esp32())
    file = next(one for one in pico_w().releases[1].files)

    assert (release["tag_name"], release["prerelease"], release["draft"]) == (
        "v1.28.0",
        False,
        False,
    )
    assert release["published_at"] == "2026-04-06T00:00:00Z"
    assert len(release["assets"]) == 5
    assert [one for one in release["assets"] if one["name"] == file.name] == [
        {
            "id": release["assets"][-1]["id"],
            "name": "RPI_PICO_W-20260406-v1.28.0.uf2",
            "label": None,
            "state": "uploaded",
            "content_type": "application/octet-stream",
            "size": file.size,
            "digest": f"sha256:{file.hashes.sha256}",
            "download_count": 0,
            "created_at": "2026-04-06T00:00:00Z",
            "updated_at": "2026-04-06T00:00:00Z",
            "url": f"{URL}/resources/firmware/{file.name}",
            "browser_download_url": f"{URL}/resources/firmware/{file.name}",
        }
    ]


def test_the_latest_is_the_newest_that_is_finished() -> None:
    latest = told("/releases/latest", pico_w(), esp32())

    assert latest == told("/releases/tags/v1.28.0", pico_w(), esp32())


def test_a_preview_is_a_prerelease_under_its_whole_version() -> None:
    preview = told("/releases/tags/v1.29.0-preview.678.g5f2181f938", pico_w())

    assert preview["prerelease"] is True


def test_only_previews_have_no_latest() -> None:
    preview = board("RPI_PICO_W-20260807-v1.29.0-preview.678.g5f2181f938.uf2")

    assert f"{ROOT}/releases/latest" not in render(GITHUB, preview)


def test_a_daily_build_is_not_the_release_whose_version_it_carries() -> None:
    daily = board("RPI_PICO_W-20220406-unstable-v1.18.uf2", "RPI_PICO_W-20220117-v1.18.uf2")

    assert [one["name"] for one in told("/releases/tags/v1.18", daily)["assets"]] == [
        "RPI_PICO_W-20220117-v1.18.uf2"
    ]


def test_own_builds_and_hidden_files_are_no_assets_of_micropython() -> None:
    hidden = "RPI_PICO_W-20251209-v1.27.0.uf2"
    document = board(hidden, "RPI_PICO_W-20260406-v1.28.0.uf2", hidden=[hidden])
    rendered = render(GITHUB, with_own_build(document, "v1.28.1"))

    assert [path for path in rendered if "/tags/" in path] == [f"{ROOT}/releases/tags/v1.28.0"]


def test_ids_are_the_same_whatever_else_is_held() -> None:
    """A tracker knows a release by its id; and no reader of JSON rounds it."""
    alone = told("/releases/tags/v1.28.0", pico_w())
    among = told("/releases/tags/v1.28.0", pico_w(), esp32())

    assert alone["id"] == among["id"]
    assert alone["assets"][0] in among["assets"]
    assert 0 < among["id"] < 2**53


def test_without_an_address_mpflash_still_knows_the_versions() -> None:
    """What names files needs URLs; the tags do not."""
    assert set(render(GITHUB, pico_w(), site=NOWHERE)) == {ROOT, f"{ROOT}/tags"}
