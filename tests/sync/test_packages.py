"""mip packages: mirrored whole, byte for byte, once each, and never at the firmware's cost."""

from __future__ import annotations

import asyncio
import json
import tarfile
import urllib.error
import urllib.request
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.publication.packages import all_files
from mirror.storage.entries import Change
from mirror.sync.outcome import Ending
from mirror.sync.package_memory import find_tree
from tests.formats.real import SHARED
from tests.replica import Misbehaviour, Replica
from tests.replica.packages import PackageStock
from tests.sync.mirrors import Served, content_of, served
from tests.sync.node import WISHES, TestNode, node_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PICO = "RPI_PICO-20260406-v1.28.0.uf2"
GREET = "package/6/greet/1.2.0.json"
EVERYTHING = ("*",)
REAL = SHARED / "mip-v2" / "mip-v2.tar.gz"

needs_real_packages = pytest.mark.skipif(
    not REAL.is_file(), reason="the real index of ../shared/real/mip-v2 is not here"
)


@dataclass(slots=True)
class Pair:
    """A site with packages, and a node that mirrors it."""

    replica: Replica
    node: TestNode

    @property
    def asked(self) -> list[str]:
        """What of the packages was asked for, below ``/pi/v2/``."""
        paths = [request.path for request in self.replica.requests]
        return [path.removeprefix("/pi/v2/") for path in paths if path.startswith("/pi/v2/")]

    def behave(self) -> None:
        """Forget what was asked for, and what misbehaved."""
        self.replica.behave()
        self.replica.requests.clear()


