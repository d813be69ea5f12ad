"""Own builds: judged, kept, published at once, and never mixed with upstream's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.catalog.kinds import Kind
from mirror.catalog.plan import Policy
from mirror.errors import (
    ArtifactNotFoundError,
    ConfigurationError,
    DigestMismatchError,
    MalformedImageError,
)
from mirror.publication.documents import decode_board, decode_content
from mirror.publication.feeds import render_latest
from mirror.publication.query import FeedQuery
from mirror.storage.entries import Decision
from mirror.storage.store import forget_index
from mirror.sync.handing_in import Hands
from mirror.sync.own_builds import Added, OwnBuildWish, add
from mirror.web.app import Serving, make_app
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from tests.replica import Replica
from tests.replica.images import Recipe, make_image
from tests.sync.node import node_at
from tests.web.client import Client

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.publication.documents import BoardDocument
    from tests.sync.node import TestNode

NOBODY = "http://127.0.0.1:1"
PICO = "RPI_PICO-20260406-v1.28.0.uf2"
LAB = "local+RPI_PICO+v1.28.0-lab.3.uf2"
WISH = OwnBuildWish(board="RPI_PICO", version="v1.28.0-lab.3", why="our course", port="rp2")


def image(*, seed: int = 0) -> bytes:
    """Return an image that says another version than the one it is added as."""
    recipe = Recipe("rp2", "rp2040", "RPI_PICO", None, "v1.27.0", "2026-01-01", Kind.UF2, seed=seed)
    return make_image(recipe)


def make(file: Path, data: bytes) -> None:
    """Write a file."""
    file.write_bytes(data)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build of somebody's own."""
    file = tmp_path / "firmware.uf2"
    make(file, image())
    return file


async def added(node: TestNode, path: Path, wish: OwnBuildWish = WISH) -> Added:
    """Add *path* as *wish* says."""
    hands = Hands(
        store=node.store,
        sandbox=node.sandbox,
        clock=lambda: node.now,
        upstream=node.url,
        policy=Policy(),
        find_facts=lambda _board: None,
    )
    return await add(hands, path, wish)


async def document(node: TestNode, board: str = "RPI_PICO") -> BoardDocument:
    """Return what the current publication says of *board*."""
    content = decode_content(await node.read((await node.root()).content))
    return decode_board(await node.read(content.boards[board]))


async def test_an_own_build_is_published_at_once_and_apart(tmp_path: Path, build: Path) -> None:
    async with node_at(tmp_path / "data", NOBODY) as node:
        result = await added(node, build)
        board = await document(node)
        entries = [recorded.entry async for recorded in node.store.ledger.entries()]

        assert result == Added(LAB, new=True, sequence=1)
        assert (board.releases, board.port) == ((), "rp2")
        [release] = board.local
        [file] = release.files
        assert (release.version, file.name, file.source) == ("v1.28.0-lab.3", LAB, "local")
        assert "an own build" in file.verdict.words
        assert [
            (entry.what, entry.subject, entry.why)
            for entry in entries
            if isinstance(entry, Decision)
        ] == [("add", LAB, "our course")]


async def test_a_client_gets_it_by_its_name(tmp_path: Path, build: Path) -> None:
    """Spelled either way: a plus sign in a path is itself."""
    async with node_at(tmp_path / "data", NOBODY) as node:
        await added(node, build)
        app = make_app(node.store, Serving(node=node.store.node.node_id, status=_status))
        sockets = await tcp_sockets("127.0.0.1", 0)
        client = Client(sockets[0].getsockname()[1])
        async with serving(app, sockets):
            plain = await client.get(f"/v1/files/{LAB}")
            escaped = await client.get(f"/v1/files/{LAB.replace('+', '%2B')}")
            feed = await client.get("/v1/feed.json?version=v1.28.0-lab.3")

        assert (plain.status, plain.body) == (200, image())
        assert escaped.body == plain.body
        assert LAB.encode() in feed.body


async def _status() -> bytes:
    return b"{}"


