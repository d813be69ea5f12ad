"""`serve.py` alone answers a room as the daemon would, and refuses what it can not believe."""

from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from mirror.transfer.bundles.exporting import Request, plan_export, stream_export
from mirror.transfer.bundles.writing import write_bundle
from mirror.transfer.receipts import make_receipt
from mirror.transfer.stick.building import build_server
from mirror.transfer.stick.opened import Bundle, Medium, RefusedError
from mirror.transfer.stick.shelf import Shelf
from tests.replica import Replica
from tests.sync.node import MORNING, WISHES, TestNode
from tests.transfer.bundles.forging import Parts
from tests.transfer.bundles.gap import Seal, exported, imported, receiver_at, sender_at
from tests.transfer.keys.samples import key
from tests.web.client import Client
from tests.web.conftest import served
from tests.web.test_conditions import CONDITIONAL, RANGES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.web.client import Got

HERE: Final = "http://192.0.2.7:8080"
KEY: Final = key().public.line
FILE: Final = "RPI_PICO-20260406-v1.28.0.uf2"
#: Fields that say something of the bytes, and must be the same from both.
SAID: Final = (
    *("etag", "content-type", "content-length", "content-range", "content-disposition"),
    *("accept-ranges", "last-modified", "cache-control", "x-sha256", "x-md5"),
    *("x-firmware-version", "x-flash-offset", "x-content-type-options", "location"),
    *("content-security-policy", "access-control-allow-origin"),
)


@dataclass(frozen=True)
class Stick:
    """A stick: a bundle with all it takes to serve it, and the node that made it."""

    folder: Path
    node: TestNode

    @property
    def bundle(self) -> Path:
        """The bundle."""
        return self.folder / "lab.mpb"

    @property
    def server(self) -> Path:
        """The program."""
        return self.folder / "serve.py"

    def shelf(self) -> Shelf:
        """What the program has of the bundle."""
        return Shelf(Bundle(Medium([self.bundle]), KEY), HERE)


@asynccontextmanager
async def stick_at(folder: Path, **wishes: Any) -> AsyncIterator[Stick]:  # noqa: ANN401 - fields of the wishes
    """Mirror a small site, and export it with its server."""
    replica = Replica.of("RPI_PICO", "ESP32_GENERIC")
    replica.release("RPI_PICO", "v1.28.0", date="2026-04-06")
    replica.release("ESP32_GENERIC", "v1.28.0", date="2026-04-06")
    stick = folder / "stick"
    await asyncio.to_thread(stick.mkdir)
    async with replica.running() as url, sender_at(folder / "a", url) as node:
        node.store = replace(node.store, public_url=HERE)
        node.wishes = replace(WISHES, **wishes)
        await node.sync()
        export = await plan_export(node.store, Seal(), Request(server=True))
        await write_bundle(node.store, export, stick / "lab.mpb", None, lambda _done, _all: None)
        server = export.extras["serve.py"]
        assert isinstance(server, bytes)
        await asyncio.to_thread((stick / "serve.py").write_bytes, server)
        yield Stick(stick, node)


@asynccontextmanager
async def running(stick: Stick) -> AsyncIterator[Client]:
    """Run the program as somebody in a lab does, with no module of ours in reach."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "serve.py", "lab.mpb", KEY),
        *("--listen", "127.0.0.1:0", "--url", HERE),
        cwd=stick.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        while b"listens on" not in (line := await process.stdout.readline()):
            assert line, "it ended"
        yield Client(int(line.decode().rpartition(":")[2]))
    finally:
        process.kill()
        await process.communicate()


def told(got: Got) -> tuple[int, bytes, dict[str, str]]:
    """Return what must be the same from both."""
    return got.status, got.body, {name: got.fields[name] for name in SAID if name in got.fields}


async def test_it_answers_as_the_daemon_does(tmp_path: Path) -> None:
    """Every path that it has, byte for byte; and every case of conditions and ranges.

    The same tables as the daemon's own are asked of both.
    """
    async with (
        stick_at(tmp_path, packages=("*",), photographs=True) as stick,
        served(stick.node.store) as daemon,
        running(stick) as client,
    ):
        shelf = stick.shelf()
        blob = shelf.artifacts[FILE].sha256
        paths = [
            *shelf.paths,
            *(f"/v1/files/{name}" for name in shelf.artifacts),
            *(f"/resources/firmware/{name}" for name in shelf.artifacts),
            f"/resources/firmware/{FILE}.sha256",
            f"/v1/blobs/sha256:{blob}",
        ]
        for path in paths:
            for method in ("GET", "HEAD"):
                theirs = await daemon.client.get(path, method)
                ours = await client.get(path, method)
                assert (path, told(ours)) == (path, told(theirs))
        for path, etag in ((f"/v1/files/{FILE}", blob), ("/v1/boards.json", "")):
            for fields in cases(etag or (await client.get(path)).fields["etag"].strip('"')):
                theirs = await daemon.client.get(path, **fields)
                ours = await client.get(path, **fields)
                assert (path, fields, told(ours)) == (path, fields, told(theirs))

    assert {"/v1/feed.json", "/v1/boards.json", "/pi/v2/index.json", "/download/"} <= set(paths)
    assert any(path.startswith("/thonny/") for path in paths)
    assert any(path.startswith("/resources/micropython-media/") for path in paths)


def cases(etag: str) -> list[dict[str, str]]:
    """Return the header fields of each case of the daemon's tables, with this ETag."""
    found = [{"Range": text} for text, _ in RANGES if text.isascii() and text]
    for conditions, _ in CONDITIONAL:
        given = {
            "If_Match": conditions.if_match,
            "If_None_Match": conditions.if_none_match,
            "If_Range": conditions.if_range,
            "Range": conditions.range,
        }
        found.append({name: x.replace("abc", etag) for name, x in given.items() if x is not None})
    return found