@asynccontextmanager
async def pair(folder: Path, globs: tuple[str, ...] = EVERYTHING) -> AsyncIterator[Pair]:
    """Have both; nothing is synced yet."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    async with replica.running() as url, node_at(folder / "data", url) as node:
        node.wishes = replace(WISHES, packages=globs)
        yield Pair(replica, node)


async def tree_at(at: Served, paths: list[str]) -> dict[str, bytes]:
    """Return what *at* answers to *paths* below ``/pi/v2/``; what is not there is left out."""
    await at.refresh()

    def get(path: str) -> bytes | None:
        try:
            with urllib.request.urlopen(f"{at.url}/pi/v2/{path}", timeout=10) as answer:  # noqa: S310 - our own server
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            error.close()
            return None

    found = {path: await asyncio.to_thread(get, path) for path in paths}
    return {path: data for path, data in found.items() if data is not None}


async def names_of(node: TestNode) -> list[str]:
    """Return the names in the index that *node* holds."""
    tree = await find_tree(node.store)
    assert tree is not None
    index = json.loads(await node.read(tree.index))
    return [entry["name"] for entry in index["packages"]]


async def test_the_whole_tree_is_served_as_upstream_has_it(tmp_path: Path) -> None:
    async with pair(tmp_path) as two:
        outcome = await two.node.sync()
        async with served(two.node) as at:
            there = await tree_at(at, list(two.replica.packages.tree))

        assert (outcome.exit_status, outcome.aside) == (0, ())
        assert there == two.replica.packages.tree


async def test_each_file_is_asked_for_once_and_the_index_first(tmp_path: Path) -> None:
    async with pair(tmp_path) as two:
        await two.node.sync()

        assert two.asked[0] == "index.json"
        assert sorted(two.asked) == sorted(two.replica.packages.tree)


async def test_an_unchanged_index_costs_one_conditional_request(tmp_path: Path) -> None:
    async with pair(tmp_path) as two:
        await two.node.sync()
        two.behave()
        outcome = await two.node.sync()
        [request] = [one for one in two.replica.requests if one.path.startswith("/pi/")]

        assert outcome.ending is Ending.UNCHANGED
        assert request.path == "/pi/v2/index.json"
        assert "If-None-Match" in request.headers


async def test_a_new_version_is_all_that_is_fetched(tmp_path: Path) -> None:
    """The versions before are not asked for but for a look; what is latest is asked about."""
    async with pair(tmp_path) as two:
        await two.node.sync()
        before = set(two.replica.packages.tree)
        two.behave()
        two.replica.packages.release("blink", "0.2.0")
        outcome = await two.node.sync()
        async with served(two.node) as at:
            there = await tree_at(at, list(two.replica.packages.tree))
        new = set(two.replica.packages.tree) - before
        again = [path for path in two.asked if path not in new and not path.endswith("latest.json")]

        assert outcome.ending is Ending.PUBLISHED
        assert there == two.replica.packages.tree
        assert new <= set(two.asked)
        assert [path for path in again if path.startswith("file/")] == []
        assert len(again) == 1 + 4  # the index, and a look at each version held


@pytest.mark.parametrize(
    ("place", "way"),
    [
        ("file/*", Misbehaviour.WRONG_BYTES),
        ("file/*", Misbehaviour.MISSING),
        (GREET, Misbehaviour.CUT_PAGE),
    ],
)
async def test_a_package_that_can_not_be_had_whole_is_left_out(
    tmp_path: Path, place: str, way: Misbehaviour
) -> None:
    """The firmware is complete, the others are served, and the next run mends it."""
    async with pair(tmp_path, ("greet", "nameless-version")) as two:
        if place.startswith("file/"):
            two.replica.misbehave(_first_file(two.replica, GREET), way, None)
        else:
            two.replica.misbehave(f"/pi/v2/{place}", way, None)
        outcome = await two.node.sync()
        held = await names_of(two.node)
        two.behave()
        again = await two.node.sync()

        assert (outcome.exit_status, outcome.message) == (0, "complete")
        assert [trouble.subject for trouble in outcome.aside] == ["greet"]
        assert held == ["nameless-version"]
        assert PICO in await two.node.files()
        assert (again.aside, await names_of(two.node)) == ((), ["greet", "nameless-version"])


def _first_file(replica: Replica, document: str) -> str:
    hash8 = json.loads(replica.packages.tree[document])["hashes"][0][1]
    return f"/pi/v2/file/{hash8[:2]}/{hash8}"


@pytest.mark.parametrize(
    "way",
    [
        Misbehaviour.CUT_PAGE,
        Misbehaviour.MISSING,
        Misbehaviour.BROKEN,
        Misbehaviour.GZIP_BOMB,
    ],
)
async def test_an_index_that_can_not_be_read_keeps_the_packages(
    tmp_path: Path, way: Misbehaviour
) -> None:
    async with pair(tmp_path) as two:
        await two.node.sync()
        before = (await content_of(two.node)).packages
        two.replica.packages.release("blink", "0.2.0")
        two.replica.misbehave("/pi/v2/index.json", way, None)
        outcome = await two.node.sync()

        assert outcome.exit_status == 0
        assert [trouble.subject for trouble in outcome.aside] == ["packages"]
        assert before == (await content_of(two.node)).packages


async def test_a_hostile_package_is_refused_by_name(tmp_path: Path) -> None:
    async with pair(tmp_path) as two:
        two.replica.packages.rewrite(GREET, hashes=[["../boot.py", "0123abcd"]])
        outcome = await two.node.sync()
        [trouble] = outcome.aside

        assert trouble.subject == "greet"
        assert "../boot.py" in trouble.text
        assert await names_of(two.node) == ["blink", "nameless-version"]


async def test_refused_bytes_are_no_blobs(tmp_path: Path) -> None:
    """Nobody gets them by their digest either."""
    async with pair(tmp_path) as two:
        two.replica.packages.rewrite(GREET, hashes=[["../boot.py", "0123abcd"]])
        await two.node.sync()
        hostile = two.replica.packages.tree[GREET]
        blobs = [await two.node.read(digest) async for digest in two.node.store.blobs.digests()]

        assert hostile not in blobs


async def test_a_version_that_changed_is_an_alarm_and_the_first_bytes_stay(tmp_path: Path) -> None:
    async with pair(tmp_path) as two:
        await two.node.sync()
        first = two.replica.packages.tree[GREET]
        two.replica.packages.rewrite(GREET, deps=[])
        await two.node.sync()
        await two.node.sync()
        async with served(two.node) as at:
            there = await tree_at(at, [GREET])
        entries = [one.entry async for one in two.node.store.ledger.entries()]
        changes = [entry for entry in entries if isinstance(entry, Change)]

        assert there == {GREET: first}
        assert [change.name for change in changes] == [f"pi/v2/{GREET}"]


async def test_latest_may_change_under_the_same_version(tmp_path: Path) -> None:
    """Upstream writes it anew with each build; the files of the one before are still served."""
    async with pair(tmp_path) as two:
        await two.node.sync()
        latest = "package/py/nameless-version/latest.json"
        before = two.replica.packages.tree.copy()
        old_file = _first_file(two.replica, latest).removeprefix("/pi/v2/")
        two.replica.packages.release("nameless-version", "", "nameless_again")
        two.replica.packages.drop("nameless-version")
        two.replica.packages.write_index({"packages": json.loads(before["index.json"])["packages"]})
        outcome = await two.node.sync()
        async with served(two.node) as at:
            there = await tree_at(at, [latest, old_file])

        assert outcome.aside == ()
        assert there == {latest: two.replica.packages.tree[latest], old_file: before[old_file]}
        assert before[latest] != there[latest]


async def test_a_shrunken_index_is_refused(tmp_path: Path) -> None:
    async with pair(tmp_path) as two:
        await two.node.sync()
        two.replica.packages.drop("blink")
        outcome = await two.node.sync()
        [trouble] = outcome.aside

        assert "1 of 3 packages are gone" in trouble.text
        assert await names_of(two.node) == ["blink", "greet", "nameless-version"]


async def test_a_package_that_is_gone_upstream_is_still_served(tmp_path: Path) -> None:
    """It leaves the index, and who has its name still gets it."""
    async with pair(tmp_path) as two:
        two.node.wishes = replace(two.node.wishes, guard=replace(WISHES.guard, boards=0.5))
        await two.node.sync()
        two.replica.packages.drop("blink")
        await two.node.sync()
        index = two.replica.packages.tree["index.json"]
        path = "package/6/blink/0.1.0.json"
        async with served(two.node) as at:
            there = await tree_at(at, ["index.json", path])

        assert there == {"index.json": index, path: two.replica.packages.tree[path]}


async def test_globs_narrow_the_tree_and_nothing_leaves_it_out(tmp_path: Path) -> None:
    async with pair(tmp_path, ("gr*",)) as two:
        await two.node.sync()
        narrowed = await names_of(two.node)
        asked = {path.split("/")[2] for path in two.asked if path.startswith("package/")}
        two.node.wishes = replace(two.node.wishes, packages=())
        two.behave()
        await two.node.sync()
        async with served(two.node) as at:
            there = await tree_at(at, ["index.json", GREET])

        assert (narrowed, asked) == (["greet"], {"greet"})
        assert two.asked == []
        assert there == {}
        assert (await content_of(two.node)).packages is None


async def test_what_an_interrupted_run_fetched_is_not_fetched_again(tmp_path: Path) -> None:
    async with pair(tmp_path) as two:
        two.replica.misbehave("/pi/v2/package/py/greet/1.2.0.json", Misbehaviour.BUSY_ABSURDLY)
        first = await two.node.sync()
        fetched = [path for path in two.asked if "greet/1.2.0" not in path]
        two.behave()
        second = await two.node.sync()

        assert [trouble.subject for trouble in first.aside] == ["greet"]
        assert second.aside == ()
        assert set(two.asked).isdisjoint(set(fetched) - {"index.json"})


async def test_a_mirror_of_a_mirror_takes_packages_from_it(tmp_path: Path) -> None:
    async with pair(tmp_path) as two:
        await two.node.sync()
        async with (
            served(two.node) as at,
            node_at(tmp_path / "second", at.url, lineage=8) as second,
        ):
            second.wishes = two.node.wishes
            two.behave()
            outcome = await second.sync()
            async with served(second) as far:
                there = await tree_at(far, list(two.replica.packages.tree))

        assert (outcome.exit_status, outcome.aside) == (0, ())
        assert there == two.replica.packages.tree
        assert two.replica.requests == []


# Two texts whose SHA-256 begin alike.
ALIKE = (b"value = 51216\n", b"value = 92993\n")
DIGITS = "a7e9b080"
ALIKE_FILE = f"file/a7/{DIGITS}"


async def test_two_files_with_the_same_eight_digits_are_refused_by_name(tmp_path: Path) -> None:
    """The first bytes are the only ones that anybody ever gets under these digits."""
    async with pair(tmp_path, ("greet",)) as two:
        packages = two.replica.packages
        packages.tree[ALIKE_FILE] = ALIKE[0]
        packages.rewrite(GREET, hashes=[["value.py", DIGITS]])
        await two.node.sync()
        await two.node.store.blobs.remove(Digest.of(ALIKE[0]))
        packages.tree[ALIKE_FILE] = ALIKE[1]
        outcome = await two.node.sync()
        [trouble] = outcome.aside
        packages.tree[ALIKE_FILE] = ALIKE[0]
        again = await two.node.sync()

        assert trouble.subject == "greet"
        assert DIGITS in trouble.text
        assert not await two.node.store.blobs.has(Digest.of(ALIKE[1]))
        assert again.aside == ()
        assert await two.node.read(Digest.of(ALIKE[0])) == ALIKE[0]


@pytest.mark.long
@needs_real_packages
async def test_the_real_index_is_mirrored_to_the_byte(tmp_path: Path) -> None:
    """All 124 packages, 496 documents and 270 files of upstream."""
    with tarfile.open(REAL) as archive:
        archive.extractall(tmp_path / "real", filter="data")
    async with pair(tmp_path) as two:
        two.replica.packages = PackageStock.in_folder(tmp_path / "real" / "v2")
        outcome = await two.node.sync()
        tree = await find_tree(two.node.store)
        assert tree is not None
        held = {
            name.path.removeprefix("/pi/v2/"): await two.node.read(digest)
            for package in tree.packages.values()
            for name, digest in package.names().items()
        }
        files = all_files(tree.packages.values())
        held |= {f"file/{one[:2]}/{one}": await two.node.read(files[one]) for one in files}
        held["index.json"] = await two.node.read(tree.index)

        assert (outcome.exit_status, outcome.aside) == (0, ())
        assert len(tree.packages) == 124
        assert held == two.replica.packages.tree