async def test_upstreams_releases_come_first_and_both_stay(tmp_path: Path, build: Path) -> None:
    """What is to be flashed now is upstream's wherever there is one."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        await added(node, build)
        alone = render_latest(await document(node), FeedQuery())
        outcome = await node.sync()
        board = await document(node)
        node.sleep(days=2)
        again = await node.sync()

        assert LAB.encode() in alone
        assert LAB.encode() not in render_latest(board, FeedQuery())
        assert (outcome.exit_status, outcome.wanted) == (0, 1)
        assert set(await node.files()) == {PICO, LAB}
        assert again.message == "complete"
        assert board.local[0].files[0].withdrawn is None


async def test_a_board_of_nobody_is_a_board(tmp_path: Path, build: Path) -> None:
    """It stays, whatever upstream shows, and upstream is not asked for its page."""
    replica = Replica.of("RPI_PICO")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    mine = OwnBuildWish(board="MY_BOARD", version="7", why="ours", port="rp2", variant="X")
    async with replica.running() as url, node_at(tmp_path / "data", url) as node:
        result = await added(node, build, mine)
        for _ in range(3):
            node.sleep(days=1)
            await node.sync()
        board = await document(node, "MY_BOARD")

        assert result.name == "local+MY_BOARD+X+7.uf2"
        assert [file.name for file in board.local[0].files] == [result.name]
        assert (board.port, board.local[0].files[0].variant) == ("rp2", "X")
        assert replica.count("MY_BOARD") == 0


async def test_a_name_is_given_once(tmp_path: Path, build: Path) -> None:
    """The same bytes again change nothing, others are refused."""
    async with node_at(tmp_path / "data", NOBODY) as node:
        await added(node, build)
        head = node.store.ledger.head
        again = await added(node, build)
        same_head = node.store.ledger.head
        other = tmp_path / "other.uf2"
        make(other, image(seed=1))
        with pytest.raises(DigestMismatchError, match="the first bytes stay"):
            await added(node, other)

        assert (again, same_head) == (Added(LAB, new=False, sequence=None), head)


async def test_a_broken_build_is_refused(tmp_path: Path, build: Path) -> None:
    make(build, image()[:-100])
    async with node_at(tmp_path / "data", NOBODY) as node:
        with pytest.raises(MalformedImageError):
            await added(node, build)

        assert await node.store.publications.current() is None
        assert len(await node.store.quarantine.notes()) == 1


async def test_a_build_for_another_port_is_refused(tmp_path: Path, build: Path) -> None:
    other = OwnBuildWish(board="RPI_PICO", version="1", why="a slip", port="samd")
    async with node_at(tmp_path / "data", NOBODY) as node:
        with pytest.raises(MalformedImageError, match="port rp2, not samd"):
            await added(node, build, other)


@pytest.mark.parametrize(
    "wish",
    [
        OwnBuildWish(board="../etc", version="1", why="x"),
        OwnBuildWish(board="A", version="1/2", why="x"),
        OwnBuildWish(board="A", version="1", why=" "),
        OwnBuildWish(board="A", version="1", why="x", kind="exe"),
        OwnBuildWish(board="A+B", version="1", why="x"),
    ],
)
async def test_wishes_that_can_not_be_are_told(
    tmp_path: Path, build: Path, wish: OwnBuildWish
) -> None:
    async with node_at(tmp_path / "data", NOBODY) as node:
        with pytest.raises(ConfigurationError):
            await added(node, build, wish)


async def test_own_builds_survive_the_loss_of_the_database(tmp_path: Path, build: Path) -> None:
    async with node_at(tmp_path / "data", NOBODY) as node:
        await added(node, build)
        before = await node.root()
    await forget_index(tmp_path / "data")
    async with node_at(tmp_path / "data", NOBODY) as node:
        again = await added(node, build)

        assert (again.new, again.sequence, await node.root()) == (False, None, before)


async def test_filters_choose_among_own_builds_too(tmp_path: Path, build: Path) -> None:
    async with node_at(tmp_path / "data", NOBODY) as node:
        await added(node, build)
        board = await document(node)
        with pytest.raises(ArtifactNotFoundError):
            render_latest(board, FeedQuery(kinds=(Kind.BIN,)))

        assert FeedQuery(kinds=(Kind.UF2,), limit=1).narrow(board) == board
