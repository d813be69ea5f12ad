"""A folder that somebody kept: judged as if it were fetched, and never touched."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.kinds import Kind
from mirror.catalog.model import BoardFacts
from mirror.catalog.plan import Policy
from mirror.catalog.values import Digest
from mirror.errors import ConfigurationError
from mirror.formats.verify import MOST_BYTES
from mirror.publication.documents import decode_board, decode_content
from mirror.storage.entries import Decision
from mirror.sync.adopting import Adopted, Adoption, Fate, adopt
from mirror.sync.handing_in import Hands
from tests.replica import Replica
from tests.replica.images import Recipe, make_image
from tests.sync.node import MORNING, node_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sync.node import TestNode

PICO = "RPI_PICO-20260406-v1.28.0.uf2"
OLD = "RPI_PICO-20251209-v1.27.0.uf2"
NOBODY = "http://127.0.0.1:1"


def image(version: str, date: str, *, seed: int = 0) -> bytes:
    """Return an image of the Pico."""
    recipe = Recipe("rp2", "rp2040", "RPI_PICO", None, version, date, Kind.UF2, seed=seed)
    return make_image(recipe)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with two images, one of them in a folder of its own."""
    folder = tmp_path / "kept"
    (folder / "old").mkdir(parents=True)
    (folder / PICO).write_bytes(image("v1.28.0", "2026-04-06"))
    (folder / "old" / OLD).write_bytes(image("v1.27.0", "2025-12-09"))
    return folder


def contents(folder: Path) -> dict[Path, bytes]:
    """Return all images below a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*.uf2")}


def known(board: str) -> BoardFacts:
    """Return what is known of a board without upstream."""
    return BoardFacts(board, page="", product=board, port="rp2", mcu="rp2040")


async def adopted(
    node: TestNode, folder: Path, policy: Policy | None = None
) -> tuple[dict[str, Fate], Adoption]:
    """Adopt *folder*; return what became of each file, and the end."""
    hands = Hands(
        store=node.store,
        sandbox=node.sandbox,
        clock=lambda: node.now,
        upstream=node.url,
        policy=policy or Policy(),
        find_facts=known,
    )
    news = [one async for one in adopt(hands, folder)]
    end = news[-1]
    assert isinstance(end, Adoption)
    return {one.file: one.fate for one in news if isinstance(one, Adopted)}, end


async def test_a_folder_is_adopted_published_and_left_as_it_was(tmp_path: Path, kept: Path) -> None:
    before = contents(kept)
    async with node_at(tmp_path / "data", NOBODY) as node:
        fates, end = await adopted(node, kept)
        files = await node.files()

        assert fates == {PICO: Fate.ADOPTED, f"old/{OLD}": Fate.ADOPTED}
        assert (end.adopted, end.exit_status, end.sequence) == (2, 0, 1)
        assert {name: file.source for name, file in files.items()} == {
            PICO: "adopted",
            OLD: "adopted",
        }
        assert "adopted" in files[PICO].verdict.words
        assert "TLS" not in files[PICO].verdict.words
    assert contents(kept) == before


async def test_what_is_recalled_is_adopted_from_nobody(tmp_path: Path, kept: Path) -> None:
    digest = Digest.of(contents(kept)[kept / PICO])
    recall = Decision(MORNING, "recall", str(digest), "it bricks boards", "ada")
    async with node_at(tmp_path / "data", NOBODY) as node:
        await node.store.ledger.append([recall])
        fates, end = await adopted(node, kept)
        [note] = await node.store.quarantine.notes()

        assert fates == {PICO: Fate.REFUSED, f"old/{OLD}": Fate.ADOPTED}
        assert end.exit_status == 4
        assert (note.digest, note.reasons[0].rule) == (digest, "recalled")
        assert not await node.store.blobs.has(digest)
        assert set(await node.files()) == {OLD}


async def test_a_second_adoption_takes_only_what_is_new(tmp_path: Path, kept: Path) -> None:
    async with node_at(tmp_path / "data", NOBODY) as node:
        await adopted(node, kept)
        (kept / "RPI_PICO-20250911-v1.26.1.uf2").write_bytes(image("v1.26.1", "2025-09-11"))
        head = node.store.ledger.head.number
        _, again = await adopted(node, kept)
        _, third = await adopted(node, kept)

        assert (again.adopted, again.held, again.sequence) == (1, 2, 2)
        assert (third.adopted, third.held, third.sequence) == (0, 3, None)
        assert node.store.ledger.head.number == head + 1


async def test_what_upstream_lists_has_its_url_and_is_fetched_no_more(
    tmp_path: Path, kept: Path
) -> None:
    """And it is never said to have been fetched."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.27.0", date="2025-12-09")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        nothing = Policy(releases=0, previews=0)
        await node.sync(policy=nothing)
        await adopted(node, kept, nothing)
        replica.requests.clear()
        outcome = await node.sync(policy=nothing)
        files = await node.files()

        assert set(files) == {PICO, OLD}
        assert files[PICO].source == f"{url}/resources/firmware/{PICO}"
        assert "not fetched" in files[PICO].verdict.words
        assert (outcome.exit_status, replica.count(PICO)) == (0, 0)