async def test_it_refuses_what_is_not_there_and_what_would_change_anything(tmp_path: Path) -> None:
    """With a body for people and an empty one where a client may store it as firmware."""
    async with stick_at(tmp_path) as stick, running(stick) as client:
        nowhere = await client.get("/v1/files/NOTHING-20260406-v1.28.0.uf2")
        above = await client.get("/../../etc/passwd")
        other = await client.get("/v1/boards/NOBODY.json")
        posted = await client.get(f"/v1/files/{FILE}", "POST")
        filtered = await client.get("/v1/feed.json?board=RPI_PICO")
        alive = await client.get("/healthz")

    assert (nowhere.status, nowhere.body) == (404, b"")
    assert (above.status, other.status) == (404, 404)
    assert posted.status == 405
    assert filtered.status == 400
    assert alive.body == b"alive\n"


async def test_damage_is_answered_with_nothing(tmp_path: Path) -> None:
    """A flipped byte of one file: that one is 503, the others are served; touched, none is."""
    async with stick_at(tmp_path) as stick:
        shelf = stick.shelf()
        start, _ = shelf.bundle.places[shelf.artifacts[FILE].sha256]
        data = bytearray(stick.bundle.read_bytes())
        data[start] ^= 1
        stick.bundle.write_bytes(data)
        other = next(name for name in shelf.artifacts if name != FILE)
        async with running(stick) as client:
            damaged = await client.get(f"/v1/files/{FILE}")
            sound = await client.get(f"/v1/files/{other}")
            stick.bundle.write_bytes(bytes(data) + b"\0")
            touched = await client.get(f"/v1/files/{other}")

    assert (damaged.status, damaged.body) == (503, b"")
    assert sound.status == 200
    assert (touched.status, touched.body) == (503, b"")


async def test_it_serves_no_bundle_that_it_can_not_believe(tmp_path: Path) -> None:
    """Of another key, changed, signed as something else, or with what is new only."""
    async with stick_at(tmp_path) as stick:
        sound = stick.bundle.read_bytes()
        base = (await stick.node.root()).content
        delta = await exported(stick.node, base=base, server=True)
        parts = Parts.of(sound)
        flipped = bytearray(sound)
        flipped[600] ^= 1
        attacks = {
            "another key": (sound, key(2).public.line),
            "wrong": (bytes(flipped), KEY),
            "cut|damaged": (sound[:3000], KEY),
            "a key is one line|begins with RW": (sound, "RWgarbage"),
            "what is new": (delta, KEY),
            "newer mpmirror": (
                replace(parts, manifest=replace(parts.manifest, critical=("x",))).sealed(),
                KEY,
            ),
        }
        for sentence, (data, line) in attacks.items():
            stick.bundle.write_bytes(data)
            with pytest.raises(RefusedError, match=sentence):
                Shelf(Bundle(Medium([stick.bundle]), line), HERE)


async def test_it_reads_volumes_in_any_order_and_names_those_that_are_missing(
    tmp_path: Path,
) -> None:
    async with stick_at(tmp_path) as stick:
        export = await plan_export(stick.node.store, Seal(), Request(server=True))
        written = await write_bundle(
            stick.node.store, export, stick.folder / "v.mpb", 65_536, lambda _done, _all: None
        )
        whole = stick.shelf()
        paths = list(written.files)[::-1]
        split = Shelf(Bundle(Medium(paths), KEY), HERE)
        with pytest.raises(RefusedError, match=r"missing: 2$"):
            Medium([path for path in paths if path.suffix != ".002"])

    assert len(paths) > 2
    assert {path: one.sha256 for path, one in split.paths.items()} == {
        path: one.sha256 for path, one in whole.paths.items()
    }


async def test_the_receipt_names_its_digest_and_nothing_of_it_is_taken_in(tmp_path: Path) -> None:
    """The far side imports such a bundle like any other."""
    async with stick_at(tmp_path) as stick, receiver_at(tmp_path / "b") as there:
        export = await plan_export(stick.node.store, Seal(), Request(server=True))
        bundle = b"".join([x async for x in stream_export(stick.node.store, export)])
        done = await imported(there, tmp_path / "b", bundle)
        receipt = make_receipt(done, "0" * 32, MORNING)
        expected = next(one for one in export.manifest.extras if one.path == "serve.py")
        stays = [await there.store.blobs.has(one.piece.digest) for one in export.manifest.extras]

    assert receipt.server == expected.sha256
    assert not any(stays)
    assert all(one.new for one in done.judged)
    assert done.committed is not None
    assert not done.committed.derived


def test_it_is_one_file_for_any_python_from_3_8_on() -> None:
    """By its syntax and its imports; the same every time."""
    text = build_server().decode()
    tree = ast.parse(text, feature_version=(3, 8))
    imported_names = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        (node.module or "").partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]

    assert imported_names <= sys.stdlib_module_names
    assert "mirror" not in imported_names
    assert len(defined) == len(set(defined))
    assert build_server().decode() == text


def test_it_says_what_it_wants() -> None:
    """Without a key nothing is served: there is none to be found on a stick."""
    ended = subprocess.run(
        [sys.executable, "-I", "-", "lab.mpb"],
        input=build_server(),
        capture_output=True,
        check=False,
    )

    assert ended.returncode == 2
    assert b"key" in ended.stderr


def test_a_bundle_that_is_not_there_is_named(tmp_path: Path) -> None:
    """As people say it, and not as the system numbers it."""
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", "-", "nope.mpb", KEY, "--listen", "127.0.0.1:0"],
        input=build_server(),
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )

    assert (ended.returncode, ended.stderr) == (
        4,
        b"serve.py: nope.mpb: No such file or directory\n",
    )