async def test_what_upstream_never_listed_is_never_withdrawn(tmp_path: Path, kept: Path) -> None:
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        (kept / PICO).unlink()
        await adopted(node, kept)
        for _ in range(3):
            node.sleep(days=1)
            await node.sync()
        files = await node.files()

        assert (set(files), files[OLD].withdrawn) == ({PICO, OLD}, None)


async def test_bad_files_are_refused_and_named_and_stop_no_other(
    tmp_path: Path, kept: Path
) -> None:
    (kept / "RPI_PICO-20250911-v1.26.1.uf2").write_bytes(bytes(32768))
    (kept / "ESP32_GENERIC-20260406-v1.28.0.bin").write_bytes(b"<html>404</html>")
    (kept / "RPI_PICO-20250415-v1.25.0.uf2").write_bytes(b"")
    async with node_at(tmp_path / "data", NOBODY) as node:
        fates, end = await adopted(node, kept)

        assert (end.adopted, end.refused, end.exit_status) == (2, 3, 4)
        assert fates["RPI_PICO-20250911-v1.26.1.uf2"] is Fate.REFUSED
        assert set(await node.files()) == {PICO, OLD}
        assert len(await node.store.quarantine.notes()) == 3


async def test_names_of_nobody_are_named_and_left(tmp_path: Path, kept: Path) -> None:
    (kept / "README.txt").write_text("mine", encoding="utf-8")
    async with node_at(tmp_path / "data", NOBODY) as node:
        fates, end = await adopted(node, kept)

        assert fates["README.txt"] is Fate.UNRECOGNISED
        assert (end.unrecognised, end.exit_status) == (1, 0)


async def test_links_are_not_followed_and_pipes_not_waited_for(tmp_path: Path, kept: Path) -> None:
    """Neither to a file nor to a folder, and a name alone makes nothing a file."""
    (kept / PICO).rename(tmp_path / PICO)
    (kept / PICO).symlink_to(tmp_path / PICO)
    (kept / "more").symlink_to(tmp_path)
    os.mkfifo(kept / "RPI_PICO-20250911-v1.26.1.uf2")
    async with node_at(tmp_path / "data", NOBODY) as node:
        fates, end = await adopted(node, kept)

        assert fates == {
            "more": Fate.UNREADABLE,
            PICO: Fate.UNREADABLE,
            "RPI_PICO-20250911-v1.26.1.uf2": Fate.UNREADABLE,
            f"old/{OLD}": Fate.ADOPTED,
        }
        assert end.exit_status == 4


async def test_what_is_too_large_is_refused_unread(tmp_path: Path, kept: Path) -> None:
    with (kept / "RPI_PICO-20250911-v1.26.1.uf2").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    async with node_at(tmp_path / "data", NOBODY) as node:
        fates, _ = await adopted(node, kept)

        assert fates["RPI_PICO-20250911-v1.26.1.uf2"] is Fate.REFUSED
        assert await node.store.quarantine.notes() == []


async def test_the_first_digest_of_a_name_stays(tmp_path: Path, kept: Path) -> None:
    """Other bytes under a known name raise the alarm, whoever brings them."""
    async with node_at(tmp_path / "data", NOBODY) as node:
        await adopted(node, kept)
        first = (await node.files())[PICO].digest
        (kept / PICO).write_bytes(image("v1.28.0", "2026-04-06", seed=1))
        fates, end = await adopted(node, kept)
        [change] = await node.store.index.changes()

        assert (fates[PICO], end.exit_status) == (Fate.REFUSED, 4)
        assert (change.name, change.first) == (PICO, first)
        assert (await node.files())[PICO].digest == first


async def test_a_board_that_is_published_keeps_its_facts_and_offers(
    tmp_path: Path, kept: Path
) -> None:
    """Adopting asks no upstream: what is remembered of its pages stays as it is."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.26.1", date="2025-09-11")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    one = Policy(releases=1)
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await node.sync(policy=one)
        replica.requests.clear()
        await adopted(node, kept / "old", one)
        content = decode_content(await node.read((await node.root()).content))
        document = decode_board(await node.read(content.boards["RPI_PICO"]))

        assert [offer.name for offer in document.on_demand] == ["RPI_PICO-20250911-v1.26.1.uf2"]
        assert [release.version for release in document.releases] == ["v1.28.0", "v1.27.0"]
        assert (document.vendor, replica.requests) == ("Raspberry Pi", [])


async def test_what_is_no_folder_is_a_wrong_argument(tmp_path: Path) -> None:
    async with node_at(tmp_path / "data", NOBODY) as node:
        with pytest.raises(ConfigurationError, match="no folder"):
            await adopted(node, tmp_path / "nothing")
